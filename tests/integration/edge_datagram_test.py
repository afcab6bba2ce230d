#!/usr/bin/env python3
"""User agents that reach the broker's edge over UDP, one datagram a message: flows, tokens and bindings without
connections. On this host, with real sockets."""

import select
import socket

import flowbroker
from flowbroker import BindingChange, TokenState
from harness import PATIENCE, eventually
from local_daemon import main
from user_agent import AOR, STUN, STUN_420, UNKNOWN_ATTRIBUTE, WRONG_FINGERPRINT, EdgeCase, mapped_address
from user_agent import DatagramUserAgent as UserAgent

OK = ("SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP {0};branch={1}\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>;tag=2\r\n"
      "Call-ID: call-1\r\nCSeq: 1 REGISTER\r\nContent-Length: 0\r\n\r\n")


class EdgeDatagramTest(EdgeCase):
    transport = "udp"

    def test_a_user_agent_registers_and_is_reached_from_the_very_same_address_and_port(self):  # N1, E1, E5, B1, B2
        self.serve()
        user_agent = UserAgent(self, connected=False)
        message = self.register(user_agent)
        origin = message.origin
        self.assertTrue(message.message.startswith(b"REGISTER "))
        self.assertTrue(origin.listener.startswith("udp:127.0.0.1:"))
        self.assertEqual((str(origin.remote.address), origin.remote.port), user_agent.local)
        self.assertEqual(len(origin.token), 32)
        self.assertFalse(origin.states_other_address)
        self.application.send(message.flow_id, OK.format("p", "z9hG4bK-reg-1"))
        answer, source = user_agent.receive()
        self.assertTrue(answer.startswith(b"SIP/2.0 200 "))
        self.assertEqual(source, user_agent.edge)

        bound = self.application.bind(message.flow_id, path=f"<sip:{origin.token}@127.0.0.1;lr>")
        self.assertEqual([one.change for one in bound], [BindingChange.BOUND])
        target = self.application.lookup()[0].binding
        verdict = self.application.verify(target.path[0].partition(":")[2].partition("@")[0])
        self.assertEqual((verdict.state, verdict.flow_id), (TokenState.LIVE, message.flow_id))
        self.assertEqual(self.application.client.mint_token(message.flow_id), origin.token)
        self.application.send(verdict.flow_id, "INVITE sip:alice@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP p;branch=z9hG4bKi\r\n"
                              "From: <sip:b@b>;tag=2\r\nTo: <sip:a@a>\r\nCall-ID: c2\r\nCSeq: 1 INVITE\r\n"
                              "Content-Length: 0\r\n\r\n")
        invite, source = user_agent.receive()
        self.assertTrue(invite.startswith(b"INVITE sip:alice@192.0.2.1 "))
        self.assertEqual(source, user_agent.edge)
        user_agent.send("SIP/2.0 180 Ringing\r\nVia: SIP/2.0/UDP p;branch=z9hG4bKi\r\nFrom: <sip:b@b>;tag=2\r\n"
                        "To: <sip:a@a>;tag=9\r\nCall-ID: c2\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n")
        self.assertTrue(self.application.next().message.startswith(b"SIP/2.0 180 "))

    def test_over_ipv6_the_same(self):  # N1, E3: 64 characters
        self.serve(address="[::1]")
        user_agent = UserAgent(self, "::1", connected=False)
        message = self.register(user_agent, branch="z9hG4bK-6")
        self.assertEqual(len(message.origin.token), 64)
        self.assertEqual(self.application.verify(message.origin.token).flow_id, message.flow_id)
        self.application.send(message.flow_id, OK.format("p", "z9hG4bK-6"))
        self.assertEqual(user_agent.receive()[1], user_agent.edge)

    def test_many_user_agents_have_a_flow_each_whichever_shard_they_come_to(self):  # N1
        self.serve("--shards", "3")
        user_agents = [UserAgent(self) for _ in range(60)]
        flows = {}
        for number, user_agent in enumerate(user_agents):
            flows[self.register(user_agent, f"z9hG4bK-{number}").flow_id] = (number, user_agent)
        self.assertEqual(len(flows), 60)
        self.assertEqual(sorted(self.flow_ids()), sorted(flows))
        for flow_id, (number, user_agent) in flows.items():
            self.application.send(flow_id, OK.format("p", f"z9hG4bK-{number}"))
            self.assertIn(f"z9hG4bK-{number}\r\n".encode(), user_agent.receive()[0])
            again = self.register(user_agent, f"z9hG4bK-again-{number}")
            self.assertEqual(again.flow_id, flow_id, "it stays with its flow")
            shown = self.application.client.get_flow(flow_id)
            self.assertEqual((shown.remote.port, shown.messages_received, shown.messages_sent), (user_agent.local[1], 2, 1))

    def test_stun_is_answered_to_anybody_and_makes_no_flow(self):  # E6, N4, RFC 8489 section 6.3.1
        self.serve()
        user_agent = UserAgent(self)
        user_agent.send(STUN)
        answer, _ = user_agent.receive()
        self.assertEqual(answer[:2] + answer[4:20], b"\x01\x01" + STUN[4:])
        self.assertEqual(mapped_address(answer), user_agent.local)
        self.assertEqual(self.flow_ids(), [])
        user_agent.send(UNKNOWN_ATTRIBUTE)
        self.assertEqual(user_agent.receive()[0], STUN_420)
        for nonsense in (WRONG_FINGERPRINT, b"\x00", b"\x00\x01", STUN[:19], STUN + b"x", b"\x01\x01" + STUN[2:],
                         b"\x00\x11" + STUN[2:], STUN[:2] + b"\xff\xff" + STUN[4:]):
            user_agent.send(nonsense)
        self.assertTrue(user_agent.hears_nothing())

    def test_nothing_but_a_request_of_a_stranger_makes_a_flow_or_is_answered(self):
        self.serve()
        user_agent = UserAgent(self)
        for nonsense in (b"", b"\r\n\r\n", b"\r\n", b"hello", b"\xff" * 1400, b"REGISTER sip:a SIP/2.0\r\n\r\n",
                         b"GET / HTTP/1.1\r\n\r\n", OK.format("p", "z9hG4bK-x").encode(),
                         b"REGISTER sip:a SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\r\nCall-ID: a\r\nCSeq: 1 REGISTER\r\n"
                         b"Content-Length: 10\r\n\r\nshort"):
            user_agent.send(nonsense)
        self.assertTrue(user_agent.hears_nothing())
        self.assertEqual(self.flow_ids(), [])
        self.assertEqual(self.register(user_agent).message[:9], b"REGISTER ")

    def test_an_address_that_is_not_the_senders_is_noticed(self):  # N3
        self.serve()
        user_agent = UserAgent(self)
        for sent_by, other in (("192.168.1.7:5060", True), (f"127.0.0.1:{user_agent.local[1] ^ 1}", True), (None, False)):
            user_agent.request("REGISTER", f"z9hG4bK-{other}-{sent_by}", sent_by=sent_by)
            self.assertEqual(self.application.next().origin.states_other_address, other, sent_by)

    def test_the_silent_one_without_a_binding_goes_and_the_bound_one_stays(self):
        self.serve("--edge-datagram-idle", "1s")
        bound, silent = UserAgent(self), UserAgent(self)
        kept, token = self.register(bound, "z9hG4bK-b").flow_id, self.register(silent, "z9hG4bK-s").origin.token
        self.application.bind(kept)
        self.assertTrue(eventually(lambda: self.flow_ids() == [kept]))
        verdict = self.application.verify(token)
        self.assertEqual((verdict.state, verdict.sip_status), (TokenState.GONE, 430))  # E4
        with self.assertRaises(flowbroker.NotFound):
            self.application.bind("A" * 22)

    def test_a_flow_that_is_closed_takes_its_bindings_along(self):  # B4, E4
        self.serve()
        user_agent = UserAgent(self)
        message = self.register(user_agent)
        self.application.bind(message.flow_id)
        self.application.client.close_flow(message.flow_id)
        self.assertEqual(self.application.lookup(), [])
        self.assertEqual(self.application.verify(message.origin.token).state, TokenState.GONE)
        again = self.register(user_agent, "z9hG4bK-2")
        self.assertNotEqual(again.flow_id, message.flow_id)
        self.assertEqual(again.origin.token, message.origin.token, "same addresses, same token")

    def test_icmp_ends_the_flow_and_its_bindings(self):  # B4
        self.serve()
        gone, stays = UserAgent(self), UserAgent(self)
        message, other = self.register(gone), self.register(stays, "z9hG4bK-2")
        third = "sip:third@example.org"
        for flow_id, aor in ((message.flow_id, AOR), (message.flow_id, third),
                             (other.flow_id, "sip:other@example.org")):
            self.application.bind(flow_id, aor=aor)
        gone.socket.close()
        self.application.send(message.flow_id, OK.format("p", "z9hG4bK-reg-1"))
        self.assertTrue(eventually(lambda: not self.application.lookup()))
        self.assertEqual(self.application.lookup(third), [], "whatever the AOR")
        self.assertEqual(self.flow_ids(), [other.flow_id])
        self.application.send(other.flow_id, OK.format("p", "z9hG4bK-2"))
        self.assertTrue(stays.receive()[0].startswith(b"SIP/2.0 200 "))
        self.assertEqual(len(self.application.lookup("sip:other@example.org")), 1)

    def test_flow_events_tell_of_bound_flows_only(self):
        self.serve()
        watch = self.application.client.watch_flows()
        self.addCleanup(watch.close)
        bound, unbound = UserAgent(self), UserAgent(self)
        flow_id, other = self.register(bound).flow_id, self.register(unbound, "z9hG4bK-2").flow_id
        self.application.bind(flow_id)
        self.application.bind(flow_id)
        self.application.client.close_flow(other)
        self.application.client.close_flow(flow_id)
        kinds = [(event.kind.name, event.flow.flow_id) for event in (watch.receive(PATIENCE) for _ in range(2))]
        self.assertEqual(kinds, [("OPENED", flow_id), ("CLOSED", flow_id)])

    def test_a_nat_that_takes_another_port_makes_another_flow_and_the_binding_follows(self):  # N1, N5, B2
        self.serve()
        before, after = UserAgent(self), UserAgent(self)
        old = self.register(before).flow_id
        self.application.bind(old)
        new = self.register(after, "z9hG4bK-2").flow_id
        self.assertNotEqual(old, new)
        bound = self.application.bind(new)
        self.assertEqual([one.change for one in bound], [BindingChange.REPLACED])
        self.assertEqual([target.binding.flow_id for target in self.application.lookup()], [new])

    def test_after_a_restart_the_next_registrations_fill_it_again(self):  # N2, N5, E3
        keys = self.write("keys", "7 000102030405060708090a0b0c0d0e0f10111213\n")
        self.serve("--edge-token-keys-file", keys)
        user_agent = UserAgent(self)
        before = self.register(user_agent)
        self.application.bind(before.flow_id)
        self.stop_all()
        self.serve("--edge-token-keys-file", keys, port=user_agent.edge[1])
        self.assertEqual(self.application.lookup(), [])
        self.assertEqual(self.application.verify(before.origin.token).state, TokenState.GONE)
        after = self.register(user_agent, "z9hG4bK-2")
        self.application.bind(after.flow_id)
        verdict = self.application.verify(before.origin.token)
        self.assertEqual((verdict.state, verdict.flow_id), (TokenState.LIVE, after.flow_id), "same addresses, same token")
        self.assertEqual([target.binding.flow_id for target in self.application.lookup()], [after.flow_id])

    def test_a_drain_lets_no_stranger_in_and_keeps_those_there(self):
        self.serve()
        user_agent = UserAgent(self)
        flow_id = self.register(user_agent).flow_id
        self.assertIn(self.daemon.http("/drain", "POST")[0], (200, 202, 204))
        UserAgent(self).request("REGISTER", "z9hG4bK-late")
        message = self.register(user_agent, "z9hG4bK-still")
        while isinstance(message, flowbroker.Draining):
            message = self.application.next()
        self.assertEqual((message.flow_id, b"z9hG4bK-still" in message.message), (flow_id, True))

    def test_a_port_that_is_taken_keeps_it_from_starting(self):
        taken = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(taken.close)
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        taken.bind(("127.0.0.1", 0))
        place = f"udp:127.0.0.1:{taken.getsockname()[1]}"
        refused = self.run_to_end("--listen", f"unix:{self.path('s')}", "--admin", "127.0.0.1:0", "--edge-listen", place)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("cannot listen on UDP 127.0.0.1:", refused.stderr)

    def test_a_flow_of_a_user_agent_is_neither_probed_nor_configured_by_itself(self):
        self.serve()
        flow_id = self.register(UserAgent(self)).flow_id
        with self.assertRaises(flowbroker.InvalidArgument):
            self.application.client.probe_flow(flow_id)
        self.application.client.release(flow_id)
        self.assertEqual(self.flow_ids(), [flow_id])

    def test_when_all_places_are_taken_the_longest_silent_without_binding_goes(self):  # N1
        self.serve("--shards", "1", "--edge-max-datagram-flows", "3")
        user_agents = [UserAgent(self) for _ in range(5)]
        flows = [self.register(user_agents[i], f"z9hG4bK-{i}").flow_id for i in range(3)]
        self.application.bind(flows[0])
        self.register(user_agents[1], "z9hG4bK-life")
        fourth = self.register(user_agents[3], "z9hG4bK-3").flow_id
        self.assertEqual(sorted(self.flow_ids()), sorted([flows[0], flows[1], fourth]))
        self.assertEqual(self.limit("edge_datagram_flows"), 1)
        for number, flow_id in ((1, flows[1]), (3, fourth)):
            self.application.bind(flow_id, aor=f"sip:{number}@example.org")
        user_agents[4].request("REGISTER", "z9hG4bK-refused")
        self.assertTrue(eventually(lambda: self.limit("edge_datagram_flows") == 2))
        self.register(user_agents[0], "z9hG4bK-still")
        self.assertEqual(len(self.flow_ids()), 3)

    def test_the_edge_keeps_bound_user_agents_alive_and_notices_who_is_gone(self):  # N4, B4
        self.serve("--edge-keep-alive-shortest", "1s", "--edge-keep-alive-longest", "1s")
        watch = self.application.client.watch_bindings(aor=AOR)
        self.addCleanup(watch.close)
        user_agent, unbound = UserAgent(self), UserAgent(self)
        self.register(unbound, "z9hG4bK-unbound")
        self.application.bind(self.register(user_agent).flow_id)
        branches = set()
        for _ in range(2):
            options, source = user_agent.receive()
            self.assertEqual((options[:8], source), (b"OPTIONS ", user_agent.edge))
            fields = dict(line.split(": ", 1) for line in options.decode().split("\r\n")[1:] if line)
            branches.add(fields["Via"])
            user_agent.send("SIP/2.0 200 OK\r\n" + "".join(
                f"{name}: {fields[name]}\r\n" for name in ("Via", "From", "To", "Call-ID", "CSeq")) + "Content-Length: 0\r\n\r\n")
        self.assertEqual(len(branches), 2, "each is a transaction of its own")
        changes = [watch.receive(PATIENCE).change for _ in range(2)]  # from here on it is silent
        self.assertEqual(changes, [BindingChange.BOUND, BindingChange.FLOW_ENDED])
        self.assertEqual(self.daemon.metric('flowbroker_flows_closed_total{reason="keep_alive_timed_out"}'), 1)
        self.assertGreaterEqual(self.daemon.metric('flowbroker_keep_alives_total{method="options",transport="UDP"}'), 5)
        self.register(unbound, "z9hG4bK-after")  # the answers came to nobody, this does
        self.assertTrue(unbound.hears_nothing())

    def test_where_user_agents_ping_by_themselves_nobody_asks_them(self):  # N4
        self.serve("--edge-keep-alive", "none", "--edge-keep-alive-shortest", "1s", "--edge-keep-alive-longest", "1s")
        user_agent = UserAgent(self)
        self.application.bind(self.register(user_agent).flow_id)
        self.assertTrue(user_agent.hears_nothing(2))
        user_agent.send(STUN)
        self.assertEqual(user_agent.receive()[0][:2], b"\x01\x01")

    def test_one_source_takes_neither_all_flows_nor_all_attention(self):  # N3
        self.serve("--shards", "1", "--edge-max-datagram-flows-per-source", "2", "--edge-datagrams-per-second-per-source", "50")
        crowd = [UserAgent(self, "127.0.0.2") for _ in range(3)]
        for number in range(2):
            self.register(crowd[number], f"z9hG4bK-{number}")
        crowd[2].request("REGISTER", "z9hG4bK-refused")
        self.assertTrue(eventually(lambda: self.limit("edge_datagram_flows_per_source") == 1))
        self.register(UserAgent(self, "127.0.0.3"), "z9hG4bK-other")
        for _ in range(200):
            crowd[0].send(STUN)
        self.assertTrue(eventually(lambda: self.limit("edge_datagrams_per_second_per_source") >= 50))
        self.register(UserAgent(self, "127.0.0.4"), "z9hG4bK-beside")

    def test_a_crowd_takes_no_more_attention_than_there_is(self):
        self.serve("--shards", "1", "--edge-datagrams-per-second", "50")
        crowd = [UserAgent(self, f"127.0.1.{number}") for number in range(1, 21)]
        for user_agent in crowd * 10:
            user_agent.send(STUN)
        self.assertTrue(eventually(lambda: self.limit("edge_datagrams_per_second") >= 50))
        self.assertEqual(self.limit("edge_datagrams_per_second_per_source"), 0)
        beside = UserAgent(self)

        def is_heard():
            beside.send(STUN)
            return select.select([beside.socket], [], [], 0.1)[0]

        self.assertTrue(eventually(is_heard), "in another second")


if __name__ == "__main__":
    main()
