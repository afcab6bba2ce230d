#!/usr/bin/env python3
"""User agents that connect to the broker's edge over TCP: what they send comes to the application with flow and token,
and the application reaches them again over the flow they have opened (SIP Outbound). On this host, by real sockets."""

import base64
import hmac
import os
import signal
import socket
import ssl

import flowbroker
from flowbroker import BindingChange, TokenState
from harness import PATIENCE, eventually
from local_daemon import LocalDaemon, main
from user_agent import INSTANCE, STUN, STUN_420, UNKNOWN_ATTRIBUTE, WRONG_FINGERPRINT, EdgeCase, mapped_address
from user_agent import StreamUserAgent as UserAgent

INVITE = ("INVITE sip:alice@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/TCP p;branch=z9hG4bKi\r\nFrom: <sip:b@b>;tag=2\r\n"
          "To: <sip:a@a>\r\nCall-ID: c2\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n")
KEY, OTHER_KEY = bytes(range(20)), bytes(range(16, 36))


def token_of(key_id, key, local, remote):
    """The token of a flow over TCP and IPv4 by algorithm 2, as proto/README.md lays it out (E3)."""
    signed = bytes([key_id, 2])
    for address, port in (local, remote):
        signed += socket.inet_aton(address) + port.to_bytes(2, "big")
    return base64.urlsafe_b64encode(hmac.new(key, signed, "sha1").digest()[:10] + signed).decode()


