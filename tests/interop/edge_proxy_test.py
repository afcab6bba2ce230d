#!/usr/bin/env python3
"""The example edge proxy between real user agents and a real registrar: calls over the right flow (RFC 5626)."""

import sys

sys.dont_write_bytecode = True

from edge_proxy_lab import CORE, EDGES, EdgeProxyCase, other  # noqa: E402
from harness import eventually, main  # noqa: E402


class EdgeProxyTest(EdgeProxyCase):
    def test_a_call_comes_in_over_the_flow_of_the_user_agent(self):  # E1, E5, O2
        alice = self.start_user()
        self.call()
        self.assertEqual(len(alice.received("INVITE ")), 1)
        self.assertIn(alice.received("INVITE ")[0], EDGES)
        self.assertEqual(alice.received("BYE "), alice.received("INVITE "))

    def test_the_broker_knows_who_has_registered(self):  # B1, B2, B4
        self.assertEqual(self.bound_flows(), [])
        self.start_user()
        self.assertEqual(sorted(self.bound_flows()), sorted(map(self.edge_flow, EDGES)))
        self.lose(EDGES[0])
        self.assertEqual(self.bound_flows(), [self.edge_flow(EDGES[1])])

    def test_a_call_takes_the_other_flow_when_the_primary_has_ended(self):  # B3, B4, E4
        alice = self.start_user()
        self.call()
        primary = alice.received("INVITE ")[0]
        self.lose(primary)
        self.call()
        self.assertEqual(alice.received("INVITE ")[1:], [other(primary)])

    def test_a_user_agent_that_starts_again_is_reached_over_its_new_flows(self):  # O1, O2, B2, B3
        alice = self.start_user()
        alice.stop()
        alice = self.start_user()
        self.call()
        self.assertEqual(len(alice.received("INVITE ")), 1)

    def test_a_call_takes_the_other_flow_when_the_primary_is_silent(self):  # B3
        alice = self.start_user()
        self.call()
        primary = alice.received("INVITE ")[0]
        self.home.cut(primary)
        self.call()
        self.assertEqual(alice.received("INVITE ")[1:], [other(primary)])

    def test_a_forged_token_is_refused(self):  # E4
        self.start_user()
        token = self.token(EDGES[0])
        forged = ("B" if token[0] == "A" else "A") + token[1:]
        self.assertEqual(self.ask_edge(f"<sip:{token}@{CORE};transport=tcp;lr>"), 200)
        self.assertEqual(self.ask_edge(f"<sip:{forged}@{CORE};transport=tcp;lr>"), 403)
        self.assertEqual(self.ask_edge(f"<sip:{CORE};lr>"), 403)
        self.assertEqual(self.ask_edge(f"<sip:{token}@192.0.2.99;lr>"), 404)

    def test_one_user_agent_calls_another(self):
        alice = self.start_user()
        bob = self.start_user("bob", port=4445)
        alice.tell("dial", "sip:bob@example.test")
        self.assertTrue(eventually(lambda: "Call established" in alice.said()), alice.said())
        bob.tell("hangup")
        self.assertTrue(eventually(lambda: alice.received("BYE ")), alice.said())
        self.assertEqual(len(bob.received("INVITE ")), 1)


if __name__ == "__main__":
    main()
