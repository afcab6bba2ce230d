#!/usr/bin/env python3
"""Every form of name that RFC 3263 with RFC 7984 knows, on a real DNS server (D1-D5)."""

from harness import NOT_FOUND, OK, UNAVAILABLE, V4, V4_11, V6, V6_11, BrokerTest, main

UDP = [("UDP", V6, 5060), ("UDP", V4, 5060)]
TCP = [("TCP", V6, 5060), ("TCP", V4, 5060)]
TLS = [("TLS", V6, 5061), ("TLS", V4, 5061)]

# URI -> the first targets, best first.
FORMS = {
    # Numeric hosts, explicit ports and transport= are short-cuts (RFC 3263 s.4).
    "sip:192.0.2.10": [("UDP", V4, 5060)],
    "sip:[2001:db8:1::10]": [("UDP", V6, 5060)],
    "sip:192.0.2.10:5070": [("UDP", V4, 5070)],
    "sip:[2001:db8:1::10]:5070;transport=tcp": [("TCP", V6, 5070)],
    "sip:192.0.2.10;transport=tcp": [("TCP", V4, 5060)],
    "sips:192.0.2.10": [("TLS", V4, 5061)],
    "sip:dual.example.test:5070": [("UDP", V6, 5070), ("UDP", V4, 5070)],
    "sip:dual.example.test:5070;transport=tcp": [("TCP", V6, 5070), ("TCP", V4, 5070)],
    "sips:dual.example.test:5061": TLS,
    "sip:elsewhere.example.test;maddr=192.0.2.10;transport=tcp": [("TCP", V4, 5060)],
    # transport= skips NAPTR, not SRV.
    "sip:full.example.test;transport=tcp": TCP,
    "sip:full.example.test;transport=udp": UDP,
    "sip:full.example.test;transport=tls": TLS,
    # NAPTR: order, then preference.
    "sip:full.example.test": TLS,
    "sips:full.example.test": TLS,
    "sip:preference.example.test": TCP,
    "sip:udpfirst.example.test": UDP,
    "sip:tcponly.example.test": TCP,
    "sip:udponly.example.test": UDP,
    "sip:tls.example.test": TLS,
    "sips:preference.example.test": TLS,
    "sip:nonterminal.example.test": TLS,
    "sip:aflag.example.test": TCP,
    "sip:enumonly.example.test": TCP,
    "sip:naptrbackup.example.test": [("TCP", "2001:db8:1::13", 5060), ("TCP", "192.0.2.13", 5060)],
    # No NAPTR: SRV of every transport at once; here DNS states no preference and the broker's own counts.
    "sip:srvonly.example.test": TLS + TCP + UDP,
    "sips:srvonly.example.test": TLS,
    "sip:srvtcp.example.test": TCP,
    "sip:srvudp.example.test": UDP,
    "sip:srvtls.example.test": TLS,
    "sip:port.example.test": [("TCP", V6, 5070), ("TCP", V4, 5070)],
    "sip:dot.example.test": UDP,
    "sip:halfgone.example.test": TCP,
    "sip:priority.example.test": [("TCP", "2001:db8:1::13", 5060), ("TCP", "192.0.2.13", 5060)] + TCP,
    "sip:sites.example.test": TCP + [("TCP", "2001:db8:2::10", 5060), ("TCP", "198.51.100.10", 5060)],
    # No SRV either: addresses, default port.
    "sip:dual.example.test": UDP,
    "sip:dual.example.test;transport=tcp": TCP,
    "sips:dual.example.test": TLS,
    "sip:v4.example.test;transport=tcp": [("TCP", V4, 5060)],
    "sip:v6.example.test;transport=tcp": [("TCP", V6, 5060)],
    # Aliases, at each step.
    "sip:alias.example.test;transport=tcp": TCP,
    "sip:aliasfull.example.test": TLS,
    "sip:srvalias.example.test": TCP,
    "sip:aliastarget.example.test": TCP,
    # Case does not matter; nor does a dot at the end.
    "SIP:FULL.example.TEST": TLS,
    "sip:alice@full.example.test.": TLS,
    "sip:alice:secret@full.example.test;user=phone?subject=x": TLS,
}

ABSENT = {
    "sip:absent.example.test": "no_such_name",
    "sip:absent.example.test:5060": "no_such_name",
    "sip:noaddress.example.test": "no_records",
    "sip:dangling.example.test": "no_such_name",
    "sip:naptrloop.example.test": None,
    "sip:full.example.test:5070;transport=tcp": "no_records",
}


