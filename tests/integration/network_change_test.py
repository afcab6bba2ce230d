#!/usr/bin/env python3
"""A client with two uplinks whose addresses come and go (H5 H9, I1)."""

import contextlib
import json
import os
import signal
import socket

from harness import V4, V6, BrokerTest, eventually, main
from lab import netns

URI = "sip:dual.example.test;transport=tcp"
# More changes than the kernel keeps for one that does not read.
MANY = 1500


class NetworkChangeTest(BrokerTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.first, cls.second = cls.lab.add_uplink(1), cls.lab.add_uplink(2)

    def setUp(self):
        for uplink in (self.first, self.second):
            uplink.plug()
            uplink.join(2)
            for address in (V4, V6):  # a cable just plugged in needs a moment
                self.assertTrue(eventually(lambda: self.leads_to(uplink, address)), f"{address} over {uplink.name}")
        super().setUp()

    def leads_to(self, uplink, address):
        with self.lab.inside("client"):
            one = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
        with one, contextlib.suppress(OSError):
            one.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, uplink.name.encode())
            one.settimeout(0.5)
            one.connect((address, 5060))
            return True
        return False

    # What the broker knows.

    def networks(self):
        """Addresses by interface, as the broker's log has it."""
        known = {}
        for line in self.broker.said().splitlines():
            event = json.loads(line) if line.startswith("{") else {}
            if event.get("event") != "networks_changed":
                continue
            for addresses in known.values():
                addresses.difference_update(event["addresses_lost"])
            for one in event["joined"]:
                known[one["interface"]] = {address.split("/")[0] for address in one["addresses"]}
        return known

    def await_network(self, uplink, *addresses):
        self.assertTrue(eventually(lambda: self.networks().get(uplink.name, set()) == set(addresses)),
                        f"{uplink.name} has not got {addresses}:\n{self.broker.said()}")

    def move(self, uplink, host):
        """The interface joins a network where it is `host`; returns when the broker knows."""
        uplink.join(host)
        self.await_network(uplink, uplink.ipv4(host), uplink.ipv6(host))

    def leave(self, uplink):
        uplink.leave()
        self.await_network(uplink)

    # What it does.

    def local_of(self, *flags):
        """The local address of a new flow."""
        return self.acquire(URI, "--exclusive", *flags).acquired["local"]["address"]

    def first_attempt(self, *flags):
        """Where the race for a new flow begins."""
        return self.acquire(URI, "--exclusive", *flags).attempts[0]["remote"]["address"]

    def open_ids(self):
        return {flow["flow_id"] for flow in self.broker.flows()}

    def test_both_uplinks_serve_by_interface_and_by_address(self):
        for uplink in (self.first, self.second):
            self.assertEqual(self.local_of("--interface", uplink.name), uplink.ipv6(2))
            for address in (uplink.ipv4(2), uplink.ipv6(2)):
                self.assertEqual(self.local_of("--local-address", address), address)
        self.assertEqual(self.local_of(), self.first.ipv6(2), "the host's routing prefers it")

    def test_a_family_that_the_interface_lacks_is_not_waited_for(self):
        self.second.join(2, families=(4,))
        self.await_network(self.second, self.second.ipv4(2))
        answer = self.acquire(URI, "--interface", self.second.name)
        self.assertEqual([step["remote"]["address"] for step in answer.attempts], [V4], answer.text)
        self.assertEqual(answer.acquired["local"]["address"], self.second.ipv4(2))
        self.assertEqual(self.local_of(), self.first.ipv6(2), "the other interface has it")

    def expect_loss(self, uplink, lose):
        """Every flow of the uplink ends when `lose()` has happened, and no other."""
        lost = {self.acquire(URI, "--interface", uplink.name).json["flow_id"],
                self.acquire(URI, "--local-address", uplink.ipv4(2)).json["flow_id"],
                self.acquire(f"{URI.replace('tcp', 'udp')}", "--interface", uplink.name).json["flow_id"]}
        other = self.second if uplink is self.first else self.first
        kept = {self.acquire(URI, "--interface", other.name).json["flow_id"]}
        self.assertEqual(self.open_ids(), lost | kept)
        watch = self.watch("--count", str(len(lost)))
        lose()
        events = [event for line in watch.stdout for event in json.loads(line).get("events", [])]
        self.assertEqual({event["flow"]["flow_id"] for event in events}, lost)
        for event in events:
            self.assertEqual((event["kind"], event["reason"]), ("FLOW_EVENT_KIND_CLOSED", "local_address_lost"))
        self.assertEqual(self.open_ids(), kept)
        for flow_id in kept:
            self.succeed("probe", flow_id)
        return other

    def test_flows_end_with_their_address_and_the_other_uplink_serves(self):
        other = self.expect_loss(self.first, lambda: self.leave(self.first))
        answer = self.acquire(URI)
        self.assertEqual(answer.acquired["local"]["address"], other.ipv6(2), answer.text)

    def test_a_pulled_cable_takes_no_address_away(self):
        self.lab.drop("ipv6", 5060, "tcp")
        self.assertEqual(self.first_attempt("--interface", self.second.name), V6)
        self.acquire(f"{URI.replace('tcp', 'udp')}", "--interface", self.second.name)
        flow_ids = self.open_ids()
        self.second.unplug()
        self.move(self.first, 3)  # the kernel tells in order: what the broker knows now is later than the cable
        self.assertEqual(self.open_ids(), flow_ids)
        self.second.plug()
        for flow_id in flow_ids:
            self.assertTrue(eventually(lambda: self.broker.flowctl("probe", flow_id, timeout=1).code == 0))
        self.assertEqual(self.open_ids(), flow_ids)
        self.assertEqual(self.first_attempt("--interface", self.second.name), V4, "nothing is forgotten")

    def test_flows_of_an_address_that_stays_stay(self):
        flow_id = self.acquire(URI, "--local-address", self.first.ipv4(2)).json["flow_id"]
        netns.run(["ip", "-n", self.lab.ns["client"], "address", "add", self.first.ipv4(99) + "/24", "dev", "wan1"])
        self.await_network(self.first, self.first.ipv4(2), self.first.ipv4(99), self.first.ipv6(2))
        netns.run(["ip", "-n", self.lab.ns["client"], "address", "del", self.first.ipv6(2) + "/64", "dev", "wan1"])
        self.await_network(self.first, self.first.ipv4(2), self.first.ipv4(99))
        self.succeed("probe", flow_id)

    def test_memory_belongs_to_the_network_and_comes_back_with_it(self):
        self.lab.drop("ipv6", 5060, "tcp")
        self.assertEqual(self.first_attempt(), V6)
        self.assertEqual(self.first_attempt(), V4, "the dead family is known")
        self.assertEqual(self.first_attempt("--interface", self.second.name), V6, "of the other uplink nothing is")
        self.assertEqual(self.first_attempt("--interface", self.second.name), V4)

        self.move(self.first, 3)
        self.assertEqual(self.first_attempt(), V6, "another network: an empty memory")
        self.assertEqual(self.first_attempt("--interface", self.second.name), V4, "the other uplink's is untouched")

        self.move(self.first, 2)
        self.assertEqual(self.first_attempt(), V4, "the network is recognised")

    def test_a_storm_of_changes_is_survived(self):
        flow_id = self.acquire(URI, "--interface", self.first.name).json["flow_id"]
        kept = self.acquire(URI, "--interface", self.second.name).json["flow_id"]
        os.kill(self.process_id(), signal.SIGSTOP)
        try:
            storm = "".join(f"address {what} {self.first.ipv4(77)}/24 dev wan1\n" for _ in range(MANY)
                            for what in ("add", "del"))
            netns.run(["ip", "-n", self.lab.ns["client"], "-batch", "-"], input=storm)
            self.first.leave()
        finally:
            os.kill(self.process_id(), signal.SIGCONT)
        self.await_network(self.first)
        self.assertTrue(eventually(lambda: self.open_ids() == {kept}), self.broker.said())
        self.assertNotEqual(flow_id, kept)
        self.move(self.first, 2)
        self.assertEqual(self.local_of(), self.first.ipv6(2))

    def process_id(self):
        """`ip netns exec` becomes the program it runs."""
        return self.broker.process.pid


if __name__ == "__main__":
    main()
