#!/usr/bin/env python3
"""SIP messages over flows, to and from a real SIP server."""

import itertools
import subprocess

from harness import NOT_FOUND, OK, BrokerTest, main
from rogue_peer import RoguePeer

_serial = itertools.count(1)
URIS = {
    "TCP": "sip:dual.example.test;transport=tcp",
    "TLS": "sip:tls.example.test",
    "UDP": "sip:dual.example.test;transport=udp",
}


def message(user, transport="TCP", body=""):
    serial = next(_serial)
    return (
        f"MESSAGE sip:{user}@dual.example.test SIP/2.0\r\n"
        f"Via: SIP/2.0/{transport} client.example.test;branch=z9hG4bKrelay{serial};rport\r\n"
        f"From: <sip:a@example.test>;tag={serial}\r\nTo: <sip:{user}@dual.example.test>\r\nCall-ID: relay{serial}\r\n"
        f"CSeq: 1 MESSAGE\r\nMax-Forwards: 70\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    )


class RelayTest(BrokerTest):
    def send(self, flow_id, text, *flags):
        return self.broker.flowctl("send", flow_id, "--file", "-", "--wait", "10", "--count", "1", *flags, input=text)

    def test_a_request_is_answered_on_every_transport(self):
        for transport, uri in URIS.items():
            with self.subTest(transport):
                answer = self.send(self.acquire(uri).json["flow_id"], message("echo", transport))
                self.assertEqual(answer.code, OK, answer.text)
                self.assertTrue(answer.json["message"].startswith("SIP/2.0 200 "), answer.text)

    def test_options_shows_the_answer(self):
        for uri in URIS.values():
            answer = self.succeed("options", uri)
            self.assertEqual(answer.json["response"]["status_code"], 200)

    def test_a_large_answer_comes_whole(self):
        for transport in ("TCP", "TLS"):
            answer = self.send(self.acquire(URIS[transport]).json["flow_id"], message("big", transport))
            self.assertEqual(len(answer.json["message"].partition("\r\n\r\n")[2]), 8192, answer.text)

    def test_a_large_request_goes_whole(self):
        for transport in ("TCP", "TLS"):
            flow_id = self.acquire(URIS[transport]).json["flow_id"]
            answer = self.send(flow_id, message("echo", transport, body="x" * 12_000))
            self.assertTrue(answer.json["message"].startswith("SIP/2.0 200 "), answer.text)

    def test_a_request_of_the_peer_comes_to_the_group_of_the_flow(self):
        for transport, uri in URIS.items():
            with self.subTest(transport):
                flow_id = self.acquire(uri, "--group", "edge").json["flow_id"]
                answer = self.send(flow_id, message("boomerang", transport), "--group", "edge")
                self.assertEqual(answer.code, OK, answer.text)
                self.assertTrue(answer.json["message"].startswith("MESSAGE sip:boomerang@"), answer.text)

    def test_messages_are_told_apart_whatever_the_segments(self):
        peer = RoguePeer(self.lab)
        self.addCleanup(peer.close)
        flow_id = self.acquire(peer.uri).json["flow_id"]
        connection = peer.accept()
        reader = subprocess.Popen(
            self.broker.command("send", flow_id, "--file", "/dev/stdin", "--wait", "10", "--count", "3"),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        reader.stdin.write(message("rogue"))
        reader.stdin.close()
        self.assertTrue(connection.recv(65536).startswith(b"MESSAGE"))
        stream = ("\r\n\r\n" + message("one", body="12345") + "\r\n" + message("two") + message("three", body="\r\n\r\n"))
        for octet in stream.encode():
            connection.sendall(bytes([octet]))
        lines = reader.stdout.read().splitlines()
        reader.stdout.close()
        self.assertEqual(reader.wait(), OK)
        self.assertEqual([user for line in lines for user in ("one", "two", "three") if f"sip:{user}@" in line.split("SIP/2.0")[0]],
                         ["one", "two", "three"])

    def test_an_unknown_flow_is_an_error_of_that_message(self):
        self.assertEqual(self.send("no-such-flow", message("echo")).code, NOT_FOUND)

    def test_a_flow_of_another_group_is_unknown(self):
        flow_id = self.acquire(URIS["TCP"], "--group", "mine").json["flow_id"]
        self.assertEqual(self.send(flow_id, message("echo"), "--group", "theirs").code, NOT_FOUND)

    def test_the_end_of_its_stream_ends_an_exclusive_flow(self):
        flow_id = self.acquire(URIS["TCP"], "--exclusive").json["flow_id"]
        self.assertEqual(self.send(flow_id, message("echo")).code, OK)
        self.fail_to(NOT_FOUND, "flows", flow_id)


if __name__ == "__main__":
    main()
