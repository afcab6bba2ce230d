#!/usr/bin/env python3
"""Flow sets (SIP Outbound, RFC 5626 section 4): the broker keeps a flow to each of two proxies and says when to REGISTER.
On this host, with real sockets."""

import datetime
import json
import socket
import threading
import urllib.request

import flowbroker
from flowbroker import FlowSetEventKind as Kind
from flowbroker import FlowSetMemberState as State
from flowbroker import RegistrationOutcome as Outcome
from gateway import Gateway
from harness import PATIENCE, eventually
from local_daemon import LocalDaemonTest, main
from tenant import ALICE, TenantCase

ALLOW = ("--egress-allow", "127.0.0.0/8")


class Proxy:
    """An outbound proxy over TCP on a loopback address: answers pings, and every request as `answer` says."""

    def __init__(self, test, host, port=0):
        self.listener = socket.create_server((host, port))
        self.host, self.port = self.listener.getsockname()
        self.uri = f"sip:{self.host}:{self.port};transport=tcp"
        self.answer = "200 OK"
        self.requests = []
        self.connections = []
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        test.addCleanup(self.die)

    def die(self):
        """Resets every connection and refuses new ones."""
        for one in [self.listener, *self.connections]:
            try:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            one.close()
        self._thread.join()

    def is_connected(self):
        """Whether a connection is open at the other end."""
        return any(one.fileno() >= 0 for one in self.connections)

    def _serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections.append(connection)
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection):
        octets = b""
        while True:
            try:
                more = connection.recv(65536)
                octets += more
                while b"\r\n\r\n" in octets:
                    head, octets = octets.split(b"\r\n\r\n", 1)
                    connection.sendall(self._answer(head.decode()) if head.strip() else b"\r\n")
            except OSError:
                more = b""
            if not more:
                return connection.close()

    def _answer(self, request):
        self.requests.append(request)
        kept = [line for line in request.split("\r\n")[1:] if line.split(":")[0] in ("Via", "From", "To", "Call-ID", "CSeq")]
        return "\r\n".join([f"SIP/2.0 {self.answer}", *kept, "Content-Length: 0", "", ""]).encode()


