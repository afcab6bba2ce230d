#!/usr/bin/env python3
"""An edge that belongs to one tenant: for another one its flows, tokens and bindings do not exist. On this host, with
real sockets and certificates."""

import datetime
import socket

import flowbroker
from flowbroker import BindingChange, TokenState
from harness import PATIENCE, eventually
from local_daemon import main
from tenant import ALICE, BOB, TenantCase
from user_agent import AOR, INSTANCE, Application, DatagramUserAgent, StreamUserAgent


class EdgeTenantTest(TenantCase):
    def serve(self, transport, *flags):
        super().serve("--edge-listen", f"{transport}:127.0.0.1:0", "--edge-tenant", ALICE,
                      "--egress-allow", "127.0.0.0/8", *flags)
        self.edge = self.daemon.places["edge"].removeprefix(f"{transport}:")
        self.alice, self.bob = (Application(self, self.client(name)) for name in ("alice", "bob"))

    def register(self, user_agent, branch="z9hG4bK-1"):
        user_agent.request("REGISTER", branch)
        return self.alice.next()

    def assert_only_its_tenant_reaches(self, user_agent):
        """What the user agent sends comes to alice, though bob listens in the same client group."""
        messages = [self.register(user_agent, f"z9hG4bK-{number}") for number in range(10)]
        flow_id, token = messages[0].flow_id, messages[0].origin.token
        self.assertEqual({one.flow_id for one in messages}, {flow_id})
        self.assertEqual([one.tenant for one in self.alice.client.list_flows()], [ALICE])
        self.assertEqual(self.bob.client.list_flows(), [])
        self.assertEqual(self.alice.client.mint_token(flow_id), token)
        bob = self.bob.client
        for call in (bob.mint_token, self.bob.bind, bob.get_flow, bob.close_flow):
            with self.assertRaises(flowbroker.NotFound):
                call(flow_id)
        live, gone = (TokenState.LIVE, None, flow_id), (TokenState.GONE, 430, "")
        for client, expected in ((self.alice.client, live), (bob, gone), (self.operator(), live)):
            verdict = client.verify_token(token)
            self.assertEqual((verdict.state, verdict.sip_status, verdict.flow_id), expected)
        self.assertEqual(self.alice.lookup(), [], "the Bind that was refused left nothing")

    def test_a_flow_over_tcp_and_its_token_are_those_of_the_tenant_of_the_edge(self):  # E1, E4, E5
        self.serve("tcp")
        self.assert_only_its_tenant_reaches(StreamUserAgent(self))

    def test_a_flow_over_udp_and_its_token_are_those_of_the_tenant_of_the_edge(self):  # N1, E1, E4, E5
        self.serve("udp")
        self.assert_only_its_tenant_reaches(DatagramUserAgent(self))

    def test_a_bare_flow_id_is_no_token_for_another_tenant(self):  # E2, E4
        self.serve("tcp", "--edge-token-algorithm", "1")
        token = self.register(StreamUserAgent(self)).origin.token
        self.assertEqual(self.alice.verify(token).state, TokenState.LIVE)
        verdict = self.bob.verify(token)
        self.assertEqual((verdict.state, verdict.sip_status), (TokenState.GONE, 430))
        self.assertEqual((verdict.flow_id, verdict.remote), ("", None), "nor is told anything of it")

    def test_bindings_of_another_tenant_are_neither_found_nor_watched_nor_taken_out(self):  # B1, B3
        self.serve("tcp")
        flow_id = self.register(StreamUserAgent(self)).flow_id
        watch = self.bob.client.watch_bindings()
        self.addCleanup(watch.close)
        self.alice.bind(flow_id)
        unbind = self.bob.client.unbind
        self.assertEqual(self.bob.lookup(), [])
        self.assertEqual(unbind(AOR) + unbind(AOR, instance_id=INSTANCE, reg_id=1), 0)
        self.assertEqual(self.bob.bind("", contact="*", expires=datetime.timedelta()), [])
        self.assertEqual([one.binding.flow_id for one in self.alice.lookup()], [flow_id])

        own = self.flow_of_bob()
        bound = self.bob.bind(own)
        self.assertEqual([one.change for one in bound], [BindingChange.BOUND], "the same AOR, instance and reg-id")
        self.assertEqual([one.binding.flow_id for one in self.bob.lookup()], [own])
        self.assertEqual([one.binding.flow_id for one in self.alice.lookup()], [flow_id])
        first = watch.receive(PATIENCE)
        self.assertEqual((first.change, first.binding.flow_id), (BindingChange.BOUND, own), "nothing of alice's before")
        self.assertEqual(unbind(AOR), 1)
        self.assertEqual(len(self.alice.lookup()), 1)

    def test_a_flow_that_ends_takes_the_bindings_of_its_tenant_only(self):  # B4
        self.serve("tcp")
        user_agent = StreamUserAgent(self)
        self.alice.bind(self.register(user_agent).flow_id)
        own = self.flow_of_bob()
        self.bob.bind(own)
        user_agent.socket.close()
        self.assertTrue(eventually(lambda: not self.alice.lookup()))
        self.assertEqual([one.binding.flow_id for one in self.bob.lookup()], [own])

    def flow_of_bob(self):
        """A flow that the other tenant has acquired."""
        peer = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(peer.close)
        flow = self.bob.client.acquire("sip:{}:{};transport=tcp".format(*peer.getsockname()))
        self.assertEqual(self.bob.client.get_flow(flow.flow_id).tenant, BOB)
        return flow.flow_id


if __name__ == "__main__":
    main()
