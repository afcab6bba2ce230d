#!/usr/bin/env python3
"""DNS servers that are silent, refuse or fail; answers that outlive them."""

import time

from harness import DEADLINE_EXCEEDED, NOT_FOUND, OK, UNAVAILABLE, BrokerTest, main

URI = "sip:short.example.test;transport=tcp"


class DnsTroubleTest(BrokerTest):
    flags = ("--dns-timeout", "300ms", "--dns-tries", "2")

    def setUp(self):
        self.addCleanup(self.lab.start, "nsd-client")
        super().setUp()

    def query_outcomes(self, answer):
        return {step["outcome"] for step in answer.trace if step["what"] == "TRACE_WHAT_DNS_QUERY"}

    def test_a_stale_answer_serves_while_dns_is_down(self):
        self.succeed("resolve", URI)
        self.lab.stop("nsd-client")
        time.sleep(1.2)  # The time to live is 1 s; only real time lets it pass.
        answer = self.succeed("resolve", URI)
        self.assertIn("TRACE_OUTCOME_STALE", self.query_outcomes(answer), answer.text)

    def test_an_expired_answer_is_asked_for_again(self):
        self.succeed("resolve", URI)
        time.sleep(1.2)
        outcomes = self.query_outcomes(self.succeed("resolve", URI))
        self.assertIn("TRACE_OUTCOME_SUCCEEDED", outcomes)
        self.assertNotIn("TRACE_OUTCOME_STALE", outcomes)

    def test_silence_of_all_servers_is_said(self):
        self.lab.stop("nsd-client")
        answer = self.broker.flowctl("resolve", "sip:dual.example.test")
        self.assertIn(answer.code, (UNAVAILABLE, DEADLINE_EXCEEDED), answer.text)
        self.assertIn(answer.error["failure"], ("dns_timed_out", "dns_server_failure", "deadline_exceeded"))

    def test_a_deadline_shorter_than_dns_is_kept(self):
        self.restart("--dns-servers", "192.0.2.66:53")
        start = time.monotonic()
        answer = self.fail_to(DEADLINE_EXCEEDED, "acquire", "sip:dual.example.test", timeout=0.5)
        self.assertLess(time.monotonic() - start, 10)
        self.assertTrue(answer.trace, answer.text)

    def test_failing_and_refusing_servers_are_not_taken_for_missing_names(self):
        for uri in ("sip:x.servfail.test", "sip:somewhere.example.org"):
            answer = self.fail_to(UNAVAILABLE, "resolve", uri)
            self.assertEqual(answer.error["failure"], "dns_server_failure", answer.text)

    def test_the_second_server_is_asked_where_the_first_is_dead(self):
        self.restart("--dns-servers", "192.0.2.66:53,127.0.0.1:5300", "--dns-timeout", "3s")
        self.assertEqual(self.broker.flowctl("resolve", "sip:full.example.test").code, OK)
        # And is remembered: the dead one does not cost its time-out on every question.
        self.assertLess(self.succeed("resolve", "sip:preference.example.test").took, 3000)

    def test_a_missing_name_is_remembered(self):
        self.fail_to(NOT_FOUND, "resolve", "sip:absent.example.test")
        self.lab.stop("nsd-client")
        self.fail_to(NOT_FOUND, "resolve", "sip:absent.example.test")

    def test_servers_behind_the_link_answer_over_both_families(self):
        for server in ("192.0.2.53:53", "[2001:db8:1::53]:53"):
            self.restart("--dns-servers", server)
            self.assertEqual(len(self.succeed("resolve", "sip:large.example.test").targets) > 2, True)


if __name__ == "__main__":
    main()