class LocationTest(BrokerTest):
    def test_every_form_leads_to_the_right_targets(self):
        for uri, expected in FORMS.items():
            with self.subTest(uri=uri):
                answer = self.broker.flowctl("resolve", uri)
                self.assertEqual(answer.code, OK, answer.text)
                self.assertEqual(answer.targets[: len(expected)], expected, answer.text)

    def test_every_reachable_form_gives_a_flow(self):
        for uri, expected in FORMS.items():
            if "192.0.2.10;transport" in uri or uri.startswith("sips:192") or "2001:db8:1::13" in str(expected):
                continue
            with self.subTest(uri=uri):
                # A group of its own: no flow to share, which would go before the order of DNS (S1).
                answer = self.acquire(uri, "--group", uri[:100])
                self.assertEqual(answer.remote, expected[0], answer.text)

    def test_sips_never_leads_anywhere_but_to_tls(self):
        for name in ("full", "srvonly", "preference", "dual"):
            targets = self.succeed("resolve", f"sips:{name}.example.test").targets
            self.assertEqual({transport for transport, _, _ in targets}, {"TLS"})

    def test_names_that_lead_nowhere_are_not_found(self):
        for uri, failure in ABSENT.items():
            with self.subTest(uri=uri):
                answer = self.fail_to(NOT_FOUND, "resolve", uri)
                self.assertEqual(answer.error["code"], "NOT_FOUND")
                if failure is not None:
                    self.assertEqual(answer.error["failure"], failure, answer.text)

    def test_a_loop_of_aliases_ends(self):
        # The server itself gives up: SERVFAIL.
        answer = self.broker.flowctl("resolve", "sip:loop1.example.test")
        self.assertIn(answer.code, (NOT_FOUND, UNAVAILABLE), answer.text)

    def test_a_domain_that_says_no_to_sip_is_believed(self):
        self.fail_to(NOT_FOUND, "resolve", "sip:alldot.example.test")

    def test_only_allowed_transports_count(self):
        targets = self.succeed("resolve", "sip:full.example.test", "--transport", "udp").targets
        self.assertEqual(targets[:2], UDP)
        self.assertEqual({transport for transport, _, _ in targets}, {"UDP"})
        self.fail_to(NOT_FOUND, "resolve", "sip:srvudp.example.test", "--transport", "tls")

    def test_a_truncated_answer_is_asked_for_again_over_tcp(self):
        targets = self.succeed("resolve", "sip:large.example.test").targets
        self.assertEqual({transport for transport, _, _ in targets}, {"TCP"})
        self.assertGreater(len(targets), 2)

    def test_weights_decide_who_is_first(self):
        firsts = []
        for _ in range(40):
            firsts.append(self.succeed("resolve", "sip:weights.example.test").targets[0][1])
        # 80 : 20 : 0 out of 40; the odds against 12 or fewer for the heaviest are beyond 10^-9.
        self.assertGreater(firsts.count(V6_11), 12, firsts)

    def test_several_addresses_of_one_host_alternate_families_in_the_race(self):
        self.lab.drop("all", port=5060, proto="tcp")
        answer = self.broker.flowctl("acquire", "sip:several.example.test;transport=tcp", timeout=2)
        families = [":" in step["remote"]["address"] for step in answer.attempts]
        self.assertEqual(families, [True, False, True, False], answer.text)
        self.assertEqual({step["remote"]["address"] for step in answer.attempts}, {V4, V4_11, V6, V6_11})

    def test_the_trace_tells_what_was_asked(self):
        steps = self.acquire("sip:full.example.test").trace
        subjects = [step["subject"] for step in steps if step["what"] == "TRACE_WHAT_DNS_QUERY"]
        for wanted in ("NAPTR full.example.test", "SRV _sips._tcp.full.example.test", "A dual.", "AAAA dual."):
            self.assertTrue(any(subject.startswith(wanted) for subject in subjects), f"{wanted}: {subjects}")

    def test_a_second_question_is_answered_from_the_cache(self):
        self.succeed("resolve", "sip:full.example.test")
        steps = self.succeed("resolve", "sip:full.example.test").trace
        outcomes = {step["outcome"] for step in steps if step["what"] == "TRACE_WHAT_DNS_QUERY"}
        self.assertEqual(outcomes, {"TRACE_OUTCOME_CACHE_HIT"})


if __name__ == "__main__":
    main()
