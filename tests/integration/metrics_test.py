#!/usr/bin/env python3
"""What a daemon tells after real traffic: as Prometheus wants it, all of it documented, and what the alerts ask for."""

import json
import os
import re
import shutil
import subprocess
import sys
import time

from harness import V4, V6, BrokerTest, eventually, main, program

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
URI = "sip:alice@dual.example.test;transport=tcp"
TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
FETCH = "import urllib.request as r; print(r.urlopen('http://127.0.0.1:7461/metrics').read().decode(), end='')"
NAME = re.compile(r"\b(?:flowbroker|process)_[a-z0-9_]+")


def read(*path):
    with open(os.path.join(ROOT, *path)) as file:
        return file.read()


def series(text):
    """{(name, labels as a frozenset): value}"""
    found = {}
    for name, labels, value in re.findall(r"^(\w+)(?:\{(.*)\})? (\S+)$", text, re.M):
        found[name, frozenset(re.findall(r'(\w+)="([^"]*)"', labels))] = float(value)
    return found


class MetricsTest(BrokerTest):
    flags = ("--admin", "127.0.0.1:7461", "--log-slower-than", "1us", "--metrics-prefixes", "2")

    def scrape(self):
        done = self.lab.run("client", [sys.executable, "-c", FETCH], capture_output=True, text=True, timeout=30)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def value(self, text, name, **labels):
        """The sum of the series of that name that have these labels."""
        wanted = set(labels.items())
        return sum(value for (one, has), value in series(text).items() if one == name and wanted <= has)

    def traffic(self):
        """A cold race, a pooled flow, a dead family, a failure, and a message."""
        self.acquire(URI)
        self.acquire(URI)
        self.lab.drop("ipv6")
        self.acquire(URI, "--exclusive")
        self.broker.flowctl("acquire", "sip:no-such-host.example.test")
        self.succeed("options", "sip:dual.example.test;transport=udp")
        self.lab.clear()

    def test_promtool_finds_nothing_to_say(self):
        if shutil.which("promtool") is None:
            self.assertNotEqual(os.environ.get("CI"), "true", "promtool is missing: deploy/install-dependencies.sh test")
            self.skipTest("no promtool: deploy/install-dependencies.sh test")
        self.traffic()
        done = subprocess.run(["promtool", "check", "metrics"], input=self.scrape(), capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""))

    def test_every_metric_is_documented_and_what_is_documented_is_there(self):
        self.traffic()
        told = set(re.findall(r"^# TYPE (\S+) ", self.scrape(), re.M))
        table = read("service", "telemetry", "README.md")
        rows = set(re.findall(r"^\| `(flowbroker_\w+)` \|", table, re.M))
        rows |= {"process_" + one for one in re.search(r"^\| `process_\*` \| \| (.*) \|$", table, re.M)[1].split()}
        without_certificates = rows - {"flowbroker_certificate_expiry_timestamp_seconds"}
        self.assertEqual(told, without_certificates)

    def test_alerts_and_dashboard_ask_for_what_there_is(self):
        text = self.scrape()
        told = {name for name, _ in series(text)} | {"flowbroker_certificate_expiry_timestamp_seconds"}
        values = {}
        for _, labels in series(text):
            for label, value in labels:
                values.setdefault(label, set()).add(value)
        for name in ("prometheus-rule.yaml", "dashboard.json"):
            asked = read("deploy", "k8s", "components", "monitoring", name)
            queries = [line for line in asked.splitlines() if "expr" in line or "rate(" in line or "_total" in line]
            for metric in set(NAME.findall("\n".join(queries))):
                self.assertIn(metric, told, name)
            for label, value in re.findall(r'[{,](stage|transport|family|outcome|result|source)=\\?"([a-zA-Z0-9_]+)\\?"',
                                           asked):
                self.assertIn(value, values[label], f"{name}: {label}")

    def test_traffic_shows_where_it_belongs(self):
        self.traffic()
        text = self.scrape()
        self.assertEqual(self.value(text, "flowbroker_acquires_total", source="pooled"), 1)
        self.assertEqual(self.value(text, "flowbroker_acquire_seconds_count", source="pooled"), 1)
        self.assertEqual(self.value(text, "flowbroker_acquires_total", source="raced"), 3)
        self.assertEqual(self.value(text, "flowbroker_acquire_failures_total", reason="no_such_name"), 1)
        self.assertEqual(self.value(text, "flowbroker_acquire_seconds_count", outcome="failed"), 1)
        self.assertGreaterEqual(self.value(text, "flowbroker_race_wins_total", family="IPv6", position="1"), 1)
        self.assertGreaterEqual(self.value(text, "flowbroker_race_wins_total", family="IPv4", position="2"), 1)
        self.assertEqual(self.value(text, "flowbroker_requests_in_flight"), 0)
        self.assertEqual(self.value(text, "flowbroker_draining"), 0)
        self.assertEqual(self.value(text, "flowbroker_flows_open"), len(self.broker.flows()))
        self.assertEqual(self.value(text, "flowbroker_flows_open", state="exclusive"), 1)
        self.assertGreater(self.value(text, "flowbroker_rtt_seconds_count", stage="tcp"), 0)
        self.assertGreater(self.value(text, "flowbroker_dns_query_seconds_count", type="AAAA"), 0)
        self.assertGreater(self.value(text, "flowbroker_dns_cache_lookups_total", result="hit"), 0)
        self.assertGreater(self.value(text, "flowbroker_relayed_messages_total", direction="out"), 0)
        self.assertEqual(self.value(text, "flowbroker_relay_streams"), 0)
        self.assertGreater(self.value(text, "process_start_time_seconds"), time.time() - 600)
        self.assertLessEqual(self.value(text, "process_start_time_seconds"), time.time() + 2)
        self.assertAlmostEqual(self.value(text, "process_open_fds"), self.broker.descriptors(), delta=5)

    def test_the_dead_prefix_is_shown_beside_the_one_used_in_its_place(self):
        self.lab.drop("ipv6")
        for _ in range(3):
            self.acquire(URI)
        text = self.scrape()
        dead, used = "2001:db8:1::/48", "192.0.2.0/24"
        self.assertEqual(self.value(text, "flowbroker_prefix_acquires_total", prefix=used, transport="TCP"), 3)
        self.assertEqual(self.value(text, "flowbroker_prefix_preferred_family", prefix=used, family="IPv4"), 1)
        self.assertEqual(self.value(text, "flowbroker_prefix_preferred_family", prefix=dead, family="IPv4"), 1)
        self.assertEqual(self.value(text, "flowbroker_prefix_preferred_family", prefix=dead, family="IPv6"), 0)
        shown = {dict(labels)["prefix"] for name, labels in series(text) if name == "flowbroker_prefix_acquires_total"}
        self.assertEqual(shown, {dead, used, "other"})

    def test_lines_about_a_request_say_whose_it_was_and_nothing_of_the_user(self):
        self.acquire(URI, "--request-id", "call-7")
        self.assertTrue(eventually(lambda: "acquire_slow" in self.broker.said()))
        lines = [json.loads(line) for line in self.broker.said().splitlines() if line.startswith("{")]
        line = next(one for one in lines if one["event"] == "acquire_slow")
        self.assertEqual((line["request_id"], line["host"]), ("call-7", "dual.example.test"))
        self.assertTrue(any(step["outcome"] == "won" for step in line["trace"]))
        self.assertNotIn("alice", self.broker.said())


if __name__ == "__main__":
    main()
