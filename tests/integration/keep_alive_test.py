#!/usr/bin/env python3
"""Keep-alives of the flows that the broker has opened, as set on the daemon: what the peer sees of them, and what
becomes of a flow whose peer falls silent. On this host, with real sockets and the shortest times that may be set."""

import concurrent.futures
import socket

import flowbroker
from flowbroker import FlowEventKind
from harness import PATIENCE
from local_daemon import LocalDaemonTest, main

PING, PONG = b"\r\n\r\n", b"\r\n"


def ok_to(request):
    """The 200 to a SIP request."""
    kept = [line for line in request.decode().split("\r\n")
            if line.split(":")[0] in ("Via", "From", "To", "Call-ID", "CSeq")]
    return "\r\n".join(["SIP/2.0 200 OK", *kept, "Content-Length: 0", "", ""]).encode()


def stun_answer(request, mapped):
    """The success response that says the request came from that IPv4 address and port (RFC 8489 section 14.2)."""
    address = bytes(octet ^ mask for octet, mask in zip(socket.inet_aton(mapped[0]), request[4:8]))
    port = (mapped[1] ^ 0x2112).to_bytes(2, "big")
    return b"\x01\x01\x00\x0c" + request[4:20] + b"\x00\x20\x00\x08\x00\x01" + port + address


class StreamPeer:
    """A SIP server over TCP that does what it is told."""

    def __init__(self, test):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(PATIENCE)
        test.addCleanup(self.listener.close)
        self.uri = "sip:{}:{};transport=tcp".format(*self.listener.getsockname())

    def acquired_by(self, client):
        return client.acquire(self.uri)

    def accept(self, test):
        self.connection, _ = self.listener.accept()
        self.connection.settimeout(PATIENCE)
        test.addCleanup(self.connection.close)

    def read(self, octets):
        read = b""
        while len(read) < octets and (more := self.connection.recv(octets - len(read))):
            read += more
        return read

    def read_message(self):
        """Without a body."""
        read = b""
        while not read.endswith(b"\r\n\r\n") and (more := self.connection.recv(1)):
            read += more
        return read


class DatagramPeer:
    """The same over UDP."""

    def __init__(self, test):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(PATIENCE)
        test.addCleanup(self.socket.close)
        self.received = set()
        self.uri = "sip:{}:{};transport=udp".format(*self.socket.getsockname())

    def acquired_by(self, client):
        """Answers the question whether it is there."""
        with concurrent.futures.ThreadPoolExecutor() as beside:
            acquired = beside.submit(client.acquire, self.uri)
            self.send(ok_to(self.receive()))
            return acquired.result()

    def receive(self):
        """The next one that is no retransmission."""
        octets, self.broker = self.socket.recvfrom(65536)
        while octets in self.received:
            octets = self.socket.recv(65536)
        self.received.add(octets)
        return octets

    def send(self, octets):
        self.socket.sendto(octets, self.broker)


