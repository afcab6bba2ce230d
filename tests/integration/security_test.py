#!/usr/bin/env python3
"""gRPC over mTLS: who gets in, as whom, and what one tenant can do to another."""

import json
import os
import signal
import socket
import ssl
import subprocess
import threading
import warnings

from deaf_caller import deaf_call
from harness import BROKER_UNREACHABLE, NOT_FOUND, OK, PATIENCE, RESOURCE_EXHAUSTED, Answer, eventually, program
from local_daemon import LocalDaemonTest, main

OTHER = 1  # flowctl's exit code for what no script has to tell apart
ALICE = "spiffe://example.org/ns/sip/sa/alice"
BOB = "bob.example.org"
OPTIONS = (
    "OPTIONS sip:{0} SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1;branch=z9hG4bK1\r\nMax-Forwards: 70\r\nFrom: <sip:a@b>;tag=1\r\n"
    "To: <sip:{0}>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
)


class SipPeer:
    """Takes TCP connections on loopback and keeps what comes in."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.listener.getsockname()[1]}"
        self.received = b""
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._read, args=[connection], daemon=True).start()

    def _read(self, connection):
        with connection:
            while octets := connection.recv(4096):
                self.received += octets

    def close(self):
        self.listener.close()


class SecurityTest(LocalDaemonTest):
    def setUp(self):
        super().setUp()
        self.peer = SipPeer()
        self.addCleanup(self.peer.close)
        self.uri = f"sip:{self.peer.address};transport=tcp"
        self.authority("ca")
        self.authority("foreign")
        self.issue("server", "DNS:localhost,IP:127.0.0.1", usage="serverAuth")
        self.issue("alice", f"URI:{ALICE}")
        self.issue("bob", f"DNS:{BOB},DNS:console.example.org")

    # Certificates

    def openssl(self, *arguments, text=""):
        done = subprocess.run(["openssl", *arguments], input=text, capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)

    def authority(self, name):
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                     "-subj", "/CN=authority", "-keyout", self.path(f"{name}.key"), "-out", self.path(f"{name}.pem"))

    def issue(self, name, names, usage="clientAuth", by="ca", days=2):
        """A certificate of a common name that is an operator's, which must not matter."""
        self.openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                     "-subj", "/CN=console.example.org", "-keyout", self.path(f"{name}.key"),
                     "-out", self.path(f"{name}.csr"))
        extensions = f"extendedKeyUsage={usage}\n" + (f"subjectAltName={names}\n" if names else "")
        self.openssl("x509", "-req", "-in", self.path(f"{name}.csr"), "-CA", self.path(f"{by}.pem"),
                     "-CAkey", self.path(f"{by}.key"), "-CAcreateserial", "-days", str(days),
                     "-extfile", self.write(f"{name}.cnf", extensions), "-out", self.path(f"{name}.pem"))

    # The daemon and its callers

    def serve(self, *flags):
        self.daemon = self.start(
            "--listen", "127.0.0.1:0", "--grpc-certificate-file", self.path("server.pem"), "--grpc-private-key-file",
            self.path("server.key"), "--grpc-client-ca-file", self.path("ca.pem"), "--egress-allow", "127.0.0.0/8", *flags)
        self.tcp = self.daemon.places["grpc"].split(",")[1]

    def command(self, name, *arguments):
        return [program("flowctl"), "--address", self.tcp, "--tls-ca-file", self.path("ca.pem"), "--tls-certificate-file",
                self.path(f"{name}.pem"), "--tls-private-key-file", self.path(f"{name}.key"), "--json", *arguments]

    def run_as(self, name, *arguments, **options):
        return Answer(subprocess.run(self.command(name, *arguments), capture_output=True, text=True,
                                     timeout=60, **options))

    def local(self, *arguments):
        return Answer(subprocess.run([program("flowctl"), "--address", self.daemon.address, "--json", *arguments],
                                     capture_output=True, text=True, timeout=60))

    def do(self, name, *arguments, **options):
        answer = self.run_as(name, *arguments, **options)
        self.assertEqual(answer.code, OK, answer.text + self.daemon.said())
        return answer

    def watch(self, name):
        """flowctl watch, once it watches."""
        watch = subprocess.Popen(self.command(name, "watch"), stdout=subprocess.PIPE, text=True)
        self.addCleanup(watch.wait)
        self.addCleanup(watch.stdout.close)
        self.addCleanup(watch.kill)
        self.assertEqual(json.loads(watch.stdout.readline()).get("events", []), [])
        return watch

    @staticmethod
    def first_events(watch):
        """Those of the next answer, whenever it comes."""
        return json.loads(watch.stdout.readline())["events"]

    def connect(self, name):
        """A connection of that caller that speaks HTTP/2 itself."""
        context = ssl.create_default_context(cafile=self.path("ca.pem"))
        context.set_alpn_protocols(["h2"])
        context.load_cert_chain(self.path(f"{name}.pem"), self.path(f"{name}.key"))
        host, port = self.tcp.rsplit(":", 1)
        connection = context.wrap_socket(socket.create_connection((host, int(port)), timeout=PATIENCE), server_hostname=host)
        self.addCleanup(connection.close)
        return connection

    def handshake(self, *, minimum=None, maximum=None, certificate=None):
        """What a TLS client hears that then waits for HTTP/2 to begin: the version, or an error."""
        context = ssl.create_default_context(cafile=self.path("ca.pem"))
        context.set_alpn_protocols(["h2"])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            if maximum:
                context.set_ciphers("ALL:@SECLEVEL=0")
                context.minimum_version = minimum
                context.maximum_version = maximum
        if certificate:
            context.load_cert_chain(self.path(f"{certificate}.pem"), self.path(f"{certificate}.key"))
        host, port = self.tcp.rsplit(":", 1)
        with socket.create_connection((host, int(port)), timeout=PATIENCE) as plain:
            with context.wrap_socket(plain, server_hostname=host) as tls:
                if not tls.recv(1):
                    raise ConnectionError("closed")
                return tls.version()

    # Who gets in

    def test_tls_13_and_12_are_spoken_and_nothing_older(self):
        self.serve()
        self.assertEqual(self.handshake(certificate="alice"), "TLSv1.3")
        version = ssl.TLSVersion
        self.assertEqual(self.handshake(certificate="alice", minimum=version.TLSv1_2, maximum=version.TLSv1_2), "TLSv1.2")
        with self.assertRaises(OSError):
            self.handshake(certificate="alice", minimum=version.TLSv1, maximum=version.TLSv1_1)

    def test_nobody_gets_in_without_a_certificate(self):
        self.serve()
        with self.assertRaises(OSError):
            self.handshake()

    def test_nobody_gets_in_with_a_certificate_of_others_or_for_something_else_or_of_yesterday(self):
        self.issue("stranger", f"URI:{ALICE}", by="foreign")
        self.issue("server-only", f"URI:{ALICE}", usage="serverAuth")
        self.issue("late", f"URI:{ALICE}", days=-1)
        self.serve()
        for name in ("stranger", "server-only", "late"):
            with self.subTest(name):
                self.assertEqual(self.run_as(name, "--timeout", "5", "flows").code, BROKER_UNREACHABLE)
        self.do("alice", "flows")

    def test_a_certificate_that_names_nobody_is_told_what_it_lacks(self):
        self.issue("nobody", "")
        self.issue("wildcard", "DNS:*.example.org")
        self.issue("two", f"URI:{ALICE},URI:spiffe://example.org/other")
        self.serve("--operators", "console.example.org")
        for name in ("nobody", "wildcard", "two"):
            with self.subTest(name):
                answer = self.run_as(name, "flows")
                self.assertEqual((answer.code, answer.error["code"]), (OTHER, "UNAUTHENTICATED"), answer.text)
                self.assertIn("issue one", answer.error["message"])

    def test_a_port_is_not_open_to_everybody_unless_asked_for(self):
        done = self.run_to_end("--listen", "127.0.0.1:0")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("grpc-plaintext", done.stderr)
        daemon = self.start("--listen", "127.0.0.1:0", "--grpc-plaintext", "on")
        self.assertIn("not encrypted", daemon.event("exposed")["detail"])

    # What a tenant can do

    def flows(self, name):
        return self.do(name, "flows").json["flows"]

    def flow_of(self, name, *arguments):
        return self.do(name, "acquire", self.uri, *arguments).json["flow_id"]

    def test_a_tenant_is_who_its_certificate_says(self):
        self.serve()
        self.flow_of("alice")
        self.flow_of("bob")
        flows = self.local("flows").json["flows"]
        self.assertEqual(sorted(one["tenant"] for one in flows), sorted([ALICE, BOB]), flows)

    def test_a_flow_of_another_tenant_does_not_exist(self):
        self.serve()
        flow = self.flow_of("alice")
        self.assertNotEqual(self.flow_of("bob"), flow)
        for arguments in (("flows", flow), ("close", flow), ("release", flow), ("probe", flow)):
            with self.subTest(arguments[0]):
                answer = self.run_as("bob", *arguments)
                self.assertEqual((answer.code, answer.error["failure"]), (NOT_FOUND, "unknown_flow"), answer.text)
        self.assertEqual(self.do("bob", "report", flow).json["known_flow"], False)
        self.assertEqual([one["flow_id"] for one in self.flows("alice")], [flow])
        self.assertNotIn(flow, [one["flow_id"] for one in self.flows("bob")])

    def test_nothing_is_sent_on_a_flow_of_another_tenant(self):
        self.serve()
        flow = self.flow_of("alice")
        message = self.write("message", OPTIONS.format(self.peer.address).replace("\r\n", "\n"))
        sent = ("--file", message, "--crlf")
        refused = self.run_as("bob", "send", flow, *sent, "--wait", "2", "--count", "1")
        self.assertNotEqual(refused.code, OK, refused.text)
        self.assertIn("unknown_flow", refused.text)
        self.assertEqual(self.peer.received, b"")
        self.do("alice", "send", flow, *sent)
        self.assertTrue(eventually(lambda: self.peer.received.startswith(b"OPTIONS")))

    def test_a_request_id_of_another_tenant_leads_to_nothing(self):
        self.serve()
        flow = self.flow_of("alice", "--request-id", "call-1", "--exclusive")
        self.assertEqual(self.flow_of("alice", "--request-id", "call-1", "--exclusive"), flow)
        self.assertNotEqual(self.flow_of("bob", "--request-id", "call-1", "--exclusive"), flow)

    def test_races_and_events_of_another_tenant_are_not_shown(self):
        self.serve()
        watch = self.watch("bob")
        flow = self.flow_of("alice")
        self.assertEqual(self.do("bob", "races").json["races"], [])
        self.assertEqual(len(self.do("alice", "races").json["races"]), 1)
        self.assertEqual(len(self.local("races").json["races"]), 1)
        self.do("alice", "close", flow)
        self.flow_of("bob")  # after all of alice's events
        self.assertEqual({event["flow"]["tenant"] for event in self.first_events(watch)}, {BOB})

    def test_only_operators_reset_memory_and_the_common_name_makes_none(self):
        self.issue("console", "DNS:Console.example.org")
        self.serve("--operators", "console.example.org")
        flow = self.flow_of("alice")
        for name in ("alice", "bob"):
            answer = self.run_as(name, "reset", "--all")
            self.assertEqual((answer.code, answer.error["code"]), (OTHER, "PERMISSION_DENIED"), answer.text)
        self.assertEqual([one["tenant"] for one in self.flows("console")], [ALICE])
        self.do("console", "reset", "--all")
        self.do("console", "close", flow)
        self.assertEqual(self.flows("alice"), [])

    # Limits

    def limited(self, name, setting, *arguments):
        answer = self.run_as(name, *arguments)
        self.assertEqual(answer.code, RESOURCE_EXHAUSTED, answer.text)
        self.assertIn(setting, answer.error["message"])

    def test_the_rate_of_one_tenant_is_not_that_of_another(self):
        self.serve("--tenant-calls-per-second", "1")
        outcomes = set()
        while len(outcomes) < 2:  # a busy machine may take a second for a call
            calls = [subprocess.Popen(self.command("alice", "flows"), stdout=subprocess.PIPE, text=True) for _ in range(4)]
            for call in calls:
                said = call.communicate()[0]
                outcomes.add(call.returncode)
                if call.returncode != OK:
                    self.assertIn("tenant-calls-per-second", said)
        self.assertEqual(outcomes, {OK, RESOURCE_EXHAUSTED})
        self.do("bob", "flows")
        self.assertGreater(self.daemon.metric('flowbroker_limits_hit_total{limit="tenant_rate"}'), 0)

    def test_calls_in_flight_and_streams_of_one_tenant_are_limited(self):
        silent = self.silent_dns_server()
        self.serve("--tenant-calls-in-flight", "1", "--tenant-streams", "1", "--dns-servers",
                   f"127.0.0.1:{silent.getsockname()[1]}")
        call = subprocess.Popen(self.command("alice", "--timeout", "60", "acquire", "sip:silent.example"),
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(call.wait)
        self.addCleanup(call.kill)
        silent.settimeout(PATIENCE)
        silent.recv(512)
        self.limited("alice", "tenant-calls-in-flight", "flows")
        self.watch("alice")
        self.limited("alice", "tenant-streams", "watch")
        self.do("bob", "flows")

    def test_who_never_reads_an_answer_holds_his_place_until_his_connection_is_old(self):
        self.serve("--tenant-calls-in-flight", "1", "--grpc-connection-age", "2s", "--grpc-connection-age-grace", "1s")
        deaf_call(self.connect("alice"), "/flowbroker.v1.FlowService/ListFlows")
        self.assertTrue(eventually(lambda: self.run_as("alice", "flows").code == RESOURCE_EXHAUSTED))
        self.assertTrue(eventually(lambda: self.run_as("alice", "flows").code == OK), self.daemon.said())

    def test_a_stream_ends_when_its_connection_is_old_and_resumes_on_the_next_one(self):
        self.serve("--grpc-connection-age", "500ms", "--grpc-connection-age-grace", "3s")
        watch = self.watch("alice")
        flow = self.flow_of("alice")
        opened = self.first_events(watch)[-1]
        self.assertEqual(watch.wait(PATIENCE), BROKER_UNREACHABLE)
        self.do("alice", "close", flow)
        again = self.do("alice", "watch", "--after", opened["sequence"], "--count", "1")
        self.assertEqual([event["kind"] for event in again.json["events"]], ["FLOW_EVENT_KIND_CLOSED"])

    def test_limits_and_operators_change_while_it_runs(self):
        config = self.write("config.yaml", "tenant-calls-per-second: 1\n")
        self.serve("--config", config)
        self.assertEqual(self.run_as("bob", "reset", "--all").error["code"], "PERMISSION_DENIED")
        self.write("config.yaml", f"operators: [{BOB}]\n")
        self.daemon.signal(signal.SIGHUP)
        self.assertTrue(eventually(lambda: self.run_as("bob", "reset", "--all").code == OK), self.daemon.said())

    # Rotation

    def install(self, certificate, key):
        os.replace(certificate, self.path("server.pem"))
        os.replace(key, self.path("server.key"))

    def served(self):
        context = ssl.create_default_context(cafile=self.path("ca.pem"))
        context.load_cert_chain(self.path("alice.pem"), self.path("alice.key"))
        host, port = self.tcp.rsplit(":", 1)
        with socket.create_connection((host, int(port)), timeout=PATIENCE) as plain:
            with context.wrap_socket(plain, server_hostname=host) as tls:
                return tls.getpeercert()["serialNumber"]

    def test_a_new_pair_is_used_by_new_connections_and_a_wrong_one_by_none(self):
        self.serve("--certificate-check-interval", "0")
        first = self.served()
        watch = self.watch("alice")

        self.issue("other", "DNS:localhost,IP:127.0.0.1", usage="serverAuth")
        self.issue("another", "DNS:localhost,IP:127.0.0.1", usage="serverAuth")
        self.install(self.path("other.pem"), self.path("another.key"))
        self.daemon.signal(signal.SIGHUP)
        self.assertTrue(eventually(lambda: "does not belong to the certificate" in self.daemon.said()), self.daemon.said())
        self.assertEqual(self.served(), first)
        self.do("alice", "flows")

        os.replace(self.path("other.key"), self.path("server.key"))
        self.daemon.signal(signal.SIGHUP)
        self.assertTrue(eventually(lambda: self.served() != first), self.daemon.said())
        self.flow_of("alice")
        self.assertTrue(self.first_events(watch), "a stream of before goes on")


if __name__ == "__main__":
    main()