class OutboundTest(LocalDaemonTest):
    def serve(self, *flags):
        self.daemon = self.start(*ALLOW, *flags)

    def two_proxies(self):
        return Proxy(self, "127.0.0.1"), Proxy(self, "127.0.0.2")

    def test_each_proxy_gets_a_flow_and_the_caller_is_told_to_register(self):  # O2
        self.serve()
        proxies = self.two_proxies()
        gateway = Gateway(self, [one.uri for one in proxies])
        self.assertEqual([gateway.register(1), gateway.register(2)], [200, 200])
        members = gateway.members()
        self.assertEqual([one.state for one in members], [State.REGISTERED] * 2)
        self.assertEqual([one.host for one in members], [one.host for one in proxies])
        self.assertNotEqual(members[0].flow_id, members[1].flow_id)
        for number, proxy in enumerate(proxies, 1):
            self.assertIn(f"reg-id={number}", proxy.requests[0])
            self.assertIn(gateway.set.instance_id, proxy.requests[0])

    def test_a_proxy_that_dies_is_told_and_the_other_flow_stays(self):  # O7
        self.serve()
        first, second = self.two_proxies()
        gateway = Gateway(self, [first.uri, second.uri])
        gateway.register(1)
        gateway.register(2)
        stays = gateway.members()[1].flow_id
        first.die()
        down = gateway.next(Kind.FLOW_DOWN, reg_id=1)
        self.assertIn(down.reason, ("reset", "closed_by_peer"))
        self.assertEqual(down.due, down.time, "the first try is at once")
        down = gateway.next(Kind.FLOW_DOWN, reg_id=1)
        self.assertEqual(down.reason, "refused")
        wait = down.due - down.time
        self.assertGreaterEqual(wait, datetime.timedelta(seconds=90), "50 to 100 % of 90 s * 2")
        self.assertLessEqual(wait, datetime.timedelta(seconds=181))
        waiting, up = gateway.members()
        self.assertEqual((waiting.state, waiting.failures, waiting.flow_id), (State.WAITING, 1, ""))
        self.assertEqual((up.state, up.flow_id), (State.REGISTERED, stays))

    def test_a_503_is_tried_again_after_its_time_over_a_new_flow(self):
        self.serve()
        first, second = self.two_proxies()
        first.answer = "503 Service Unavailable"
        gateway = Gateway(self, [first.uri, second.uri])
        old = gateway.flow_due(1)
        gateway.due[1] = old
        self.assertEqual(gateway.register(1), 503)
        down = gateway.next(Kind.FLOW_DOWN, reg_id=1)
        self.assertEqual((down.reason, down.flow_id), ("registration_refused", old))
        self.assertAlmostEqual((down.due - down.time).total_seconds(), 1, delta=0.01)
        first.answer = "200 OK"
        new = gateway.flow_due(1)
        self.assertNotEqual(new, old)
        gateway.due[1] = new
        self.assertEqual(gateway.register(1), 200)
        with self.assertRaises(flowbroker.NotFound):
            gateway.client.report_registration("trunk", 1, old, Outcome.ACCEPTED)

    def test_two_uris_of_one_proxy_are_two_flows(self):  # O2
        self.serve()
        proxy = Proxy(self, "127.0.0.1")
        gateway = Gateway(self, [proxy.uri, proxy.uri.replace("sip:", "sip:other@")])
        self.assertNotEqual(gateway.flow_due(1), gateway.flow_due(2))
        # Nor is either given to somebody else.
        acquired = gateway.client.acquire(proxy.uri)
        self.assertNotIn(acquired.flow_id, [one.flow_id for one in gateway.members()])

    def test_a_deleted_set_closes_its_flows(self):
        self.serve()
        gateway = Gateway(self, [one.uri for one in self.two_proxies()])
        gateway.flow_due(2)
        gateway.client.delete_flow_set("trunk")
        gateway.next(Kind.DELETED)
        self.assertTrue(eventually(lambda: not gateway.client.list_flows()))
        self.assertEqual(gateway.client.list_flow_sets(), [])
        with self.assertRaises(flowbroker.NotFound):
            gateway.client.watch_flow_set("trunk")

    def test_what_is_wrong_is_named(self):
        self.serve()
        client = flowbroker.Client(self.daemon.address, default_timeout=PATIENCE)
        self.addCleanup(client.close)
        good = ["sip:127.0.0.1:9", "sip:127.0.0.2:9"]
        for field, name, uris, fields in (("name", "", good, {}), ("uris", "x", good[:1], {}), ("uris", "x", good * 3, {}),
                                          ("uris", "x", [good[0], good[0]], {}), ("uris", "x", [good[0], "http://a"], {}),
                                          ("instance_id", "x", good, {"instance_id": "no urn"})):
            with self.subTest(field=field, uris=uris), self.assertRaises(flowbroker.InvalidArgument) as refused:
                client.ensure_flow_set(name, uris, **fields)
            self.assertEqual(refused.exception.field, field)
        client.ensure_flow_set("x", good)
        with self.assertRaises(flowbroker.InvalidArgument):
            client.ensure_flow_set("x", good[::-1])
        self.assertEqual([one.uri for one in client.ensure_flow_set("x", good[::-1], replace=True).members], good[::-1])

    def test_the_calls_are_served_as_json_too(self):
        self.serve()
        proxies = self.two_proxies()
        body = json.dumps({"name": "trunk", "uris": [one.uri for one in proxies]})
        status, text = self.post("OutboundService/EnsureFlowSet", body)
        self.assertEqual(status, 200, text)
        self.assertEqual(len(json.loads(text)["flowSet"]["members"]), 2)
        self.assertEqual(json.loads(self.post("OutboundService/ListFlowSets", "{}")[1])["flowSets"][0]["name"], "trunk")

    def post(self, call, body):
        request = urllib.request.Request(f"http://{self.daemon.places['admin']}/v1/{call}", body.encode(),
                                         {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return answer.status, answer.read().decode()


    def test_a_proxy_that_returns_gets_its_flow_again(self):  # O7
        self.serve("--flow-set-retry-some-up", "1s")
        first, second = self.two_proxies()
        gateway = Gateway(self, [first.uri, second.uri])
        gateway.register(1)
        first.die()
        down = gateway.next(Kind.FLOW_DOWN, reg_id=1)
        self.assertLessEqual(down.due - down.time, datetime.timedelta(seconds=2))
        returned = Proxy(self, first.host, first.port)
        due = gateway.next(Kind.NEEDS_REGISTER, reg_id=1)
        self.assertEqual(due.reason, "new_flow")
        gateway.due[1] = due.flow_id
        self.assertEqual(gateway.register(1), 200)
        self.assertEqual(len(returned.requests), 1)

    def test_a_flow_that_the_operator_closes_is_replaced(self):
        self.serve("--flow-set-retry-some-up", "1s")
        gateway = Gateway(self, [one.uri for one in self.two_proxies()])
        closed = gateway.flow_due(1)
        gateway.client.release(closed)
        self.assertEqual(gateway.client.get_flow(closed).flow_id, closed, "it is the set's, not the caller's")
        gateway.client.close_flow(closed)
        self.assertEqual(gateway.next(Kind.FLOW_DOWN, reg_id=1).reason, "closed_by_owner")
        self.assertNotEqual(gateway.next(Kind.NEEDS_REGISTER, reg_id=1).flow_id, closed)

    def test_a_watch_resumes_where_it_ended(self):
        self.serve()
        proxies = self.two_proxies()
        gateway = Gateway(self, [one.uri for one in proxies])
        gateway.flow_due(1)
        gateway.flow_due(2)
        seen = gateway.watch.last_sequence
        gateway.watch.close()
        proxies[0].die()
        eventually(lambda: gateway.members()[0].state == State.WAITING)
        with gateway.client.watch_flow_set("trunk", after_sequence=seen) as resumed:
            self.assertEqual(resumed.receive(PATIENCE).kind, Kind.FLOW_DOWN)
        with self.assertRaises(flowbroker.BrokerError) as gone:
            gateway.client.watch_flow_set("trunk", after_sequence=10**6)
        self.assertEqual(gone.exception.code.name, "OUT_OF_RANGE")


class OutboundStateTest(LocalDaemonTest):
    """The file of flow sets."""

    def serve(self, *flags):
        self.file = self.path("sets")
        self.daemon = self.start(*ALLOW, "--flow-set-state-file", self.file, *flags)

    def client(self):
        """With a connection to the daemon of now."""
        client = flowbroker.Client(self.daemon.address, default_timeout=PATIENCE)
        self.addCleanup(client.close)
        return client

    def test_instance_and_reg_ids_are_the_same_after_a_restart(self):  # O1, O2
        proxies = Proxy(self, "127.0.0.1"), Proxy(self, "127.0.0.2")
        uris = [one.uri for one in proxies]
        self.serve()
        first = Gateway(self, uris)
        first.register(1)
        self.stop(self.daemon)
        self.assertTrue(eventually(lambda: not proxies[0].is_connected()), "its flows end with the broker")
        self.serve()
        again = Gateway(self, uris)
        self.assertEqual(again.set.instance_id, first.set.instance_id)
        self.assertEqual([(one.reg_id, one.uri) for one in again.set.members], [(1, uris[0]), (2, uris[1])])
        self.assertEqual([again.register(1), again.register(2)], [200, 200])
        self.assertIn(first.set.instance_id, proxies[1].requests[-1])

    def test_what_was_answered_survives_a_kill_and_what_was_deleted_does_not(self):  # O1
        self.serve()
        client = self.client()
        sets = {name: client.ensure_flow_set(name, ["sip:127.0.0.1:9", "sip:127.0.0.2:9"]) for name in "abc"}
        client.delete_flow_set("b")
        self.daemon.process.kill()
        self.daemon.process.wait()
        self.serve()
        kept = {one.name: one.instance_id for one in self.client().list_flow_sets()}
        self.assertEqual(kept, {name: sets[name].instance_id for name in "ac"})

    def test_a_damaged_file_keeps_it_from_starting_and_is_left_alone(self):
        self.serve()
        self.client().ensure_flow_set("trunk", ["sip:127.0.0.1:9", "sip:127.0.0.2:9"])
        self.stop(self.daemon)
        with open(self.file) as file:
            damaged = file.read().replace("127.0.0.2", "127.0.0.3")
        self.write("sets", damaged)
        refused = self.run_to_end("--listen", f"unix:{self.path('s')}", "--flow-set-state-file", self.file)
        self.assertEqual(refused.returncode, 1)
        self.assertIn(f"{self.file}: ", refused.stderr)
        self.assertIn("checksum", refused.stderr)
        with open(self.file) as file:
            self.assertEqual(file.read(), damaged)

    def test_a_place_where_nothing_can_be_written_is_told(self):
        for check in ((), ("--check-config",)):
            refused = self.run_to_end("--listen", f"unix:{self.path('s')}", "--flow-set-state-file", self.path("no/where"), *check)
            self.assertNotEqual(refused.returncode, 0)
            self.assertIn("flow-set-state-file", refused.stderr)

    def test_a_drain_takes_no_new_set_and_keeps_those_there(self):
        proxies = Proxy(self, "127.0.0.1"), Proxy(self, "127.0.0.2")
        self.serve()
        gateway = Gateway(self, [one.uri for one in proxies])
        flow = gateway.flow_due(1)
        self.daemon.http("/drain", "POST")
        with self.assertRaises(flowbroker.Unavailable):
            gateway.client.ensure_flow_set("other", ["sip:127.0.0.1:9", "sip:127.0.0.2:9"])
        self.assertEqual(gateway.members()[0].flow_id, flow)
        gateway.client.report_registration("trunk", 1, flow, Outcome.ACCEPTED)


class OutboundLimitTest(LocalDaemonTest):
    def test_a_full_number_of_sets_is_a_limit_that_is_counted(self):
        daemon = self.start(*ALLOW, "--max-flow-sets", "1")
        client = flowbroker.Client(daemon.address, default_timeout=PATIENCE)
        self.addCleanup(client.close)
        uris = ["sip:127.0.0.1:9", "sip:127.0.0.2:9"]
        client.ensure_flow_set("one", uris)
        with self.assertRaises(flowbroker.ResourceExhausted):
            client.ensure_flow_set("two", uris)
        client.ensure_flow_set("one", uris)
        self.assertEqual(daemon.metric('flowbroker_limits_hit_total{limit="flow_sets"}'), 1)
        self.assertEqual(daemon.metric("flowbroker_flow_sets"), 1)
        self.assertGreaterEqual(daemon.metric('flowbroker_flow_set_events_total{kind="flow_down"}'), 0)


class OutboundTenantTest(TenantCase):
    def test_a_tenant_has_names_flows_and_limits_of_its_own(self):
        self.serve(*ALLOW, "--tenant-flow-sets", "1")
        alice, bob = self.client("alice"), self.client("bob")
        uris = [Proxy(self, "127.0.0.1").uri, Proxy(self, "127.0.0.2").uri]
        hers = alice.ensure_flow_set("trunk", uris)
        self.assertEqual(hers.tenant, ALICE)
        flow = eventually(lambda: alice.get_flow_set("trunk").members[0].flow_id)
        for call in (lambda: bob.get_flow_set("trunk"), lambda: bob.delete_flow_set("trunk"), lambda: bob.watch_flow_set("trunk"),
                     lambda: bob.report_registration("trunk", 1, flow, Outcome.REFUSED), lambda: bob.get_flow(flow)):
            with self.assertRaises(flowbroker.NotFound):
                call()
        self.assertEqual(bob.list_flow_sets(), [])
        his = bob.ensure_flow_set("trunk", uris[::-1])
        self.assertNotEqual(his.instance_id, hers.instance_id)
        with self.assertRaises(flowbroker.ResourceExhausted):
            alice.ensure_flow_set("second", uris)
        with bob.watch_flow_set("trunk") as watch:
            watch.receive(PATIENCE)
            alice.delete_flow_set("trunk")
            bob.delete_flow_set("trunk")
            seen = []
            while not seen or seen[-1].kind != Kind.DELETED:
                seen.append(watch.receive(PATIENCE))
            self.assertEqual([one.kind for one in seen].count(Kind.DELETED), 1)
        alice.ensure_flow_set("trunk", uris)
        self.assertEqual([one.tenant for one in self.operator().list_flow_sets()], [ALICE])


if __name__ == "__main__":
    main()