class EdgeTest(EdgeCase):
    def write_keys(self, *keys):
        """A file of them; the first mints."""
        lines = [f"{number} {key.hex()}\n" for number, key in keys]
        return self.write("keys", "# minted with the first\n" + "".join(lines))

    def resident(self):
        with open(f"/proc/{self.daemon.process.pid}/statm") as statm:
            return int(statm.read().split()[1]) * 4096

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
        self.application.send(verdict.flow_id, INVITE)
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

    def test_a_token_is_laid_out_as_specified_and_by_another_key_it_is_forged(self):  # E3, E4
        self.serve("--edge-token-keys-file", self.write_keys((7, KEY)))
        user_agent = UserAgent(self)
        message = self.register(user_agent)
        ends = (user_agent.socket.getpeername(), user_agent.local)
        ours = token_of(7, KEY, *ends)
        self.assertEqual(message.origin.token, ours)
        self.assertEqual(self.application.verify(ours).flow_id, message.flow_id)
        for foreign in (token_of(8, KEY, *ends), token_of(8, OTHER_KEY, *ends), token_of(7, OTHER_KEY, *ends)):
            verdict = self.application.verify(foreign)
            self.assertEqual((verdict.state, verdict.sip_status), (TokenState.FORGED, 403), foreign)
            self.assertEqual(verdict.flow_id, "")

    def test_bare_flow_ids_are_tokens_only_where_the_switch_says_so(self):  # E2
        self.serve("--edge-token-algorithm", "1")
        user_agent = UserAgent(self)
        message = self.register(user_agent)
        token = message.origin.token
        self.assertEqual([token, self.application.client.mint_token(message.flow_id)], [message.flow_id] * 2)
        verdict = self.application.verify(token)
        self.assertEqual((verdict.state, verdict.flow_id, verdict.sip_status), (TokenState.LIVE, token, None))
        self.assertEqual(verdict.remote.port, user_agent.local[1])
        self.assertEqual(self.application.verify(token[:-1]).state, TokenState.FORGED)
        user_agent.socket.close()
        self.assertTrue(eventually(lambda: self.application.verify(token).sip_status == 430))

        self.stop_all()
        self.serve()
        live = self.register(UserAgent(self)).flow_id
        self.assertEqual(self.application.verify(live).sip_status, 403)

    def test_tokens_outlive_a_restart_with_keys_from_a_file(self):  # E3
        keys = self.write_keys((7, KEY))
        self.serve("--edge-token-keys-file", keys)
        token = self.register(UserAgent(self)).origin.token
        self.stop_all()
        self.write_keys((8, OTHER_KEY), (7, KEY))
        self.serve("--edge-token-keys-file", keys)
        self.assertEqual(self.application.verify(token).state, TokenState.GONE)
        self.assertEqual(self.application.verify(self.register(UserAgent(self)).origin.token).state, TokenState.LIVE)

    def test_any_replica_with_the_keys_tells_a_token_of_another_from_a_forged_one(self):  # E3, E4
        keys = ("--edge-token-keys-file", self.write_keys((7, KEY)))
        self.serve(*keys)
        message = self.register(UserAgent(self))
        replica, stranger = self.replica("replica", *keys), self.replica("stranger")
        verdict = replica.verify_token(message.origin.token)
        self.assertEqual((verdict.state, verdict.sip_status, verdict.flow_id), (TokenState.GONE, 430, ""))
        self.assertEqual(verdict.remote, message.origin.remote)
        self.assertEqual(stranger.verify_token(message.origin.token).sip_status, 403)
        self.assertEqual(self.application.verify(message.origin.token).flow_id, message.flow_id)

    def replica(self, name, *flags):
        """A client of another broker, which runs beside ours."""
        os.mkdir(self.path(name))
        daemon = LocalDaemon(self.path(name), "--edge-listen", "tcp:127.0.0.1:0", *flags)
        self.addCleanup(daemon.close)
        client = flowbroker.Client(daemon.address, default_timeout=PATIENCE)
        self.addCleanup(client.close)
        return client

    def test_keys_that_cannot_be_read_keep_it_from_starting(self):
        keys = self.write("keys", "7 00\n")
        refused = self.run_to_end("--listen", f"unix:{self.path('s')}", "--edge-token-keys-file", keys)
        self.assertEqual(refused.returncode, 1)
        self.assertIn(f"{keys}, line 1", refused.stderr)

    def assert_stun_is_answered(self, user_agent):
        user_agent.send(STUN)
        answer = user_agent.read_stun()
        self.assertEqual(answer[:2] + answer[4:20], b"\x01\x01" + STUN[4:])
        self.assertEqual(mapped_address(answer), user_agent.local[:2])

    def test_pings_and_stun_are_answered(self):  # E6, E7
        self.serve()
        user_agent = UserAgent(self)
        user_agent.send(b"\r\n\r\n")
        self.assertEqual(user_agent.read(2), b"\r\n")
        self.assert_stun_is_answered(user_agent)
        user_agent.send(b"\r\n\r\n\r\n\r\n")
        self.assertEqual(user_agent.read(4), b"\r\n\r\n")
        self.assertEqual(self.register(user_agent).message[:9], b"REGISTER ")

    def test_stun_with_what_it_must_understand_and_does_not_is_answered_with_420(self):  # RFC 8489 section 6.3.1
        self.serve()
        user_agent = UserAgent(self)
        user_agent.send(UNKNOWN_ATTRIBUTE)
        self.assertEqual(user_agent.read_stun(), STUN_420)
        user_agent.send(WRONG_FINGERPRINT)
        self.assert_stun_is_answered(user_agent)  # nothing comes before it
        self.assertEqual(self.register(user_agent).message[:9], b"REGISTER ")

    def serve_tls(self, *flags, address="127.0.0.1"):
        certificate, key = self.certificate("edge", "edge.example.org")
        self.serve("--tls-certificate-file", certificate, "--tls-private-key-file", key, *flags, transport="tls",
                   address=address)
        self.tls = ssl.create_default_context(cafile=certificate)

    def assert_a_user_agent_is_served_over_tls(self, address, token_length):
        self.serve_tls(address=address)
        user_agent = UserAgent(self, tls=self.tls)
        user_agent.send(b"\r\n\r\n")
        self.assertEqual(user_agent.read(2), b"\r\n")
        self.assert_stun_is_answered(user_agent)
        message = self.register(user_agent)
        self.assertTrue(message.origin.listener.startswith(f"tls:{address}:"))
        self.assertEqual((str(message.origin.remote.address), message.origin.remote.port), user_agent.local[:2])
        self.assertEqual(len(message.origin.token), token_length)
        self.assertEqual(self.application.verify(message.origin.token).flow_id, message.flow_id)
        self.application.bind(message.flow_id)
        self.application.send(self.application.lookup()[0].binding.flow_id, INVITE)
        self.assertTrue(user_agent.read_message().startswith("INVITE "))

    def test_over_tls_the_same_with_our_certificate(self):  # E5, E6, E7
        self.assert_a_user_agent_is_served_over_tls("127.0.0.1", 32)

    def test_over_tls_and_ipv6_the_same(self):  # E3, E5, E6, E7
        self.assert_a_user_agent_is_served_over_tls("[::1]", 64)

    def test_who_comes_to_the_tls_edge_and_speaks_no_tls_is_sent_away(self):
        self.serve_tls("--edge-first-message-timeout", "2s")
        user_agent = UserAgent(self, tls=self.tls)
        self.application.bind(self.register(user_agent).flow_id)
        plain = UserAgent(self)
        plain.send("REGISTER sip:example.org SIP/2.0\r\n\r\n")
        while plain.socket.recv(4096):  # an alert, and the end
            pass
        self.assertTrue(UserAgent(self).is_closed(), "a handshake that hangs is ended")
        self.assertEqual(self.limit("first_message"), 1)
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
        self.assertEqual((self.limit("edge_connections_per_source"), self.limit("edge_connections")), (1, 1))
        held[0].socket.close()
        closed = 'flowbroker_flows_closed_total{reason="closed_by_peer"}'
        self.assertTrue(eventually(lambda: self.daemon.metric(closed) == 1))
        self.register(UserAgent(self), "z9hG4bK-again")

    def test_who_connects_too_often_is_sent_away_for_a_second(self):
        self.serve("--edge-connections-per-second-per-source", "3")
        for _ in range(20):  # in a second or, on a slow machine, a few
            UserAgent(self)
        self.assertTrue(eventually(lambda: self.limit("edge_connections_per_second_per_source") > 0))
        self.register(UserAgent(self, "127.0.0.2"))
        self.assertTrue(eventually(self.somebody_comes_in))

    def test_a_crowd_that_connects_too_often_is_sent_away_for_a_second(self):
        self.serve("--edge-connections-per-second", "3")
        for number in range(1, 21):
            UserAgent(self, f"127.0.1.{number}")
        self.assertTrue(eventually(lambda: self.limit("edge_connections_per_second") > 0))
        self.assertEqual(self.limit("edge_connections_per_second_per_source"), 0)
        self.assertTrue(eventually(self.somebody_comes_in))

    def somebody_comes_in(self):
        user_agent = UserAgent(self)
        try:
            user_agent.send("\r\n\r\n")
            return user_agent.read(2) == b"\r\n"
        except (AssertionError, OSError):
            return False

    def test_who_says_nothing_is_sent_away(self):
        self.serve("--edge-first-message-timeout", "1s")
        silent, speaks = UserAgent(self), UserAgent(self)
        self.register(speaks)
        self.assertTrue(silent.is_closed())
        self.assertEqual(self.limit("first_message"), 1)
        begins = UserAgent(self)
        begins.send("REGISTER sip:example.org SIP/2.0\r\n")
        self.assertTrue(begins.is_closed())
        self.register(speaks, "z9hG4bK-later")

    def test_strangers_do_not_stay_for_ever_and_who_is_bound_does(self):
        self.serve("--edge-idle-timeout", "1s")
        stranger, bound = UserAgent(self), UserAgent(self)
        self.application.bind(self.register(bound).flow_id)
        self.register(stranger, "z9hG4bK-stranger")
        self.assertTrue(stranger.is_closed())
        self.register(bound, "z9hG4bK-later")
        self.assertEqual(self.limit("edge_idle"), 1)

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
        self.assertEqual(self.limit("edge_partial_messages"), 1)

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
        user_agent = UserAgent(self, receive_buffer=4096)
        self.register(user_agent)
        before = self.resident()
        for _ in range(200):
            user_agent.send(STUN * 5_000)
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
        keys = self.write_keys((7, KEY))
        self.serve("--edge-token-keys-file", keys, "--certificate-check-interval", "1s")
        user_agent = UserAgent(self)
        old = self.register(user_agent).origin.token
        self.write_keys((8, OTHER_KEY), (7, KEY))
        self.daemon.event("token_keys_reloaded")  # by itself
        new = self.register(user_agent, "z9hG4bK-2").origin.token
        self.assertNotEqual(old, new)
        self.assertEqual([self.application.verify(token).state for token in (old, new)], [TokenState.LIVE] * 2)
        self.write("keys", "nonsense\n")
        self.daemon.signal(signal.SIGHUP)
        self.daemon.event("token_keys_refused")
        self.assertEqual(self.application.verify(new).state, TokenState.LIVE)

    def test_a_single_crlf_is_answered_too_where_the_draft_is_followed(self):  # E7
        self.serve("--edge-crlf-answer-after", "1s")
        user_agent = UserAgent(self)
        user_agent.send("\r\n")
        self.assertEqual(user_agent.read(2), b"\r\n")

    def test_what_is_not_sip_ends_the_connection_and_nothing_else(self):
        self.serve("--edge-max-header-size", "2000")
        speaks = UserAgent(self)
        self.register(speaks)
        for garbage in (b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\x00\x01",
                        b"REGISTER sip:a SIP/2.0\r\n" + b"X: y\r\n" * 1000,
                        b"REGISTER sip:a SIP/2.0\r\nContent-Length: 99999999999999999999\r\n\r\n",
                        STUN[:4] + b"\x21\x12\xa4\x43" + STUN[8:], STUN[:2] + b"\xff\xfc" + STUN[4:],
                        STUN[:2] + b"\x00\x02" + STUN[4:] + b"xx"):
            user_agent = UserAgent(self)
            user_agent.send(garbage)
            self.assertTrue(user_agent.is_closed(), garbage[:20])
        self.register(speaks, "z9hG4bK-still")
        self.assertGreater(self.daemon.metric('flowbroker_limits_hit_total{limit="message_size"}'), 0)


if __name__ == "__main__":
    main()
