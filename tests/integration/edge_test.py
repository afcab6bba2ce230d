#!/usr/bin/env python3
"""User agents that connect to the broker's edge over TCP: what they send comes to the application with flow and token,
and the application reaches them again over the flow they have opened (SIP Outbound). On this host, with real sockets."""

import datetime
import os
import signal
import socket
import ssl
import subprocess
import time

import flowbroker
from flowbroker import BindingChange, TokenState
from harness import PATIENCE, eventually
from local_daemon import LocalDaemonTest, main

INSTANCE = "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6"
AOR = "sip:alice@example.org"
CONTACT = f'<sip:alice@192.0.2.1;transport=tcp>;+sip.instance="<{INSTANCE}>";reg-id=1'


class UserAgent:
    """A SIP user agent with one connection to the edge."""

    def __init__(self, test, source=None, tls=None):
        host, port = test.edge.rsplit(":", 1)
        host = host.strip("[]")
        self.socket = socket.create_connection((host, int(port)), PATIENCE, source_address=(source or host, 0))
        if tls is not None:
            self.socket = tls.wrap_socket(self.socket, server_hostname="edge.example.org")
        self.socket.settimeout(PATIENCE)
        test.addCleanup(self.socket.close)
        self.local = self.socket.getsockname()
        self.received = b""

    def send(self, octets):
        self.socket.sendall(octets if isinstance(octets, bytes) else octets.encode())

    def request(self, method, branch, sent_by=None, call_id="call-1"):
        host = f"[{self.local[0]}]" if ":" in self.local[0] else self.local[0]
        sent_by = sent_by or f"{host}:{self.local[1]}"
        self.send(f"{method} sip:example.org SIP/2.0\r\nVia: SIP/2.0/TCP {sent_by};branch={branch}\r\n"
                  f"From: <{AOR}>;tag=1\r\nTo: <{AOR}>\r\nCall-ID: {call_id}\r\nCSeq: 1 {method}\r\nMax-Forwards: 70\r\n"
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

    def is_closed(self):
        try:
            return self.socket.recv(1) == b""
        except ConnectionResetError:
            return True


class Application:
    """A proxy on the Relay stream of one client group."""

    def __init__(self, test, group="edge"):
        self.client = flowbroker.Client(test.daemon.address, default_timeout=PATIENCE)
        test.addCleanup(self.client.close)
        self.relay = self.client.relay(client_group=group)
        test.addCleanup(self.relay.close)
        self.send = self.relay.send
        self.verify = self.client.verify_token

    def next(self):
        return self.relay.receive(PATIENCE)

    def bind(self, flow_id, aor=AOR, contact=CONTACT, **fields):
        return self.client.bind(aor, contact, flow_id, **fields)

    def lookup(self, aor=AOR):
        return self.client.lookup_bindings(aor)


class EdgeTest(LocalDaemonTest):
    def serve(self, *flags, transport="tcp", address="127.0.0.1"):
        self.daemon = self.start("--edge-listen", f"{transport}:{address}:0", *flags)
        self.edge = self.daemon.places["edge"].removeprefix(f"{transport}:")
        self.application = Application(self)

    def resident(self):
        with open(f"/proc/{self.daemon.process.pid}/statm") as statm:
            return int(statm.read().split()[1]) * 4096

    def register(self, user_agent, branch="z9hG4bK-reg-1"):
        user_agent.request("REGISTER", branch)
        return self.application.next()

    def test_a_user_agent_registers_and_is_reached_over_its_own_flow(self):  # E1, E5, B1, B2, RFC 5626
        self.serve()
        user_agent = UserAgent(self)
        message = self.register(user_agent)
        origin = message.origin
        self.assertTrue(message.message.startswith(b"REGISTER "))
        self.assertEqual((str(origin.remote.address), origin.remote.port), user_agent.local)
        self.assertEqual(len(origin.token), 32)
        self.assertFalse(origin.states_other_address)
        bound = self.application.bind(message.flow_id, path=f"<sip:{origin.token}@127.0.0.1;lr>")
        self.assertEqual([one.change for one in bound], [BindingChange.BOUND])

        target = self.application.lookup()[0].binding
        self.assertEqual((target.flow_id, target.reg_id, target.instance_id), (message.flow_id, 1, INSTANCE))
        verdict = self.application.verify(target.path[0].partition(":")[2].partition("@")[0])
        self.assertEqual((verdict.state, verdict.flow_id), (TokenState.LIVE, message.flow_id))
        self.application.send(verdict.flow_id, "INVITE sip:alice@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/TCP p;branch=z9hG4bKi\r\n"
                              "From: <sip:b@b>;tag=2\r\nTo: <sip:a@a>\r\nCall-ID: c2\r\nCSeq: 1 INVITE\r\n"
                              "Content-Length: 0\r\n\r\n")
        self.assertTrue(user_agent.read_message().startswith("INVITE sip:alice@192.0.2.1 "))
        user_agent.send("SIP/2.0 180 Ringing\r\nVia: SIP/2.0/TCP p;branch=z9hG4bKi\r\nFrom: <sip:b@b>;tag=2\r\n"
                        "To: <sip:a@a>;tag=9\r\nCall-ID: c2\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n")
        self.assertTrue(self.application.next().message.startswith(b"SIP/2.0 180 "))

    def test_over_ipv6_the_same(self):  # E3: 64 characters
        self.serve(address="[::1]")
        user_agent = UserAgent(self)
        message = self.register(user_agent)
        self.assertEqual((str(message.origin.remote.address), message.origin.remote.port), user_agent.local[:2])
        self.assertEqual(len(message.origin.token), 64)
        self.assertEqual(self.application.verify(message.origin.token).flow_id, message.flow_id)

    def test_a_flow_that_ends_takes_its_bindings_along_and_its_token_is_gone(self):  # B4, E4
        self.serve()
        user_agent = UserAgent(self)
        message = self.register(user_agent)
        self.application.bind(message.flow_id)
        self.application.bind(message.flow_id, aor="sip:other@example.org")
        user_agent.socket.close()
        self.assertTrue(eventually(lambda: not self.application.lookup()))
        verdict = self.application.verify(message.origin.token)
        self.assertEqual((verdict.state, verdict.sip_status), (TokenState.GONE, 430))
        self.assertEqual(self.application.lookup("sip:other@example.org"), [])

    def test_a_forged_token_is_told_from_one_that_is_gone(self):  # E4
        self.serve("--edge-token-gone-status", "410")
        user_agent = UserAgent(self)
        token = self.register(user_agent).origin.token
        forged = ("A" if token[0] != "A" else "B") + token[1:]
        for wrong in (forged, token[:-1], token + "A", "", "%" * 32, "A" * 1000):
            verdict = self.application.verify(wrong)
            self.assertEqual((verdict.state, verdict.sip_status), (TokenState.FORGED, 403), wrong)
        user_agent.socket.close()
        self.assertTrue(eventually(lambda: self.application.verify(token).sip_status == 410))

    def test_bare_flow_ids_are_tokens_only_where_the_switch_says_so(self):  # E2
        self.serve("--edge-token-algorithm", "1")
        user_agent = UserAgent(self)
        message = self.register(user_agent)
        token = message.origin.token
        self.assertEqual((token, self.application.client.mint_token(message.flow_id)), (message.flow_id, message.flow_id))
        verdict = self.application.verify(token)
        self.assertEqual((verdict.state, verdict.flow_id, verdict.sip_status), (TokenState.LIVE, token, None))
        self.assertEqual(verdict.remote.port, user_agent.local[1])
        self.assertEqual(self.application.verify(token[:-1]).state, TokenState.FORGED)
        user_agent.socket.close()
        self.assertTrue(eventually(lambda: self.application.verify(token).sip_status == 430))

        self.stop(self.daemon)
        self.serve()
        live = self.register(UserAgent(self)).flow_id
        self.assertEqual(self.application.verify(live).sip_status, 403)

    def test_tokens_outlive_a_restart_with_keys_from_a_file(self):  # E3
        keys = self.write("keys", "# minted with the first\n7 000102030405060708090a0b0c0d0e0f10111213\n")
        self.serve("--edge-token-keys-file", keys)
        token = self.register(UserAgent(self)).origin.token
        self.stop(self.daemon)
        self.write("keys", "8 101112131415161718191a1b1c1d1e1f20212223\n7 000102030405060708090a0b0c0d0e0f10111213\n")
        self.serve("--edge-token-keys-file", keys)
        self.assertEqual(self.application.verify(token).state, TokenState.GONE)
        self.assertEqual(self.application.verify(self.register(UserAgent(self)).origin.token).state, TokenState.LIVE)

    def test_keys_that_cannot_be_read_keep_it_from_starting(self):
        keys = self.write("keys", "7 00\n")
        refused = self.run_to_end("--listen", f"unix:{self.path('s')}", "--edge-token-keys-file", keys)
        self.assertEqual(refused.returncode, 1)
        self.assertIn(f"{keys}, line 1", refused.stderr)

    def test_pings_and_stun_are_answered(self):  # E6, E7
        self.serve()
        user_agent = UserAgent(self)
        user_agent.send(b"\r\n\r\n")
        self.assertEqual(user_agent.read(2), b"\r\n")
        transaction = bytes(range(12))
        user_agent.send(b"\x00\x01\x00\x00\x21\x12\xa4\x42" + transaction)
        answer = user_agent.read(32)
        self.assertEqual(answer[:2] + answer[4:20], b"\x01\x01\x21\x12\xa4\x42" + transaction)
        self.assertEqual(int.from_bytes(answer[26:28], "big") ^ 0x2112, user_agent.local[1])
        user_agent.send(b"\r\n\r\n\r\n\r\n")
        self.assertEqual(user_agent.read(4), b"\r\n\r\n")
        self.assertEqual(self.register(user_agent).message[:9], b"REGISTER ")

    def test_over_tls_the_same_with_our_certificate(self):  # E6, E7
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                        "-subj", "/CN=edge", "-addext", "subjectAltName=DNS:edge.example.org", "-keyout", self.path("key.pem"),
                        "-out", self.path("cert.pem")], check=True, capture_output=True)
        self.serve("--tls-certificate-file", self.path("cert.pem"), "--tls-private-key-file", self.path("key.pem"),
                   "--edge-first-message-timeout", "2s", transport="tls")
        user_agent = UserAgent(self, tls=ssl.create_default_context(cafile=self.path("cert.pem")))
        user_agent.send(b"\r\n\r\n")
        self.assertEqual(user_agent.read(2), b"\r\n")
        message = self.register(user_agent)
        self.assertTrue(message.origin.listener.startswith("tls:127.0.0.1:"))
        self.application.bind(message.flow_id)
        self.assertEqual(self.application.verify(message.origin.token).flow_id, message.flow_id)
        self.assertTrue(UserAgent(self).is_closed(), "a handshake that hangs is ended")
        plain = UserAgent(self)
        plain.send("REGISTER sip:example.org SIP/2.0\r\n\r\n")
        while plain.socket.recv(4096):  # an alert, and the end
            pass
        self.assertEqual(len(self.application.lookup()), 1)

    def test_an_address_that_is_not_the_senders_is_noticed(self):  # N3
        self.serve()
        user_agent = UserAgent(self)
        user_agent.request("REGISTER", "z9hG4bK-nat", sent_by="192.168.1.7:5060")
        self.assertTrue(self.application.next().origin.states_other_address)

    def test_one_source_cannot_take_the_room_of_others(self):
        self.serve("--edge-max-connections-per-source", "3", "--edge-max-connections", "5")
        held = [UserAgent(self) for _ in range(3)]
        for number, user_agent in enumerate(held):
            self.register(user_agent, f"z9hG4bK-{number}")
        self.assertTrue(UserAgent(self).is_closed())
        others = [UserAgent(self, "127.0.0.2") for _ in range(2)]
        for number, user_agent in enumerate(others):
            self.register(user_agent, f"z9hG4bK-o{number}")
        self.assertTrue(UserAgent(self, "127.0.0.3").is_closed())
        limit = "flowbroker_limits_hit_total"
        self.assertEqual(self.daemon.metric(f'{limit}{{limit="edge_connections_per_source"}}'), 1)
        self.assertEqual(self.daemon.metric(f'{limit}{{limit="edge_connections"}}'), 1)
        held[0].socket.close()
        self.assertTrue(eventually(lambda: self.daemon.metric('flowbroker_flows_closed_total{reason="closed_by_peer"}') == 1))
        self.register(UserAgent(self), "z9hG4bK-again")

    def test_who_connects_too_often_is_sent_away_for_a_second(self):
        self.serve("--edge-connections-per-second-per-source", "3")
        for _ in range(20):  # in a second or, on a slow machine, a few
            UserAgent(self)
        limit = 'flowbroker_limits_hit_total{limit="edge_connections_per_second_per_source"}'
        self.assertTrue(eventually(lambda: self.daemon.metric(limit) > 0))
        self.register(UserAgent(self, "127.0.0.2"))

        def comes_in():
            user_agent = UserAgent(self)
            try:
                user_agent.send("\r\n\r\n")
                return user_agent.read(2) == b"\r\n"
            except (AssertionError, OSError):
                return False

        self.assertTrue(eventually(comes_in))

    def test_who_says_nothing_is_sent_away(self):
        self.serve("--edge-first-message-timeout", "1s")
        silent, speaks = UserAgent(self), UserAgent(self)
        self.register(speaks)
        silent.send("REGISTER sip:example.org SIP/2.0\r\n")
        began = time.monotonic()
        self.assertTrue(silent.is_closed())
        self.assertGreater(time.monotonic() - began, 0.3)
        self.register(speaks, "z9hG4bK-later")

    def test_strangers_do_not_stay_for_ever_and_who_is_bound_does(self):
        self.serve("--edge-idle-timeout", "1s")
        stranger, bound = UserAgent(self), UserAgent(self)
        self.application.bind(self.register(bound).flow_id)
        self.register(stranger, "z9hG4bK-stranger")
        self.assertTrue(stranger.is_closed())
        self.register(bound, "z9hG4bK-later")
        self.assertEqual(self.daemon.metric('flowbroker_limits_hit_total{limit="edge_idle"}'), 1)

    def test_large_messages_in_parts_have_a_limit_together_and_small_ones_pass(self):
        self.serve("--edge-max-partial-size", "40000", "--shards", "1")
        beside, *large = [UserAgent(self) for _ in range(4)]
        self.register(beside)
        head = "MESSAGE sip:a@b SIP/2.0\r\nContent-Length: 100000\r\n\r\n"
        for user_agent in large[:2]:
            user_agent.send(head + "x" * 18_000)
        beside.send("MESSAGE sip:a@b SIP/2.0\r\nVia: SIP/2.0/TCP h;branch=z9hG4bK-m\r\nFrom: <sip:a@b>;tag=1\r\n"
                    "To: <sip:a@b>\r\nCall-ID: c9\r\nCSeq: 1 MESSAGE\r\nContent-Length: 9000\r\n\r\n")
        beside.send("y" * 8_000)
        large[2].send(head + "x" * 18_000)
        self.assertTrue(large[2].is_closed())
        beside.send("y" * 1_000)
        self.assertTrue(self.application.next().message.endswith(b"y" * 9_000))
        limit = 'flowbroker_limits_hit_total{limit="edge_partial_messages"}'
        self.assertEqual(self.daemon.metric(limit), 1)

    def test_half_a_message_is_not_waited_for_for_ever(self):
        self.serve("--edge-first-message-timeout", "2s")
        user_agent = UserAgent(self)
        self.register(user_agent)
        user_agent.send("MESSAGE sip:a@b SIP/2.0\r\nContent-Length: 100000\r\n")
        self.assertTrue(user_agent.is_closed())
        closed = 'flowbroker_flows_closed_total{reason="malformed_message"}'
        self.assertTrue(eventually(lambda: self.daemon.metric(closed) == 1))

    def test_who_floods_and_never_reads_costs_no_memory(self):  # E7: bounded work
        self.serve()
        user_agent = UserAgent(self)
        self.register(user_agent)
        user_agent.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        before = self.resident()
        binding = b"\x00\x01\x00\x00\x21\x12\xa4\x42" + bytes(12)
        for _ in range(200):
            user_agent.send(binding * 5_000)
        for _ in range(200):  # in pieces: each has the patience of one send
            user_agent.send(b"\r\n\r\n" * 5_000)
        self.register(UserAgent(self), "z9hG4bK-beside")
        if "FLOWBROKER_SANITIZED" not in os.environ:  # which keeps what was freed, to notice who still uses it
            self.assertLess(self.resident() - before, 16 * 1024 * 1024)

    def test_a_drain_lets_no_user_agent_in_and_keeps_those_there(self):
        self.serve()
        user_agent = UserAgent(self)
        self.register(user_agent)
        self.assertIn(self.daemon.http("/drain", "POST")[0], (200, 202, 204))
        with self.assertRaises(OSError):
            UserAgent(self)
        self.register(user_agent, "z9hG4bK-still")

    def test_new_token_keys_are_taken_without_a_restart(self):  # E3
        keys = self.write("keys", "7 000102030405060708090a0b0c0d0e0f10111213\n")
        self.serve("--edge-token-keys-file", keys)
        user_agent = UserAgent(self)
        old = self.register(user_agent).origin.token
        self.write("keys", "8 101112131415161718191a1b1c1d1e1f20212223\n7 000102030405060708090a0b0c0d0e0f10111213\n")
        self.daemon.signal(signal.SIGHUP)
        self.daemon.event("token_keys_reloaded")
        new = self.register(user_agent, "z9hG4bK-2").origin.token
        self.assertNotEqual(old, new)
        self.assertEqual([self.application.verify(token).state for token in (old, new)], [TokenState.LIVE] * 2)
        self.write("keys", "nonsense\n")
        self.daemon.signal(signal.SIGHUP)
        self.daemon.event("token_keys_refused")
        self.assertEqual(self.application.verify(new).state, TokenState.LIVE)

    def test_what_is_not_sip_ends_the_connection_and_nothing_else(self):
        self.serve("--edge-max-header-size", "2000")
        speaks = UserAgent(self)
        self.register(speaks)
        for garbage in (b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\x00\x01", b"REGISTER sip:a SIP/2.0\r\n" + b"X: y\r\n" * 1000,
                        b"REGISTER sip:a SIP/2.0\r\nContent-Length: 99999999999999999999\r\n\r\n"):
            user_agent = UserAgent(self)
            user_agent.send(garbage)
            self.assertTrue(user_agent.is_closed(), garbage[:20])
        self.register(speaks, "z9hG4bK-still")

    def test_bindings_are_watched_refused_and_taken_out(self):  # B3, B5, B6
        self.serve("--require-outbound", "on")
        message = self.register(UserAgent(self))
        watch = self.application.client.watch_bindings(aor=AOR)
        self.addCleanup(watch.close)
        outbound = '<sip:a@b>;+sip.instance="<%s>";reg-id=%s'
        for contact, field in (("<sip:a@b>", "instance_id"), (outbound % (INSTANCE, 0), "contact"),
                               (outbound % (INSTANCE, 2147483648), "contact"), (outbound % ("not a urn", 1), "contact")):
            with self.subTest(contact):
                with self.assertRaises(flowbroker.InvalidArgument) as refused:
                    self.application.bind(message.flow_id, contact=contact)
                self.assertEqual(refused.exception.field, field)
        self.application.bind(message.flow_id)
        self.application.bind(message.flow_id)
        gone = self.application.bind(message.flow_id, contact="*", expires=datetime.timedelta())
        self.assertEqual([one.change for one in gone], [BindingChange.UNBOUND])
        changes = [watch.receive(PATIENCE).change for _ in range(3)]
        self.assertEqual(changes, [BindingChange.BOUND, BindingChange.REFRESHED, BindingChange.UNBOUND])
        with self.assertRaises(flowbroker.NotFound):
            self.application.bind("A" * 22)


if __name__ == "__main__":
    main()
