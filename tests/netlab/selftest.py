#!/usr/bin/env python3
"""Does the lab do what it says? Exit code 77 where none can be made (1 with CI=true)."""

import contextlib
import errno
import os
import socket
import ssl
import struct
import sys
import time
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from lab import Lab, LabError, why_impossible  # noqa: E402
from lab import daemons, netns  # noqa: E402

V4, V6 = "192.0.2.10", "2001:db8:1::10"
OPTIONS = (
    "OPTIONS sip:dual.example.test SIP/2.0\r\nVia: SIP/2.0/{via} client.example.test;branch=z9hG4bK1;rport\r\n"
    "From: <sip:a@example.test>;tag=1\r\nTo: <sip:dual.example.test>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\n"
    "Max-Forwards: 0\r\nContent-Length: 0\r\n\r\n"
)


def family(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def question(name, kind, edns=True):
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.rstrip(".").split("."))
    opt = b"\0" + struct.pack(">HHIH", 41, 1232, 0, 0) if edns else b""
    return struct.pack(">6H", 7, 0, 1, 0, 0, 1 if edns else 0) + labels + b"\0" + struct.pack(">HH", kind, 1) + opt


class LabTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.lab = Lab(f"self-{os.getpid()}")
        cls.addClassCleanup(cls.lab.down)
        cls.lab.up(rtt_ms=20, owner=os.getpid())

    def tearDown(self):
        self.lab.clear()

    def open(self, address, kind=socket.SOCK_STREAM, timeout=2.0, side="client"):
        with self.lab.inside(side):
            one = socket.socket(family(address), kind)
        one.settimeout(timeout)
        self.addCleanup(one.close)
        return one

    def connect(self, address, port=5060, timeout=2.0):
        """A connected socket and the milliseconds it took."""
        one = self.open(address, timeout=timeout)
        start = time.monotonic()
        one.connect((address, port))
        return one, (time.monotonic() - start) * 1000

    def handshake(self, connection, host="dual.example.test"):
        context = ssl.create_default_context(cafile=f"{self.lab.state}/ca.pem")
        one = context.wrap_socket(connection, server_hostname=host)
        self.addCleanup(one.close)
        return one

    def ask(self, name, kind, server="127.0.0.1", edns=True):
        asker = self.open(server, socket.SOCK_DGRAM)
        asker.sendto(question(name, kind, edns), (server, 5300))
        return asker.recv(65536)


class LinkTest(LabTest):
    def test_round_trip_time_is_what_was_set(self):
        for address in (V4, V6):
            # The quickest of them: a busy machine makes the others slower, none of them quicker.
            best = min(self.connect(address)[1] for _ in range(15))
            self.assertGreaterEqual(best, 20.0)
            self.assertLess(best, 25.0)

    def test_families_and_addresses_have_their_own_round_trip_time(self):
        self.lab.set_rtt(90, "ipv6")
        self.lab.set_rtt(50, "192.0.2.11")
        self.assertGreaterEqual(self.connect(V6)[1], 90)
        self.assertGreaterEqual(self.connect("192.0.2.11")[1], 50)
        self.assertLess(min(self.connect(V4)[1] for _ in range(5)), 40)

    def test_loses_what_it_shall_lose(self):
        self.lab.set_loss(50, "ipv4")
        asker = self.open(V4, socket.SOCK_DGRAM, timeout=0.3)
        for number in range(200):
            asker.sendto(OPTIONS.format(via="UDP").replace("bK1", f"bK{number}").encode(), (V4, 5060))
        answers = 0
        try:
            while asker.recv(4096):
                answers += 1
        except TimeoutError:
            pass
        self.assertTrue(20 <= answers <= 85, answers)  # A quarter of them, more than five sigmas wide.

    def test_refuses_nonsense(self):
        with self.assertRaises(LabError):
            self.lab.set_rtt(5, "ipv5")
        with self.assertRaises(LabError):
            self.lab.drop("192.0.2.300")


