#!/usr/bin/env python3
"""Requests that make no sense are INVALID_ARGUMENT and name the field."""

from harness import USAGE, BrokerTest, main

MALFORMED = [
    "",
    "sip:",
    "sip:@",
    "nonsense",
    "tel:+123",
    "http://example.test/",
    "sip:exa mple.test",
    "sip:example.test:0",
    "sip:example.test:65536",
    "sip:example.test:five",
    "sip:[2001:db8::1",
    "sip:[::g]",
    "sip:192.0.2.300.example..test",
    "sip:example.test;transport=sctp",
    "sip:example.test;transport=",
    "sips:example.test;transport=udp",
    "sip:" + "a" * 64 + ".example.test",
    "sip:" + "a." * 200 + "test",
    "sip:" + "a" * 5000 + "@example.test",
    "sip:example.test\r\nX: y",
]


class BadInputTest(BrokerTest):
    def test_malformed_uris_are_refused_by_name_of_the_field(self):
        for uri in MALFORMED:
            for command in ("acquire", "resolve"):
                with self.subTest(uri=uri[:60], command=command):
                    answer = self.fail_to(USAGE, command, "--", uri)
                    self.assertEqual(answer.error["code"], "INVALID_ARGUMENT", answer.text)
                    self.assertIn("uri", answer.text)

    def test_other_fields_are_named_too(self):
        for flags, field in (
            (("--local-address", "not-an-address"), "local_address"),
            (("--interface", "no-such-interface-here"), "local_interface"),
            (("--request-id", "x" * 200), "request_id"),
        ):
            with self.subTest(field):
                answer = self.fail_to(USAGE, "acquire", "sip:dual.example.test", *flags)
                self.assertIn(field, answer.text)

    def test_the_broker_is_none_the_worse(self):
        for uri in MALFORMED:
            self.broker.flowctl("acquire", "--", uri)
        self.acquire("sip:dual.example.test;transport=tcp")


if __name__ == "__main__":
    main()
