#!/usr/bin/env python3
"""What HistoryService and flowctl tell of the broker's memory, and that it can be made to forget (H8, D6)."""

import json
import os
import sys
import unittest

from harness import NOT_FOUND, USAGE, V4, V6, BrokerTest, eventually, main

HOST = "dual.example.test"
URI = f"sip:{HOST};transport=tcp"
WATCH = ("prefs", "--watch")
SANITIZED = "FLOWBROKER_SANITIZED" in os.environ
V4_PREFIX, V6_PREFIX = "192.0.2.0/24", "2001:db8:1::/48"


class HistoryTest(BrokerTest):
    def prefs(self, *arguments):
        """Preferences for TCP by prefix."""
        rows = self.succeed("prefs", *arguments).json["preferences"]
        return {row["prefix"]: row for row in rows if row["transport"] == "TRANSPORT_TCP"}

    def reach(self, host=HOST, *arguments):
        """Reachability of the TCP targets by address."""
        targets = self.succeed("reach", host, "--transport", "tcp", *arguments).json["targets"]
        return {target["endpoint"]["address"]: target for target in targets}

    def race_without_ipv6(self):
        self.lab.drop("ipv6")
        answer = self.acquire(URI)
        self.assertEqual(answer.remote, ("TCP", V4, 5060), answer.text)
        return answer

    def test_a_lost_race_shows_in_preferences(self):
        self.race_without_ipv6()
        row = self.prefs()[V6_PREFIX]
        self.assertEqual(row["family"], "ADDRESS_FAMILY_IPV6")
        self.assertEqual(row["preferred_family"], "ADDRESS_FAMILY_IPV4")
        self.assertEqual(int(row["losses"]), 1)
        self.assertGreater(row["confidence"], 0.5)
        winner = self.prefs()[V4_PREFIX]
        self.assertEqual(winner["preferred_family"], "ADDRESS_FAMILY_IPV4")
        self.assertEqual(int(winner["wins"]), 1)
        self.assertNotEqual(winner["interface"], "")
        self.assertIn("smoothed_rtt", winner)
        self.assertEqual(list(self.prefs("--impaired")), [V6_PREFIX])
        self.assertEqual(list(self.prefs("--family", "ipv4")), [V4_PREFIX])
        self.assertEqual(list(self.prefs("--prefix", V6)), [V6_PREFIX])
        self.assertEqual(list(self.prefs("--interface", winner["interface"])), [V4_PREFIX, V6_PREFIX])
        self.assertEqual(self.prefs("--interface", "no-such"), {})
        self.assertEqual(self.prefs("--prefix", "203.0.113.0/24"), {})

    def test_a_lost_race_shows_in_reachability(self):
        self.race_without_ipv6()
        targets = self.reach()
        held = targets[V6]
        self.assertEqual(held["reachability"], "REACHABILITY_UNREACHABLE")
        self.assertEqual((held["level"], held["failure"]), ("MEMORY_LEVEL_TARGET", "overtaken"))
        self.assertIn("since", held)
        self.assertIn("next_reprobe", held)
        fine = targets[V4]
        self.assertEqual(fine["reachability"], "REACHABILITY_REACHABLE")
        self.assertEqual(fine["rtts"][0]["stage"], "ATTEMPT_STAGE_TCP")
        self.assertGreater(fine["timers"]["t1"], "0")
        self.assertEqual(list(self.reach(V6)), [V6], "an address can be asked for too")
        self.assertEqual(list(self.reach(V6, "--port", "5060")), [V6])
        self.fail_to(NOT_FOUND, "reach", V6, "--port", "5999")

    @unittest.skipIf(SANITIZED, "so slow that the second answer has looked at memory again, and is listed too")
    def test_a_race_is_listed_with_its_trace_and_a_pooled_answer_is_not(self):
        self.race_without_ipv6()
        self.assertEqual(self.acquire(URI).source, "POOLED")
        self.broker.flowctl("acquire", "sip:nowhere.example.test;transport=tcp")
        failed, won = self.succeed("races").json["races"]
        self.assertEqual((failed["host"], failed["outcome"]), ("nowhere.example.test", "RACE_OUTCOME_FAILED"))
        self.assertEqual(failed["failure"], "no_such_name")
        self.assertEqual((won["host"], won["outcome"]), (HOST, "RACE_OUTCOME_SUCCEEDED"))
        self.assertEqual(won["remote"]["address"], V4)
        self.assertEqual(won["client_group"], "flowctl")
        attempts = [step for step in won["trace"]["steps"] if step["what"] == "TRACE_WHAT_ATTEMPT"]
        self.assertEqual([step["remote"]["address"] for step in attempts], [V6, V4])
        for filters in (("--host", HOST), ("--host", V6), ("--count", "1", "--host", HOST.upper())):
            listed = self.succeed("races", *filters).json["races"]
            self.assertEqual([race["number"] for race in listed], [won["number"]], filters)
        self.assertEqual(len(self.succeed("races", "--failed").json["races"]), 1)
        self.assertEqual(self.succeed("races", "--group", "other").json["races"], [])
        self.assertEqual(self.succeed("races", "--host", "unknown.example.test").json["races"], [])

    def test_only_the_last_races_are_kept(self):
        self.restart("--kept-races", "2")
        for number in range(3):
            self.acquire(URI, "--group", f"g{number}")
        races = self.succeed("races").json["races"]
        self.assertEqual([race["client_group"] for race in races], ["g2", "g1"])

    def test_reset_forgets_a_host_and_says_how_much(self):
        self.race_without_ipv6()
        forgotten = self.succeed("reset", "--host", HOST).json
        self.assertEqual((forgotten["targets"], forgotten["prefixes"]), (2, 2))
        self.fail_to(NOT_FOUND, "reach", HOST)
        self.assertEqual(self.prefs(), {})
        self.assertEqual(self.succeed("reset", "--host", HOST).json["targets"], 0, "nothing is left")
        self.broker.close_all()
        self.lab.clear()
        self.assertEqual(self.acquire(URI).remote[1], V6, "IPv6 has its head start again")

    def test_reset_forgets_a_prefix_or_everything(self):
        self.race_without_ipv6()
        self.assertEqual(self.succeed("reset", "--prefix", "203.0.113.0/24").json, {"targets": 0, "prefixes": 0})
        self.assertEqual(self.succeed("reset", "--prefix", "2001:db8::/32").json, {"targets": 1, "prefixes": 1})
        self.assertEqual(list(self.prefs()), [V4_PREFIX])
        self.succeed("reset", "--all")
        self.assertEqual(self.prefs(), {})
        self.assertEqual(len(self.succeed("races").json["races"]), 1, "what happened stays on record")

    @staticmethod
    def events_of(process, count):
        events = []
        while len(events) < count and (line := process.stdout.readline()):
            events += json.loads(line)["events"]
        return events

    def test_a_watch_streams_changes_and_resumes(self):
        watch = self.watch(command=WATCH)
        self.race_without_ipv6()
        self.succeed("reset", "--all")

        def told(events):
            return [event.get("changed", {}).get("prefix") or event["forgotten"] for event in events]

        events = []
        while "all" not in told(events):
            more = self.events_of(watch, 1)
            self.assertTrue(more, "the watch ended")
            events += more
        impaired = [event["changed"] for event in events
                    if event.get("changed", {}).get("preferred_family") == "ADDRESS_FAMILY_IPV4"
                    and event["changed"]["family"] == "ADDRESS_FAMILY_IPV6"]
        self.assertEqual({one["prefix"] for one in impaired}, {V6_PREFIX}, events)
        sequences = [int(event["sequence"]) for event in events]
        self.assertEqual(sequences, list(range(1, len(events) + 1)), "without a gap")
        resumed = self.watch("--after", "1", command=WATCH)
        self.assertEqual(told(self.events_of(resumed, len(events) - 1)), told(events)[1:])

    def test_a_watch_cannot_resume_where_events_are_gone(self):
        answer = self.broker.flowctl("prefs", "--watch", "--after", "1000", "--for", "5")
        self.assertEqual(answer.error["code"], "OUT_OF_RANGE", answer.text)

    def test_the_path_comes_back(self):
        self.race_without_ipv6()
        self.lab.clear()
        self.assertTrue(eventually(lambda: self.acquire(URI, "--exclusive").remote[1] == V6, 20))
        self.assertEqual(self.reach()[V6]["reachability"], "REACHABILITY_REACHABLE")
        self.assertEqual(self.prefs()[V6_PREFIX]["preferred_family"], "ADDRESS_FAMILY_IPV6")

    def test_a_503_shows_and_passes(self):
        flow = self.acquire(URI).acquired["flow_id"]
        self.succeed("report", flow, "--outcome", "service-unavailable", "--retry-after", "2")
        self.assertTrue(self.reach()[V6]["unavailable"])
        self.assertTrue(eventually(lambda: not self.reach()[V6]["unavailable"]))

    def test_nonsense_is_refused_by_name_of_the_field(self):
        for field, arguments in (
            ("prefix", ("prefs", "--prefix", "192.0.2.0/33")),
            ("prefix", ("prefs", "--prefix", "example.test")),
            ("interface", ("prefs", "--interface", "far-too-long-a-name")),
            ("interface", ("prefs", "--watch", "--interface", "far-too-long-a-name")),
            ("host", ("reach", "192.0.2.300")),
            ("host", ("reach", "a..b")),
            ("host", ("races", "--host", "sip:example.test")),
            ("client_group", ("races", "--group", "g" * 200)),
            ("prefix", ("reset", "--prefix", "192.0.2.10")),
            ("prefix", ("reset", "--prefix", "192.0.2.10/24")),
            ("host", ("reset", "--host", "exa mple")),
        ):
            with self.subTest(arguments=arguments):
                answer = self.fail_to(USAGE, *arguments)
                self.assertEqual(answer.error["code"], "INVALID_ARGUMENT", answer.text)
                self.assertEqual(answer.error["field"], field, answer.text)

    def test_absurd_reports_are_refused_and_those_for_unknown_flows_counted(self):
        self.restart("--admin", "127.0.0.1:7461")
        flow = self.acquire(URI).acquired["flow_id"]
        for field, arguments in (
            ("rtt", ("--rtt", "300001")),
            ("retry_after", ("--outcome", "service-unavailable", "--retry-after", "86401")),
        ):
            for about in (flow, "no-such-flow"):
                answer = self.fail_to(USAGE, "report", about, *arguments)
                self.assertEqual(answer.error["field"], field, answer.text)
        self.assertTrue(self.succeed("report", flow, "--rtt", "20").json["known_flow"])
        for unknown in ("no-such-flow", "A" * 22):
            self.assertFalse(self.succeed("report", unknown).json["known_flow"])
        fetch = "import urllib.request as r; print(r.urlopen('http://127.0.0.1:7461/metrics').read().decode())"
        metrics = self.lab.run("client", [sys.executable, "-c", fetch], capture_output=True, text=True, timeout=30).stdout
        self.assertRegex(metrics, r'flowbroker_outcome_reports_total\{.*flow="unknown".*outcome="answered".*\} 2')

    def test_people_get_tables_and_waterfalls(self):
        self.race_without_ipv6()
        for command, words in (
            (("prefs",), ("IPv4", V6_PREFIX, "won/lost", "0/1")),
            (("reach", HOST), ("unreachable: overtaken", "target", "TCP")),
            (("races",), (HOST, "IPv4 TCP")),
            (("races", "-v"), (HOST, "won", "overtaken")),
            (("reset", "--all"), ("forgotten: 2 targets, 2 prefixes",)),
        ):
            text = self.broker.show(*command)
            for word in words:
                self.assertIn(word, text, command)


if __name__ == "__main__":
    main()