class FaultTest(LabTest):
    def test_drop_is_silence_in_one_family(self):
        self.lab.drop("ipv6")
        with self.assertRaises(TimeoutError):
            self.connect(V6, timeout=0.3)
        self.connect(V4)
        self.lab.clear()
        self.connect(V6)

    def test_drop_of_one_port_spares_the_others(self):
        self.lab.drop(V4, port=5060, proto="tcp")
        with self.assertRaises(TimeoutError):
            self.connect(V4, timeout=0.3)
        self.connect(V4, 5061)

    def test_reset_takes_one_round_trip(self):
        self.lab.reset("ipv6", port=5060)
        start = time.monotonic()
        with self.assertRaises(ConnectionRefusedError):
            self.connect(V6)
        self.assertTrue(0.020 <= time.monotonic() - start < 0.2)

    def test_unreachable_is_reported_every_time(self):
        self.lab.unreachable("all")
        for _ in range(20):
            for address in (V4, V6):
                with self.assertRaises(OSError) as raised:
                    self.connect(address)
                self.assertEqual(raised.exception.errno, errno.EHOSTUNREACH)

    def test_unreachable_port_refuses_datagrams(self):
        self.lab.unreachable("ipv4", kind="port", proto="udp")
        asker = self.open(V4, socket.SOCK_DGRAM)
        asker.connect((V4, 5060))
        asker.send(b"anything")
        with self.assertRaises(ConnectionRefusedError):
            asker.recv(100)

    def test_stalled_tls_connects_and_says_nothing(self):
        self.lab.stall("ipv6")
        connection, _ = self.connect(V6, 5061, timeout=0.5)
        with self.assertRaises(TimeoutError):
            self.handshake(connection)
        self.handshake(self.connect(V4, 5061)[0])

    def test_nobody_lives_at_dead_addresses(self):
        for address in ("192.0.2.66", "2001:db8:1::66"):
            with self.assertRaises(TimeoutError):
                self.connect(address, timeout=0.2)

    def test_hosts_without_server_refuse(self):
        for address in ("192.0.2.13", "2001:db8:1::13"):
            with self.assertRaises(ConnectionRefusedError):
                self.connect(address)


class ServerTest(LabTest):
    def test_kamailio_answers_options_on_all_transports(self):
        for address in (V4, "198.51.100.10", V6, "2001:db8:2::10"):
            asker = self.open(address, socket.SOCK_DGRAM)
            asker.sendto(OPTIONS.format(via="UDP").encode(), (address, 5060))
            self.assertTrue(asker.recv(4096).startswith(b"SIP/2.0 200 "))
            for port, via in ((5060, "TCP"), (5061, "TLS")):
                connection = self.connect(address, port)[0]
                connection = self.handshake(connection) if via == "TLS" else connection
                connection.sendall(OPTIONS.format(via=via).encode())
                self.assertTrue(connection.recv(4096).startswith(b"SIP/2.0 200 "), f"{via} {address}")

    def test_boomerang_comes_back_over_the_same_connection(self):
        for address in (V4, V6):
            connection = self.connect(address)[0]
            message = OPTIONS.format(via="TCP").replace("OPTIONS", "MESSAGE")
            connection.sendall(message.replace("sip:dual", "sip:boomerang@dual", 1).replace("Max-Forwards: 0",
                               "Max-Forwards: 70").encode())
            self.assertTrue(connection.recv(4096).startswith(b"MESSAGE sip:boomerang@dual"))

    def test_certificates_are_as_good_as_their_ports_say(self):
        self.handshake(self.connect(V4, 5061)[0], "srvonly.example.test")
        for port, host, why in (
            (5071, "wrongname.example.test", "mismatch"),
            (5081, "dual.example.test", "expired"),
            (5091, "selfsigned.example.test", "self-signed"),
        ):
            with self.assertRaises(ssl.SSLCertVerificationError) as raised:
                self.handshake(self.connect(V6, port)[0], host)
            self.assertIn(why, str(raised.exception))
        context = ssl.create_default_context(cafile=f"{self.lab.state}/ca.pem")
        context.check_hostname = False
        with context.wrap_socket(self.connect(V4, 5062)[0]) as connection:
            self.assertIn(("URI", "sip:uri.example.test"), connection.getpeercert()["subjectAltName"])

    def test_dns_answers_on_both_sides(self):
        for server in ("127.0.0.1", "192.0.2.53", "2001:db8:1::53"):
            answer = self.ask("full.example.test", 35, server)
            self.assertEqual(answer[3] & 15, 0)
            self.assertEqual(struct.unpack(">H", answer[6:8])[0], 3)

    def test_dns_can_be_in_trouble(self):
        self.assertEqual(self.ask("absent.example.test", 1)[3] & 15, 3)
        self.assertEqual(self.ask("x.servfail.test", 1)[3] & 15, 2)
        self.assertTrue(self.ask("_sip._tcp.large.example.test", 33)[2] & 2, "not truncated")
        self.lab.stop("nsd-client")
        asker = self.open("127.0.0.1", socket.SOCK_DGRAM, timeout=0.2)
        asker.sendto(question("dual.example.test", 1), ("127.0.0.1", 5300))
        with self.assertRaises(TimeoutError):
            asker.recv(512)
        self.lab.start("nsd-client")
        self.ask("dual.example.test", 1)

    def test_servers_can_be_stopped_and_started(self):
        connection = self.connect(V4)[0]
        self.lab.stop("kamailio")
        with contextlib.suppress(ConnectionResetError):
            self.assertEqual(connection.recv(10), b"")
        with self.assertRaises(ConnectionRefusedError):
            self.connect(V4)
        self.lab.start("kamailio")
        self.connect(V4)


