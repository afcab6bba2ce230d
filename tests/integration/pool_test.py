#!/usr/bin/env python3
"""Flows and their pool (H6 H11 H12, S1 S8): sharing, ending, limits, events."""

import subprocess
import threading

from harness import NOT_FOUND, OK, RESOURCE_EXHAUSTED, UNAVAILABLE, V4, V6, BrokerTest, eventually, main, next_event
from rogue_peer import RoguePeer, reset

URI = "sip:dual.example.test;transport=tcp"


class PoolTest(BrokerTest):
    def test_a_second_acquire_comes_from_the_pool(self):
        for uri in (URI, "sip:tls.example.test", "sip:dual.example.test;transport=udp"):
            first, second = self.acquire(uri), self.acquire(uri)
            self.assertEqual((first.source, second.source), ("RACED", "POOLED"))
            self.assertEqual(first.json["flow_id"], second.json["flow_id"])
            self.assertEqual(second.attempts, [])

    def test_other_names_of_a_place_get_its_flow(self):  # O3
        for transport in ("tcp", "udp"):
            first = self.acquire(f"sip:dual.example.test;transport={transport}")
            for host in (f"[{V6}]", *(f"name{n}.example.test;maddr=[{V6}]" for n in range(5))):  # of whichever shards
                other = self.acquire(f"sip:{host};transport={transport}")
                self.assertEqual((other.source, other.json["flow_id"]), ("POOLED", first.json["flow_id"]), other.text)

    def test_a_target_with_a_flow_goes_before_a_better_one_without(self):  # S1
        first = self.acquire("sip:v4.example.test;transport=tcp")
        self.succeed("resolve", URI)  # so that the IPv4 address is known as early as the IPv6 one
        other = self.acquire(URI)
        self.assertEqual((other.source, other.json["flow_id"]), ("POOLED", first.json["flow_id"]), other.text)

    def test_equal_acquires_in_flight_share_one_race(self):
        self.lab.set_rtt(1000)
        racing = [subprocess.Popen(self.broker.command("acquire", URI), stdout=subprocess.DEVNULL) for _ in range(5)]
        self.assertEqual([one.wait() for one in racing], [OK] * 5)
        self.assertEqual(len(self.broker.flows()), 1)

    def test_groups_local_addresses_and_exclusive_callers_do_not_share(self):
        ids = {self.acquire(URI, *flags).json["flow_id"] for flags in (
            (), ("--group", "other"), ("--local-address", "192.0.2.2"), ("--exclusive",), ("--exclusive",))}
        self.assertEqual(len(ids), 5)

    def test_local_address_is_used(self):
        flow = self.acquire(URI, "--local-address", "2001:db8:1::2").json
        self.assertEqual((flow["local"]["address"], flow["remote"]["address"]), ("2001:db8:1::2", V6))
        flow = self.acquire(URI, "--interface", "lab0").json
        self.assertEqual(flow["remote"]["address"], V6)

    def test_an_equal_request_id_gets_the_same_exclusive_flow(self):
        once = self.acquire(URI, "--exclusive", "--request-id", "r1").json["flow_id"]
        again = self.acquire(URI, "--exclusive", "--request-id", "r1").json["flow_id"]
        other = self.acquire(URI, "--exclusive", "--request-id", "r2").json["flow_id"]
        self.assertEqual(once, again)
        self.assertNotEqual(once, other)

    def test_warm_prepares_a_flow(self):
        self.assertFalse(self.succeed("warm", URI).json["already_warm"])
        self.assertTrue(eventually(self.broker.flows))
        self.assertTrue(self.succeed("warm", URI).json["already_warm"])
        self.assertEqual(self.acquire(URI).source, "POOLED")

    def test_release_closes_exclusive_flows_only(self):
        shared, own = self.acquire(URI).json["flow_id"], self.acquire(URI, "--exclusive").json["flow_id"]
        self.succeed("release", shared)
        self.succeed("release", own)
        self.assertEqual([flow["flow_id"] for flow in self.broker.flows()], [shared])

    def test_a_flow_the_peer_ends_leaves_the_pool_and_is_reported(self):
        peer = RoguePeer(self.lab)
        self.addCleanup(peer.close)
        for end, reason in ((lambda one: one.close(), "closed_by_peer"), (reset, "reset")):
            watch = self.watch()
            flow_id = self.acquire(peer.uri).json["flow_id"]
            self.assertEqual(next_event(watch)["kind"], "FLOW_EVENT_KIND_OPENED")
            end(peer.accept())
            event = next_event(watch)
            self.assertEqual((event["kind"], event["reason"]), ("FLOW_EVENT_KIND_CLOSED", reason))
            self.assertEqual(event["flow"]["flow_id"], flow_id)
            self.assertEqual(self.broker.flows(), [])
            self.fail_to(NOT_FOUND, "flows", flow_id)

    def test_an_icmp_error_ends_a_udp_flow(self):
        flow_id = self.acquire("sip:dual.example.test;transport=udp").json["flow_id"]
        watch = self.watch()
        self.lab.unreachable("ipv6", "port", proto="udp")
        self.broker.flowctl("probe", flow_id)
        self.assertEqual(next_event(watch)["reason"], "refused")
        self.assertEqual(self.acquire("sip:dual.example.test;transport=udp").remote[1], V4)

    def test_a_watch_can_be_resumed(self):
        for _ in range(3):
            self.acquire(URI, "--exclusive")
        watch = self.watch("--after", "1")
        self.assertEqual([next_event(watch)["sequence"] for _ in range(1)], ["2"])

    def test_probe_tells_the_living_from_the_dead(self):
        self.restart("--probe-timeout", "1s")
        for uri in (URI, "sip:tls.example.test", "sip:dual.example.test;transport=udp"):
            flow_id = self.acquire(uri).json["flow_id"]
            self.assertTrue(self.succeed("probe", flow_id).json["alive"])
            self.lab.drop("all")
            answer = self.broker.flowctl("probe", flow_id, timeout=5)
            self.assertEqual(answer.code, UNAVAILABLE, answer.text)
            self.lab.clear()
            self.assertTrue(eventually(lambda: flow_id not in str(self.broker.flows())))

    def test_an_old_flow_is_probed_and_a_dead_one_replaced(self):
        self.restart("--flow-fresh-for", "1ms")
        first = self.acquire(URI)
        second = self.acquire(URI)
        self.assertEqual(second.source, "PROBED", second.text)
        self.assertEqual(first.json["flow_id"], second.json["flow_id"])
        self.lab.drop("ipv6")
        third = self.acquire(URI)
        self.assertEqual(third.remote, ("TCP", V4, 5060), third.text)

    def test_an_idle_flow_is_closed(self):
        self.restart("--flow-idle-timeout", "300ms")
        watch = self.watch()
        self.acquire(URI)
        self.assertEqual(next_event(watch)["kind"], "FLOW_EVENT_KIND_OPENED")
        self.assertEqual(next_event(watch)["reason"], "idle")

    def test_limits_are_resource_exhausted(self):
        self.restart("--max-flows", "3", "--max-flows-per-target", "2")
        self.acquire("sip:192.0.2.10;transport=tcp", "--exclusive")
        self.acquire("sip:192.0.2.10;transport=tcp", "--exclusive")
        self.fail_to(RESOURCE_EXHAUSTED, "acquire", "sip:192.0.2.10;transport=tcp", "--exclusive")
        self.acquire("sip:192.0.2.11;transport=tcp", "--exclusive")
        self.fail_to(RESOURCE_EXHAUSTED, "acquire", "sip:192.0.2.12;transport=tcp", "--exclusive")

    def test_many_flows_come_and_go_without_a_descriptor_left(self):
        self.acquire(URI)
        self.broker.close_all()
        before = self.broker.descriptors()

        def acquire_some(group):
            for uri in (URI, "sip:tls.example.test", "sip:dual.example.test;transport=udp"):
                self.broker.flowctl("acquire", uri, "--group", group)

        threads = [threading.Thread(target=acquire_some, args=(f"group{n}",)) for n in range(12)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        self.assertEqual(len(self.broker.flows()), 36)
        self.broker.close_all()
        self.assertTrue(eventually(lambda: self.broker.descriptors() <= before), self.broker.descriptors())


if __name__ == "__main__":
    main()
