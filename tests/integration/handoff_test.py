#!/usr/bin/env python3
"""A flow as a descriptor: Acquire gives a ticket, the handoff socket the connected socket for it, once; the caller then
speaks SIP on it without the broker. On this host, with real sockets, and with callers who should get nothing."""

import array
import asyncio
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import unittest

import flowbroker
from flowbroker import FlowEventKind, handoff
from harness import PATIENCE, eventually, program
from local_daemon import LocalDaemonTest, main

OPTIONS = (b"OPTIONS sip:127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\n"
           b"To: <sip:a@b>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n")
GREETING = b"OPTIONS sip:you SIP/2.0\r\nContent-Length: 0\r\n\r\n"
NOBODY = 65534


class SipServer:
    """Answers every request on TCP with 200; may speak first, or end a connection."""

    def __init__(self, greeting=b""):
        self.greeting = greeting
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.connections = []
        self.uri = f"sip:127.0.0.1:{self.listener.getsockname()[1]};transport=tcp"
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            connection.sendall(self.greeting)
            self.connections.append(connection)
            threading.Thread(target=self.answer, args=(connection,), daemon=True).start()

    def answer(self, connection):
        received = b""
        while octets := self.read(connection):
            received += octets
            while b"\r\n\r\n" in received:
                request, received = received.split(b"\r\n\r\n", 1)
                lines = [line for line in request.split(b"\r\n") if line.startswith((b"Via", b"From", b"To", b"Call-ID", b"CSeq"))]
                connection.sendall(b"\r\n".join([b"SIP/2.0 200 OK", *lines, b"Content-Length: 0", b"", b""]))

    @staticmethod
    def read(connection):
        try:
            return connection.recv(65536)
        except OSError:
            return b""

    def close(self):
        self.listener.close()
        for connection in self.connections:
            connection.close()


