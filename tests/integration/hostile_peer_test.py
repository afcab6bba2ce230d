#!/usr/bin/env python3
"""Peers that send what is not SIP: their flow ends with a reason, nothing else suffers."""

from harness import OK, BrokerTest, eventually, main, next_event
from rogue_peer import RoguePeer

HEAD = "MESSAGE sip:a@b SIP/2.0\r\nVia: SIP/2.0/TCP b;branch=z9hG4bK1\r\nFrom: <sip:b>;tag=1\r\nTo: <sip:a>\r\n" \
       "Call-ID: 1\r\nCSeq: 1 MESSAGE\r\nMax-Forwards: 70\r\n"

# What a peer sends -> why its flow ends.
ATTACKS = {
    "garbage": (bytes(range(256)) * 8 + b"\r\n\r\n", "malformed_message"),
    "an HTTP response": (b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", "malformed_message"),
    "an endless header": (b"MESSAGE sip:a@b SIP/2.0\r\nSubject: " + b"a" * 3_000_000, "message_too_large"),
    "endless headers": (b"MESSAGE sip:a@b SIP/2.0\r\n" + b"X: y\r\n" * 500_000, "message_too_large"),
    "a start line without end": (b"a" * 3_000_000, None),
    "a negative length": ((HEAD + "Content-Length: -1\r\n\r\n").encode(), "malformed_message"),
    "a length that overflows": ((HEAD + "Content-Length: 99999999999999999999\r\n\r\n").encode(), None),
    "a length beyond the limit": ((HEAD + "Content-Length: 2000000000\r\n\r\n").encode(), "message_too_large"),
    "a length in words": ((HEAD + "Content-Length: many\r\n\r\n").encode(), "malformed_message"),
    "two lengths": ((HEAD + "Content-Length: 1\r\nContent-Length: 5\r\n\r\nabcde").encode(), "malformed_message"),
    "a body longer than its length": ((HEAD + "Content-Length: 4\r\n\r\nthis is the body\r\n\r\n").encode(), "malformed_message"),
    "no length": ((HEAD + "\r\n").encode(), "malformed_message"),
}


class HostilePeerTest(BrokerTest):
    def test_each_ends_its_own_flow_with_a_reason(self):
        good = self.acquire("sip:dual.example.test;transport=tcp").json["flow_id"]
        peer = RoguePeer(self.lab)
        self.addCleanup(peer.close)
        for name, (octets, reason) in ATTACKS.items():
            with self.subTest(name):
                flow_id = self.acquire(peer.uri).json["flow_id"]
                watch = self.watch()
                connection = peer.accept()
                try:
                    connection.sendall(octets)
                except OSError:
                    pass  # Refused half-way, as it should be.
                event = next_event(watch)
                self.assertEqual(event["kind"], "FLOW_EVENT_KIND_CLOSED", event)
                self.assertEqual(event["flow"]["flow_id"], flow_id)
                self.assertIn(event["reason"], [reason] if reason else ["malformed_message", "message_too_large"])
        self.assertTrue(self.succeed("probe", good).json["alive"])

    def test_a_peer_that_says_nothing_is_not_alive(self):
        peer = RoguePeer(self.lab)
        self.addCleanup(peer.close)
        flow_id = self.acquire(peer.uri).json["flow_id"]
        self.assertNotEqual(self.broker.flowctl("probe", flow_id, timeout=1).code, OK)

    def test_a_peer_that_does_not_read_does_not_fill_the_broker(self):
        peer = RoguePeer(self.lab)
        self.addCleanup(peer.close)
        flow_id = self.acquire(peer.uri).json["flow_id"]
        peer.accept()
        body = "x" * 60_000
        text = HEAD + f"Content-Length: {len(body)}\r\n\r\n{body}"
        codes = set()
        for number in range(150):
            branch = text.replace("z9hG4bK1", f"z9hG4bK{number}")
            answer = self.broker.flowctl("send", flow_id, "--file", "-", input=branch)
            codes.add((answer.code, answer.error.get("failure", "")))
            if answer.code != OK:
                break
        self.assertIn("limit_reached", {failure for _, failure in codes}, codes)

    def test_descriptors_are_not_left_behind(self):
        peer = RoguePeer(self.lab)
        self.addCleanup(peer.close)
        self.acquire(peer.uri)
        peer.accept().sendall(ATTACKS["garbage"][0])
        self.assertTrue(eventually(lambda: not self.broker.flows()))
        before = self.broker.descriptors()
        for _ in range(10):
            self.acquire(peer.uri)
            peer.accept().sendall(ATTACKS["garbage"][0])
            self.assertTrue(eventually(lambda: not self.broker.flows()))
        self.assertTrue(eventually(lambda: self.broker.descriptors() <= before), self.broker.descriptors())


if __name__ == "__main__":
    main()
