#!/usr/bin/env python3
"""User agents that come back to the example edge proxy by themselves. baresip waits 30 to 60 s before it does."""

import subprocess
import sys

sys.dont_write_bytecode = True

from edge_proxy_lab import CORE, EdgeProxyCase  # noqa: E402
from harness import eventually, main  # noqa: E402

RECOVERY = 150  # seconds; with the keep-alive that finds out, and a busy machine


class BrokerRestartTest(EdgeProxyCase):
    def test_after_a_restart_of_the_broker_tokens_are_known_and_their_flows_gone(self):  # E3, E4
        alice = self.start_user()
        tokens = [self.token(edge) for edge in self.edges]
        for edge in self.edges:
            self.home.cut(edge)
        self.restart(*self.flags)
        verdicts = [self.broker.flowctl("verify", "--", token).json for token in tokens]
        self.assertEqual([one["state"] for one in verdicts], ["TOKEN_STATE_GONE"] * 2)
        self.assertEqual(self.ask_core(f"<sip:{tokens[0]}@{CORE};lr>"), 430)
        self.home.mend()
        for reg_id in (1, 2):
            alice.await_registered(reg_id, times=2, patience=RECOVERY)
        self.call()


class NatRebindingTest(EdgeProxyCase):
    def test_the_nat_forgets_its_mappings_and_the_user_agent_comes_back(self):  # B3, B4, E4
        alice = self.start_user()
        self.call()
        primary = alice.received("INVITE ")[0]
        token = self.token(primary)
        self.home.rebind(primary)
        self.call()  # meanwhile over the other flow
        self.assertEqual(alice.received("INVITE ")[1:], [self.other(primary)])
        self.assertTrue(eventually(lambda: self.broker.flowctl("verify", "--", token).json["state"] == "TOKEN_STATE_GONE"))
        alice.await_registered(1 + self.edges.index(primary), times=2, patience=RECOVERY)
        self.assertNotEqual(self.token(primary), token)
        self.lose(self.other(primary))
        self.call()
        self.assertEqual(alice.received("INVITE ")[2:], [primary])


class NatRebindingOverUdpTest(NatRebindingTest):
    transport = "udp"


def main_at_once():
    """A process per class, as each mostly waits; exit code of the worst."""
    names = [one.__name__ for one in (BrokerRestartTest, NatRebindingTest, NatRebindingOverUdpTest)]
    runs = [subprocess.Popen([sys.executable, __file__, name]) for name in names]
    sys.exit(max((run.wait() for run in runs), key=abs))  # below zero: ended by a signal


if __name__ == "__main__":
    main() if len(sys.argv) > 1 else main_at_once()