class KeepAliveTest(LocalDaemonTest):
    def serve(self, *flags):
        often = [word for kind in ("stream", "datagram") for end in ("shortest", "longest")
                 for word in (f"--keep-alive-{kind}-{end}", "1s")]
        self.daemon = self.start("--egress-allow", "127.0.0.0/8", "--keep-alive-answer-timeout", "1s", *often, *flags)
        self.client = flowbroker.Client(self.daemon.address, default_timeout=PATIENCE)
        self.addCleanup(self.client.close)
        self.watch = self.client.watch_flows()
        self.addCleanup(self.watch.close)

    def flow_to(self, peer):
        flow_id = peer.acquired_by(self.client).flow_id
        opened = self.watch.receive(PATIENCE)
        self.assertEqual((opened.kind, opened.flow.flow_id), (FlowEventKind.OPENED, flow_id))
        if isinstance(peer, StreamPeer):
            peer.accept(self)
        return flow_id

    def assert_closed(self, flow_id, reason):
        closed = self.watch.receive(PATIENCE)
        self.assertEqual((closed.kind, closed.flow.flow_id), (FlowEventKind.CLOSED, flow_id))
        self.assertEqual(closed.reason, reason, closed.detail)
        self.assertEqual(self.client.list_flows(), [])

    def asked(self, method, transport):
        return self.daemon.metric(f'flowbroker_keep_alives_total{{method="{method}",transport="{transport}"}}')

    def test_a_stream_is_pinged_and_closed_when_no_pong_comes_any_more(self):  # O4, O6
        self.serve()
        peer = StreamPeer(self)
        flow_id = self.flow_to(peer)
        for _ in range(2):
            self.assertEqual(peer.read(4), PING)
            peer.connection.sendall(PONG)
        self.assertEqual(peer.read(4), PING)  # from here on it is silent
        self.assert_closed(flow_id, "keep_alive_timed_out")
        self.assertEqual(peer.read(1), b"", "nothing more has come")
        self.assertEqual(self.asked("crlf", "TCP"), 3)

    def test_who_has_never_answered_a_ping_keeps_its_flow(self):  # O6
        self.serve()
        peer = StreamPeer(self)
        flow_id = self.flow_to(peer)
        for _ in range(2):  # the second comes after the first has gone unanswered
            self.assertEqual(peer.read(4), PING)
        self.assertEqual([one.flow_id for one in self.client.list_flows()], [flow_id])

    def test_who_has_never_answered_a_ping_loses_its_flow_where_answers_are_required(self):  # O6
        self.serve("--keep-alive-answer-required", "on")
        peer = StreamPeer(self)
        flow_id = self.flow_to(peer)
        self.assertEqual(peer.read(4), PING)
        self.assert_closed(flow_id, "keep_alive_timed_out")
        self.assertEqual(peer.read(1), b"")

    def test_a_stream_is_asked_by_options_where_that_is_set_and_given_up_when_it_falls_silent(self):  # S9
        self.serve("--keep-alive-streams", "options")
        peer = StreamPeer(self)
        flow_id = self.flow_to(peer)
        request = peer.read_message()
        self.assertTrue(request.startswith(b"OPTIONS "), request)
        peer.connection.sendall(ok_to(request))
        self.assertTrue(peer.read_message().startswith(b"OPTIONS "))
        self.assert_closed(flow_id, "probe_timed_out")

    def test_a_peer_over_udp_is_asked_by_options_and_given_up_when_it_falls_silent(self):  # O4
        self.serve()
        peer = DatagramPeer(self)
        flow_id = self.flow_to(peer)
        request = peer.receive()
        self.assertTrue(request.startswith(b"OPTIONS "), request)
        peer.send(ok_to(request))
        self.assertTrue(peer.receive().startswith(b"OPTIONS "))
        self.assert_closed(flow_id, "probe_timed_out")

    def test_a_peer_over_udp_is_asked_by_stun_and_another_mapped_address_ends_the_flow(self):  # O4, O5
        self.serve("--keep-alive-datagrams", "stun")
        peer = DatagramPeer(self)
        flow_id = self.flow_to(peer)
        for mapped in (("192.0.2.1", 5060), ("192.0.2.1", 5060), ("192.0.2.1", 5061)):
            request = peer.receive()
            self.assertEqual(request[:2] + request[4:8], b"\x00\x01\x21\x12\xa4\x42")
            peer.send(stun_answer(request, mapped))
        self.assert_closed(flow_id, "mapped_address_changed")

    def test_where_none_is_set_nobody_is_asked(self):
        self.serve("--keep-alive-streams", "none")
        peer, pinged = StreamPeer(self), DatagramPeer(self)
        self.flow_to(peer)
        self.flow_to(pinged)
        for _ in range(2):
            request = pinged.receive()
            pinged.send(ok_to(request))
        peer.connection.setblocking(False)
        with self.assertRaises(BlockingIOError):
            peer.connection.recv(1)


if __name__ == "__main__":
    main()
