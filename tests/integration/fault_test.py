#!/usr/bin/env python3
"""What breaks on the way, for TCP, TLS and UDP (H1 H2 H6 H7 H10, S2). Times are bounds no healthy machine comes near;
tests/bench measures."""

from harness import DEADLINE_EXCEEDED, UNAVAILABLE, V4, V4_11, V6, BrokerTest, eventually, main

TCP_URI = "sip:dual.example.test;transport=tcp"
TLS_URI = "sip:tls.example.test"
UDP_URI = "sip:dual.example.test;transport=udp"
WINNERS = {TCP_URI: ("TCP", 5060), TLS_URI: ("TLS", 5061), UDP_URI: ("UDP", 5060)}
# Far below any time-out of a connect or a handshake, far above a race on a busy machine.
QUICK_MS = 3000


class FaultTest(BrokerTest):
    def expect_winner(self, uri, address, *first_failures):
        answer = self.acquire(uri)
        transport, port = WINNERS[uri]
        self.assertEqual(answer.remote, (transport, address, port), answer.text)
        winners = [step for step in answer.attempts if step["outcome"] == "TRACE_OUTCOME_WON"]
        self.assertEqual([step["remote"]["address"] for step in winners], [address], answer.text)
        if first_failures:
            self.assertIn(answer.attempts[0]["failure"], first_failures, answer.text)
        self.assertLess(answer.took, QUICK_MS, answer.text)
        return answer

    def on_each_transport(self, *first_failures):
        for uri in WINNERS:
            with self.subTest(uri=uri):
                self.expect_winner(uri, V4, *first_failures)

    def test_healthy_network_uses_the_preferred_family_and_starts_nothing_else(self):
        for uri in WINNERS:
            with self.subTest(uri=uri):
                self.expect_winner(uri, V6)

    def test_ipv6_dropped(self):
        self.lab.drop("ipv6")
        self.on_each_transport("overtaken", "timed_out", "probe_timed_out")

    def test_ipv4_dropped(self):
        self.lab.drop("ipv4")
        for uri in WINNERS:
            self.expect_winner(uri, V6)

    def test_ipv6_reset(self):
        self.lab.reset("ipv6")
        for uri in (TCP_URI, TLS_URI):
            answer = self.expect_winner(uri, V4, "refused")
            first, second = answer.attempts[:2]
            self.assertNotEqual(first["remote"], second["remote"])

    def test_ipv6_host_unreachable(self):
        self.lab.unreachable("ipv6", "host")
        # The kernel keeps this error from UDP sockets (a soft one, RFC 1122 s.4.1.3.3): silence there.
        self.on_each_transport("host_unreachable", "overtaken")

    def test_ipv6_port_unreachable(self):
        self.lab.unreachable("ipv6", "port")
        self.on_each_transport("refused")

    def test_ipv6_no_route(self):
        self.lab.unreachable("ipv6", "net")
        self.on_each_transport("network_unreachable", "host_unreachable", "overtaken")

    def test_ipv6_administratively_prohibited(self):
        self.lab.unreachable("ipv6", "admin")
        self.on_each_transport("host_unreachable", "network_unreachable", "refused")

    def test_ipv6_tls_stalled(self):
        self.lab.stall("ipv6")
        answer = self.expect_winner(TLS_URI, V4, "overtaken", "tls_timed_out")
        self.assertEqual(answer.attempts[0]["remote"]["address"], V6)

    def test_ipv6_slow(self):
        self.lab.set_rtt(2000, "ipv6")
        self.on_each_transport("overtaken")

    def test_two_dead_ipv6_addresses(self):
        answer = self.acquire("sip:twodead.example.test;transport=tcp")
        self.assertIn(answer.remote[1], (V4, V4_11))
        self.assertLess(answer.took, QUICK_MS)

    def test_loss_on_both_families_delays_but_does_not_fail(self):
        self.lab.set_loss(20)
        for uri in WINNERS:
            self.acquire(uri)

    def test_first_server_refuses_and_the_next_priority_serves(self):
        answer = self.acquire("sip:priority.example.test")
        self.assertEqual(answer.remote, ("TCP", V6, 5060))
        self.assertEqual(answer.attempts[0]["failure"], "refused")

    def test_first_server_is_dead_and_the_next_priority_serves(self):
        answer = self.acquire("sip:deadfirst.example.test")
        self.assertEqual(answer.remote[2], 5060)
        self.assertLess(answer.took, QUICK_MS)

    def test_a_refused_naptr_choice_gives_way_to_the_next(self):
        answer = self.acquire("sip:naptrbackup.example.test")
        self.assertEqual(answer.remote, ("TCP", V6, 5060))
        self.assertEqual(answer.attempts[0]["failure"], "refused")

    def test_all_refused_is_unavailable_with_each_reason(self):
        self.lab.reset("all")
        answer = self.fail_to(UNAVAILABLE, "acquire", TCP_URI)
        self.assertEqual([step["failure"] for step in answer.attempts], ["refused", "refused"], answer.text)

    def test_refused_datagrams_are_unavailable(self):
        self.lab.unreachable("all", "port", proto="udp")
        answer = self.fail_to(UNAVAILABLE, "acquire", UDP_URI)
        self.assertEqual({step["failure"] for step in answer.attempts}, {"refused"})

    def test_all_dropped_ends_with_the_deadline_and_the_trace_so_far(self):
        answer = self.fail_to(DEADLINE_EXCEEDED, "acquire", "sip:alldead.example.test;transport=tcp", timeout=1.5)
        self.assertEqual(answer.error["code"], "DEADLINE_EXCEEDED")
        self.assertEqual(len(answer.attempts), 2, answer.text)

    def test_a_broker_that_does_not_race_tries_one_after_another(self):
        self.restart("--racing", "off", "--connect-timeout", "700ms")
        self.lab.drop("ipv6")
        answer = self.acquire(TCP_URI)
        self.assertEqual(answer.remote, ("TCP", V4, 5060))
        self.assertEqual(answer.attempts[0]["failure"], "timed_out")

    def test_nothing_stays_open_after_any_of_it(self):
        self.broker.flowctl("acquire", TCP_URI)
        self.broker.close_all()
        before = self.broker.descriptors()
        self.lab.drop("ipv6")
        for uri in WINNERS:
            self.acquire(uri)
            self.acquire(uri, "--exclusive")
        self.lab.clear()
        self.lab.stall("all")
        self.broker.flowctl("acquire", "sips:dual.example.test", timeout=0.5)
        self.lab.reset("all")
        for number in range(20):
            self.broker.flowctl("acquire", TCP_URI, "--group", f"g{number}")
        self.broker.close_all()
        self.assertEqual(self.broker.flows(), [])
        # The stalled handshake may go on for a while: for the pool's and the memory's benefit.
        self.assertTrue(eventually(lambda: self.broker.descriptors() <= before, 45), self.broker.descriptors())


if __name__ == "__main__":
    main()
