"""User agents that come to the broker's edge on this host, by TCP, TLS or UDP, and the application behind it."""

import socket
import struct

import flowbroker
from harness import PATIENCE
from local_daemon import LocalDaemonTest

INSTANCE = "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6"
AOR = "sip:alice@example.org"
CONTACT = f'<sip:alice@192.0.2.1>;+sip.instance="<{INSTANCE}>";reg-id=1'
STUN = b"\x00\x01\x00\x00\x21\x12\xa4\x42" + bytes(range(12))  # a Binding request
# CHANGE-REQUEST must be understood where it comes, and is not; the answer: ERROR-CODE 420, UNKNOWN-ATTRIBUTES 0x0003.
UNKNOWN_ATTRIBUTE = b"\x00\x01\x00\x08" + STUN[4:] + b"\x00\x03\x00\x04\x00\x00\x00\x00"
STUN_420 = b"\x01\x11\x00\x10" + STUN[4:] + b"\x00\x09\x00\x04\x00\x00\x04\x14" + b"\x00\x0a\x00\x02\x00\x03\x00\x00"
WRONG_FINGERPRINT = b"\x00\x01\x00\x08" + STUN[4:] + b"\x80\x28\x00\x04\x00\x00\x00\x00"  # to be discarded


def mapped_address(answer):
    """(address, port) of the XOR-MAPPED-ADDRESS that begins the attributes of a STUN message (RFC 8489 s.14.2)."""
    kind, length, family, port = struct.unpack("!HHxBH", answer[20:28])
    if kind != 0x0020:
        raise AssertionError(f"another attribute comes first: {answer!r}")
    address = bytes(octet ^ mask for octet, mask in zip(answer[28:24 + length], answer[4:20]))
    return socket.inet_ntop({1: socket.AF_INET, 2: socket.AF_INET6}[family], address), port ^ 0x2112


class StreamUserAgent:
    """A SIP user agent with one connection to the edge."""

    def __init__(self, test, source=None, tls=None, receive_buffer=None):
        host, port = test.edge.rsplit(":", 1)
        host = host.strip("[]")
        self.socket = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        if receive_buffer is not None:  # before a window is told: TCP that takes one back may stand still
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(PATIENCE)
        self.socket.bind((source or host, 0))
        self.socket.connect((host, int(port)))
        if tls is not None:
            self.socket = tls.wrap_socket(self.socket, server_hostname="edge.example.org")
        test.addCleanup(self.socket.close)
        self.local = self.socket.getsockname()
        self.received = b""

    def send(self, octets):
        self.socket.sendall(octets if isinstance(octets, bytes) else octets.encode())

    def request(self, method, branch, sent_by=None, call_id="call-1"):
        host = f"[{self.local[0]}]" if ":" in self.local[0] else self.local[0]
        sent_by = sent_by or f"{host}:{self.local[1]}"
        self.send(f"{method} sip:example.org SIP/2.0\r\nVia: SIP/2.0/TCP {sent_by};branch={branch}\r\n"
                  f"From: <{AOR}>;tag=1\r\nTo: <{AOR}>\r\nCall-ID: {call_id}\r\nCSeq: 1 {method}\r\n"
                  "Max-Forwards: 70\r\n"
                  f"Contact: <sip:alice@{sent_by};transport=tcp>;+sip.instance=\"<{INSTANCE}>\";reg-id=1\r\n"
                  "Content-Length: 0\r\n\r\n")

    def read(self, octets):
        while len(self.received) < octets:
            more = self.socket.recv(65536)
            if not more:
                raise AssertionError(f"closed after {self.received!r}")
            self.received += more
        taken, self.received = self.received[:octets], self.received[octets:]
        return taken

    def read_message(self):
        while b"\r\n\r\n" not in self.received:
            self.received += self.socket.recv(65536)
        return self.read(self.received.index(b"\r\n\r\n") + 4).decode()

    def read_stun(self):
        head = self.read(20)
        return head + self.read(int.from_bytes(head[2:4], "big"))

    def is_closed(self):
        try:
            return self.socket.recv(1) == b""
        except ConnectionResetError:
            return True


class DatagramUserAgent:
    """A SIP user agent with one UDP socket."""

    def __init__(self, test, source="127.0.0.1", connected=True):
        host, port = test.edge.rsplit(":", 1)
        host = host.strip("[]")
        self.edge = (host, int(port))
        self.socket = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((source, 0))
        if connected:  # hears nobody else, and answers ICMP once it is closed
            self.socket.connect(self.edge)
        self.socket.settimeout(PATIENCE)
        test.addCleanup(self.socket.close)
        self.local = self.socket.getsockname()[:2]

    def send(self, octets):
        self.socket.sendto(octets if isinstance(octets, bytes) else octets.encode(), self.edge)

    def request(self, method, branch, sent_by=None, call_id="call-1"):
        sent_by = sent_by or f"{self.local[0]}:{self.local[1]}"
        self.send(f"{method} sip:example.org SIP/2.0\r\nVia: SIP/2.0/UDP {sent_by};branch={branch};rport\r\n"
                  f"From: <{AOR}>;tag=1\r\nTo: <{AOR}>\r\nCall-ID: {call_id}\r\nCSeq: 1 {method}\r\n"
                  "Max-Forwards: 70\r\n"
                  f"Contact: <sip:alice@{sent_by}>\r\nContent-Length: 0\r\n\r\n")

    def receive(self):
        """(octets, from where)"""
        octets, source = self.socket.recvfrom(65536)
        return octets, source[:2]

    def hears_nothing(self, for_seconds=0.3):
        self.socket.settimeout(for_seconds)
        try:
            heard = self.socket.recvfrom(65536)
        except TimeoutError:
            return True
        finally:
            self.socket.settimeout(PATIENCE)
        raise AssertionError(f"heard {heard}")


class Application:
    """A proxy on the Relay stream of one client group."""

    def __init__(self, test, client=None):
        self.client = client or flowbroker.Client(test.daemon.address, default_timeout=PATIENCE)
        self.relay = self.client.relay(client_group="edge")
        test.addCleanup(self.close)
        self.send = self.relay.send
        self.verify = self.client.verify_token

    def close(self):
        self.relay.close()
        self.client.close()

    def next(self):
        return self.relay.receive(PATIENCE)

    def bind(self, flow_id, aor=AOR, contact=CONTACT, **fields):
        return self.client.bind(aor, contact, flow_id, **fields)

    def lookup(self, aor=AOR):
        return self.client.lookup_bindings(aor)


class EdgeCase(LocalDaemonTest):
    """A daemon with one edge, and an application."""

    transport = "tcp"  # unless serve() is told another

    def serve(self, *flags, transport=None, address="127.0.0.1", port=0):
        transport = transport or self.transport
        self.daemon = self.start("--edge-listen", f"{transport}:{address}:{port}", *flags)
        self.edge = self.daemon.places["edge"].removeprefix(f"{transport}:")
        self.application = Application(self)

    def stop_all(self):
        """The application first: a broker that stops gives it time."""
        self.application.close()
        self.stop(self.daemon)

    def register(self, user_agent, branch="z9hG4bK-reg-1"):
        user_agent.request("REGISTER", branch)
        return self.application.next()

    def limit(self, name):
        return self.daemon.metric(f'flowbroker_limits_hit_total{{limit="{name}"}}')

    def flow_ids(self):
        return [flow.flow_id for flow in self.application.client.list_flows()]