def present(path, octets, timeout=PATIENCE):
    """What the handoff socket says to `octets`: (answer, descriptors)."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as exchange:
        exchange.settimeout(timeout)
        exchange.connect(path)
        try:
            exchange.sendall(octets)
        except BrokenPipeError:
            pass
        answer, ancillary, _, _ = exchange.recvmsg(16, socket.CMSG_SPACE(64))
        descriptors = array.array("i")
        for _, _, data in ancillary:
            descriptors.frombytes(data)
        for descriptor in descriptors:
            os.close(descriptor)
        return answer, len(descriptors)


class HandoffTest(LocalDaemonTest):
    def setUp(self):
        super().setUp()
        self.handoff_socket = self.path("handoff.sock")
        self.peer = self.server()

    def server(self, greeting=b""):
        server = SipServer(greeting)
        self.addCleanup(server.close)
        return server

    def serve(self, *flags, ticket_life="1m"):
        self.daemon = self.start("--egress-allow", "127.0.0.0/8", "--handoff-socket", self.handoff_socket,
                                 "--handoff-ticket-life", ticket_life, *flags)
        self.client = flowbroker.Client(self.daemon.address, default_timeout=PATIENCE)
        self.addCleanup(self.client.close)

    def acquire(self, uri=None, **options):
        """A flow whose descriptor nobody has fetched yet."""
        call = flowbroker._calls.acquire(uri or self.peer.uri, "", True, True, "", False, "", handoff=True, **options)
        return self.client._run(call, None)

    def outcomes(self, outcome):
        return self.daemon.metric(f'flowbroker_handoffs_total{{outcome="{outcome}"}}')

    def await_outcome(self, outcome):
        """That it is counted once: after the caller has its answer."""
        self.assertTrue(eventually(lambda: self.outcomes(outcome) == 1), self.outcomes(outcome))

    @staticmethod
    def is_half_closed(port):
        """Whether the peer's FIN has come to the socket on that port of this host."""
        close_wait = "08"
        with open("/proc/net/tcp") as table:
            return any(line.split()[1].endswith(f":{port:04X}") and line.split()[3] == close_wait for line in table)

    def exchange(self, connection):
        connection.settimeout(PATIENCE)
        connection.sendall(OPTIONS)
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += connection.recv(65536)
        self.assertTrue(answer.startswith(b"SIP/2.0 200 OK\r\n"), answer)

    def refused(self, octets):
        self.assertEqual(present(self.handoff_socket, octets), (b"-", 0))

    def test_sip_is_spoken_on_the_descriptor_and_the_broker_is_out_of_the_way(self):
        self.serve()
        with self.client.watch_flows() as watch:
            handed = self.client.acquire_handoff(self.peer.uri)
            with handed.socket as connection:
                self.assertEqual(connection.getpeername()[1], handed.flow.remote.port)
                self.assertEqual(connection.getsockname()[1], handed.flow.local.port)
                self.exchange(connection)
                self.assertEqual(watch.receive(PATIENCE).kind, FlowEventKind.OPENED)
                closed = watch.receive(PATIENCE)
                self.assertEqual((closed.kind, closed.reason), (FlowEventKind.CLOSED, "handed_off"))
                self.assertEqual(self.client.list_flows(), [])
                self.stop(self.daemon)  # the connection outlives the broker
                self.exchange(connection)

    def cpp_client(self, uri):
        return subprocess.run([program("handoff_client"), self.daemon.address, uri], capture_output=True, text=True,
                              timeout=3 * PATIENCE)

    def test_the_cpp_client_speaks_sip_on_the_descriptor(self):
        self.serve()
        done = self.cpp_client(self.peer.uri)
        self.assertEqual((done.returncode, done.stdout), (0, "SIP/2.0 200 OK\n"), done.stderr)
        self.await_outcome("handed_off")
        self.assertEqual(len(self.peer.connections), 1, "it was the broker that connected")
        self.assertEqual(self.client.list_flows(), [])

    def test_the_cpp_client_is_told_why_there_is_no_descriptor(self):
        self.serve()
        done = self.cpp_client("sip:127.0.0.1;transport=udp")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertTrue(done.stderr.startswith("INVALID_ARGUMENT: "), done.stderr)
        os.unlink(self.handoff_socket)
        done = self.cpp_client(self.peer.uri)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertTrue(done.stderr.startswith("UNAVAILABLE: "), done.stderr)

    def test_the_outcome_of_the_connect_is_remembered(self):
        self.serve()
        self.client.acquire_handoff(self.peer.uri).socket.close()
        (reached,) = self.client.get_reachability("127.0.0.1")
        self.assertEqual(reached.transport, flowbroker.Transport.TCP)
        self.await_outcome("handed_off")

    def test_asyncio_gets_a_socket_that_does_not_block(self):
        self.serve()

        async def speak():
            async with flowbroker.AsyncClient(self.daemon.address) as client:
                handed = await client.acquire_handoff(self.peer.uri)
                reader, writer = await asyncio.open_connection(sock=handed.socket)
                writer.write(OPTIONS)
                status = await asyncio.wait_for(reader.readline(), PATIENCE)
                writer.close()
                return status

        self.assertEqual(asyncio.run(speak()), b"SIP/2.0 200 OK\r\n")

    def test_what_the_peer_said_first_is_the_callers(self):
        self.serve()
        server = self.server(GREETING)
        with self.client.acquire_handoff(server.uri).socket as connection:
            connection.settimeout(PATIENCE)
            self.assertEqual(connection.recv(len(GREETING), socket.MSG_WAITALL), GREETING)
            self.exchange(connection)

    def test_nothing_of_the_connection_stays_with_the_broker(self):
        self.serve()
        descriptors = lambda: len(os.listdir(f"/proc/{self.daemon.process.pid}/fd"))  # noqa: E731
        self.client.acquire_handoff(self.peer.uri).socket.close()
        before = descriptors()
        for _ in range(50):
            self.client.acquire_handoff(self.peer.uri).socket.close()
        self.assertTrue(eventually(lambda: descriptors() <= before), descriptors())

    def test_a_ticket_is_good_once(self):
        self.serve()
        ticket = self.acquire().handoff.ticket.encode()
        self.assertEqual(present(self.handoff_socket, ticket + b"\n"), (b"+", 1))
        self.refused(ticket + b"\n")
        self.await_outcome("unknown_ticket")

    def test_a_late_ticket_is_worth_nothing_and_its_flow_is_closed(self):
        self.serve(ticket_life="200ms")
        with self.client.watch_flows() as watch:
            flow = self.acquire()
            self.assertEqual(watch.receive(PATIENCE).kind, FlowEventKind.OPENED)
            self.assertEqual(watch.receive(PATIENCE).reason, "idle")
            with self.assertRaises(flowbroker.NotFound):
                handoff.receive(flow.handoff, PATIENCE)
        self.await_outcome("unused")

    def test_garbage_gets_nothing_and_hurts_nobody(self):
        self.serve()
        ticket = self.acquire().handoff.ticket.encode()
        for octets in (b"\n", b"\0" * 100, b"A" * 10_000, b"GET / HTTP/1.1\r\n\r\n", ticket[:-1] + b"\n", ticket + b"A\n",
                       ticket + b"\nmore", b"A" * 43 + b"\n", b"\xff" * 43 + b"\n"):
            self.refused(octets)
        self.assertEqual(present(self.handoff_socket, ticket + b"\r\n"), (b"+", 1))

    def test_a_ticket_may_come_in_pieces_but_not_slowly(self):
        self.serve()
        flow = self.acquire()
        line = flow.handoff.ticket.encode() + b"\n"
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as slow:
            slow.settimeout(PATIENCE)
            slow.connect(self.handoff_socket)
            slow.sendall(line[:20])
            self.assertEqual(slow.recv(1), b"-", "its time is up")
        self.await_outcome("too_slow")
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as pieces:
            pieces.settimeout(PATIENCE)
            pieces.connect(self.handoff_socket)
            for octet in line:
                pieces.sendall(bytes([octet]))
            self.assertEqual(pieces.recv(1), b"+")

    def test_more_connections_than_allowed_are_refused_until_they_end(self):
        self.serve()
        ticket = self.acquire().handoff.ticket.encode()
        idle = []

        def fill():
            for _ in range(65):
                one = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
                self.addCleanup(one.close)
                one.connect(self.handoff_socket)
                idle.append(one)
            return self.outcomes("too_many")

        self.assertTrue(eventually(fill))
        for one in idle:
            one.close()
        self.assertTrue(eventually(lambda: present(self.handoff_socket, ticket + b"\n") == (b"+", 1)))

    def test_a_flow_whose_peer_has_gone_is_not_handed_off(self):
        self.serve()
        flow = self.acquire()
        self.assertTrue(eventually(lambda: self.peer.connections))
        self.peer.connections[0].shutdown(socket.SHUT_RDWR)
        self.peer.connections[0].close()
        self.assertTrue(eventually(lambda: self.is_half_closed(flow.local.port)))
        self.refused(flow.handoff.ticket.encode() + b"\n")
        self.await_outcome("flow_ended")
        self.assertEqual(self.client.list_flows(), [])

    def test_only_tcp_is_handed_off(self):
        self.serve()
        for uri in ("sips:127.0.0.1", "sip:127.0.0.1;transport=udp", "sip:127.0.0.1;transport=tls"):
            with self.assertRaises(flowbroker.InvalidArgument) as refusal:
                self.client.acquire_handoff(uri)
            self.assertEqual(refusal.exception.field, "handoff", uri)
        with self.assertRaises(flowbroker.InvalidArgument):
            self.client.acquire_handoff(flowbroker.Destination("sip:127.0.0.1", allowed_transports=(
                flowbroker.Transport.UDP, flowbroker.Transport.TLS)))

    def test_a_sip_uri_of_no_transport_is_reached_over_tcp(self):
        self.serve()
        handed = self.client.acquire_handoff(self.peer.uri.removesuffix(";transport=tcp"))
        with handed.socket as connection:
            self.assertEqual(connection.type, socket.SOCK_STREAM)

    def test_without_a_socket_for_it_nothing_is_handed_off(self):
        self.daemon = self.start("--egress-allow", "127.0.0.0/8")
        with flowbroker.Client(self.daemon.address) as client, self.assertRaises(flowbroker.InvalidArgument) as refusal:
            client.acquire_handoff(self.peer.uri)
        self.assertIn("handoff-socket", str(refusal.exception))

    def test_the_socket_is_the_owners_alone_and_goes_with_the_broker(self):
        self.serve()
        self.assertEqual(stat.S_IMODE(os.stat(self.handoff_socket).st_mode), 0o600)
        flow = self.acquire()
        self.stop(self.daemon)
        self.assertFalse(os.path.exists(self.handoff_socket))
        with self.assertRaises(flowbroker.Unavailable):
            handoff.receive(flow.handoff, PATIENCE)

    def test_a_killed_brokers_socket_is_replaced_and_a_living_ones_is_not(self):
        self.serve()
        self.daemon.process.send_signal(signal.SIGKILL)
        self.daemon.process.wait()
        self.serve()
        self.client.acquire_handoff(self.peer.uri).socket.close()
        second = self.run_to_end("--listen", f"unix:{self.path('other.sock')}", "--admin", "off",
                                 "--handoff-socket", self.handoff_socket)
        self.assertNotEqual(second.returncode, 0)
        self.assertIn("another process is listening there", second.stderr)
        self.client.acquire_handoff(self.peer.uri).socket.close()

    def present_as(self, uid, ticket):
        """What another user gets."""
        child = ("import socket,sys,os\nos.setgid(int(sys.argv[1])); os.setuid(int(sys.argv[1]))\n"
                 "s=socket.socket(socket.AF_UNIX); s.settimeout(10)\n"
                 "try:\n s.connect(sys.argv[2]); s.sendall(sys.argv[3].encode()+b'\\n')\nexcept OSError: pass\n"
                 "try: print(s.recv(1).decode())\nexcept OSError as e: print(type(e).__name__)\n")
        done = subprocess.run([sys.executable, "-c", child, str(uid), self.handoff_socket, ticket], capture_output=True,
                              text=True, timeout=60)
        return done.stdout.strip() or done.stderr

    @unittest.skipUnless(os.geteuid() == 0, "needs root to be another user")
    def test_a_stolen_ticket_is_worth_nothing_to_another_user(self):
        self.serve()
        os.chmod(self.directory, 0o755)
        ticket = self.acquire().handoff.ticket
        self.assertNotIn(self.present_as(NOBODY, ticket), "+-", "the mode of the socket keeps it out")
        os.chmod(self.handoff_socket, 0o666)
        self.assertEqual(self.present_as(NOBODY, ticket), "-", "the kernel says who it is")
        self.await_outcome("foreign_user")
        self.assertEqual(present(self.handoff_socket, ticket.encode() + b"\n"), (b"+", 1), "its owner still has it")

    @unittest.skipUnless(os.geteuid() == 0, "needs root to be another user")
    def test_users_named_in_the_settings_may_present_tickets(self):
        self.serve("--handoff-uids", f"12345,{NOBODY}")
        os.chmod(self.directory, 0o755)
        self.assertEqual(self.present_as(NOBODY, self.acquire().handoff.ticket), "+")
        self.assertEqual(self.present_as(NOBODY - 1, self.acquire().handoff.ticket), "-")


if __name__ == "__main__":
    main()
