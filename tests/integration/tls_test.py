#!/usr/bin/env python3
"""TLS identity by RFC 5922, on real certificates."""

import threading

from harness import UNAVAILABLE, V6, BrokerTest, main
from rogue_peer import RoguePeer


class TlsTest(BrokerTest):
    def refuse(self, uri, failure, *arguments):
        answer = self.fail_to(UNAVAILABLE, "acquire", uri, *arguments)
        self.assertTrue(answer.attempts, answer.text)
        self.assertEqual({step["failure"] for step in answer.attempts}, {failure}, answer.text)
        return answer

    def test_dns_name_of_the_uri_host_is_accepted(self):
        self.assertEqual(self.acquire("sips:dual.example.test").remote, ("TLS", V6, 5061))

    def test_identity_is_the_host_of_the_uri_not_the_target_of_srv(self):
        # `srvtls` leads to `dual`; both stand in the certificate, `wrongname` does not although `dual` does.
        self.acquire("sip:srvtls.example.test")
        answer = self.refuse("sips:wrongname.example.test", "certificate_mismatch")
        self.assertIn("wrongname.example.test", answer.text)
        self.assertIn("somebody-else.example.org", answer.text)

    def test_sip_uri_in_the_certificate_is_accepted(self):
        self.assertEqual(self.acquire("sips:uri.example.test").remote, ("TLS", V6, 5062))

    def test_dns_name_beside_a_sip_uri_does_not_count(self):
        self.refuse("sips:dual.example.test:5062", "certificate_mismatch", "--tls-identity", "dns-only.example.test")

    def test_identity_can_be_stated(self):
        self.acquire("sips:192.0.2.10", "--tls-identity", "dual.example.test")
        self.refuse("sips:192.0.2.10", "certificate_mismatch", "--tls-identity", "nobody.example.test")

    def test_expired_certificate_is_not_trusted(self):
        self.refuse("sips:expired.example.test", "certificate_untrusted")

    def test_self_signed_certificate_is_not_trusted(self):
        self.refuse("sips:selfsigned.example.test", "certificate_untrusted")

    def test_a_server_that_does_not_speak_tls_fails_the_handshake(self):
        self.lab.stop("kamailio")
        self.addCleanup(self.lab.start, "kamailio")
        peer = RoguePeer(self.lab)
        self.addCleanup(peer.close)
        answering = threading.Thread(target=lambda: peer.accept().sendall(b"SIP/2.0 400 What?\r\n\r\n"))
        answering.start()
        self.refuse(f"sips:192.0.2.14:{peer.port}", "tls_handshake_failed")
        answering.join()

    def test_flow_says_which_identity_was_verified(self):
        flow_id = self.acquire("sips:dual.example.test").json["flow_id"]
        flow = self.succeed("flows", flow_id).json["flow"]
        self.assertIn("dual.example.test", flow["tls_identity"])

    def test_a_flow_serves_the_other_names_of_its_certificate_and_no_others(self):  # O3
        place = f"sips:[{V6}]"
        first = self.acquire("sips:dual.example.test")
        for name in ("full.example.test", "tls.example.test", "srvtls.example.test"):  # whichever shards they belong to
            other = self.acquire(place, "--tls-identity", name)
            self.assertEqual((other.source, other.json["flow_id"]), ("POOLED", first.json["flow_id"]), other.text)
            self.assertIn(f"the certificate of dual.example.test also carries {name}", other.text)
        answer = self.refuse(place, "certificate_mismatch", "--tls-identity", "wrongname.example.test")
        self.assertEqual(len(answer.attempts), 1, "it was connected to, and judged by, itself")
        # A DNS name beside a sip: URI does not count (RFC 5922 s.7.1), for a flow that is there as little as for a new one.
        self.acquire("sips:uri.example.test")
        self.refuse(f"{place}:5062", "certificate_mismatch", "--tls-identity", "dns-only.example.test")

    def test_reuse_over_tls_can_be_switched_off(self):
        self.restart("--tls-reuse", "off")
        first = self.acquire("sips:dual.example.test")
        other = self.acquire(f"sips:[{V6}]", "--tls-identity", "full.example.test")
        self.assertEqual(other.source, "RACED")
        self.assertNotEqual(other.json["flow_id"], first.json["flow_id"])


if __name__ == "__main__":
    main()