class HomeTest(LabTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.home = cls.lab.add_home()

    def setUp(self):
        self.edge = self.open("192.0.2.1", socket.SOCK_DGRAM)
        self.edge.bind(("192.0.2.1", 0))
        self.place = self.edge.getsockname()
        self.phone = self.open("192.0.2.1", socket.SOCK_DGRAM, side="home")

    def source(self):
        """Where the edge sees a datagram of the phone come from."""
        self.phone.sendto(b"hello", self.place)
        return self.edge.recvfrom(100)[1]

    def test_the_edge_sees_a_public_address_and_reaches_the_home_by_it(self):
        source = self.source()
        self.assertEqual(source[0], "192.0.2.13")
        self.edge.sendto(b"answer", source)
        self.assertEqual(self.phone.recv(100), b"answer")

    def test_another_port_after_a_rebinding(self):
        before = self.source()
        self.home.rebind(f"{self.place[0]}:{self.place[1]}")
        self.edge.sendto(b"lost", before)
        after = self.source()
        self.assertNotEqual(before, after)
        self.edge.sendto(b"found", after)
        self.assertEqual(self.phone.recv(100), b"found")

    def test_what_is_cut_is_silent_until_it_is_mended(self):
        source = self.source()
        self.home.cut(f"{self.place[0]}:{self.place[1]}")
        self.edge.sendto(b"lost", source)
        self.phone.settimeout(0.5)
        with self.assertRaises(TimeoutError):
            self.phone.recv(100)
        with self.assertRaises(PermissionError):
            self.phone.sendto(b"lost", self.place)
        self.home.mend()
        self.phone.settimeout(2)
        self.edge.sendto(b"found", source)
        self.assertEqual(self.phone.recv(100), b"found")
        self.assertEqual(self.source(), source)


class LifeTest(unittest.TestCase):
    def test_two_labs_coexist_and_leave_nothing(self):
        before = set(os.listdir("/run/netns")) if os.path.isdir("/run/netns") else set()
        labs = [Lab(f"life-{os.getpid()}-{n}") for n in range(2)]
        for lab in labs:
            self.addCleanup(lab.down)
            lab.up(owner=os.getpid())
            lab.up(owner=os.getpid())
        labs[0].add_home()
        labs[0].drop("all")
        self.assertIn("fault        none", labs[1].status())
        processes = [pid for lab in labs for ns in lab.ns.values() for pid in netns.processes(ns)]
        forwarders = [daemons.pid_of(lab.state, "forwarder") for lab in labs]
        self.assertGreater(len(processes), 6)
        for lab in labs:
            lab.down()
            lab.down()
        self.assertFalse([pid for pid in processes + forwarders if netns.is_running(pid)])
        self.assertFalse([lab.state for lab in labs if os.path.exists(lab.state)])
        after = set(os.listdir("/run/netns")) if os.path.isdir("/run/netns") else set()
        self.assertFalse([ns for ns in after - before if f"life-{os.getpid()}-" in ns])

    def test_lab_of_a_dead_owner_goes_with_the_next_up(self):
        orphan = Lab(f"orphan-{os.getpid()}")
        self.addCleanup(orphan.down)
        child = os.fork()
        if child == 0:
            orphan.up(owner=os.getpid())
            os._exit(0)
        os.waitpid(child, 0)
        self.assertTrue(os.path.exists(orphan.state))
        with Lab(f"next-{os.getpid()}"):
            self.assertFalse(os.path.exists(orphan.state))
            self.assertFalse(netns.exists(orphan.ns["server"]))


if __name__ == "__main__":
    reason = why_impossible()
    if reason is not None:
        print(f"skipped: no network lab here: {reason}")
        sys.exit(1 if os.environ.get("CI") == "true" else 77)
    unittest.main(verbosity=2)
