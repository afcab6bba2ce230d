#!/usr/bin/env python3
"""The egress policy: where the broker does not connect to, whatever a caller, DNS or a Via says."""

from harness import V4, V6, BrokerTest, main

URI = "sip:dual.example.test;transport=tcp"
OTHER = 1  # flowctl's exit code for PERMISSION_DENIED, as for everything that no script has to tell apart
HERE = "127.0.0.1:7460"  # the broker's own port: what a server-side request forger would love to reach
ADMIN = "127.0.0.1:7461"  # another one, that says nothing of itself


def forbidden(answer):
    """What the steps of the trace say that the policy forbids."""
    return " ".join(step.get("reason", "") for step in answer.trace if step.get("failure") == "forbidden")


class EgressTest(BrokerTest):
    def refused(self, *arguments):
        answer = self.fail_to(OTHER, *arguments)
        self.assertEqual((answer.error["code"], answer.error.get("failure")), ("PERMISSION_DENIED", "forbidden"), answer.text)
        self.assertEqual(answer.attempts, [])
        return answer

    def test_this_host_is_forbidden_by_every_name(self):
        for host in (HERE, "[::1]:7460", "localhost:7460", "0.0.0.0:7460", "[::ffff:127.0.0.1]:7460",
                     "[::127.0.0.1]:7460", "[64:ff9b::127.0.0.1]:7460", "[2002:7f00:1::]:7460"):
            for transport in ("tcp", "udp"):
                with self.subTest(host=host, transport=transport):
                    answer = self.broker.flowctl("acquire", f"sip:{host};transport={transport}")
                    self.assertIn(answer.error.get("failure"), ("forbidden", "invalid_argument"), answer.text)
                    self.assertEqual(answer.attempts, [])
        self.assertEqual(self.broker.flows(), [])

    def test_metadata_services_are_forbidden(self):
        for host in ("169.254.169.254", "100.100.100.200", "[fd00:ec2::254]", "[fe80::1]"):
            answer = self.refused("acquire", f"sip:{host}:80;transport=tcp")
            self.assertIn(f"{host}:80", answer.error["message"])

    def test_what_the_operator_denies_is_not_tried(self):
        self.restart("--egress-deny", f"{V6}/128")
        answer = self.acquire(URI)
        self.assertEqual(answer.remote[1], V4)
        self.assertEqual([step["remote"]["address"] for step in answer.attempts], [V4])
        self.assertIn(V6, forbidden(answer))
        self.assertEqual([address for _, address, _ in self.succeed("resolve", URI).targets], [V4])

    def test_what_is_not_allowed_is_not_tried_where_only_that_may(self):
        self.restart("--egress-only-allowed", "on", "--egress-allow", "192.0.2.0/24:5060")
        self.assertEqual(self.acquire(URI).remote, ("TCP", V4, 5060))
        self.refused("acquire", "sip:dual.example.test:5062;transport=tcp")

    def test_a_name_whose_addresses_are_all_forbidden_is_refused(self):
        self.restart("--egress-deny", "192.0.2.0/24,2001:db8::/32")
        for call in ("acquire", "resolve"):
            self.assertIn(V4, self.refused(call, URI).error["message"])

    def test_this_host_can_be_allowed(self):
        self.restart("--egress-allow", ADMIN, "--admin", ADMIN)
        self.assertEqual(self.acquire(f"sip:{ADMIN};transport=tcp").remote, ("TCP", "127.0.0.1", 7461))
        self.refused("acquire", "sip:127.0.0.1:5300;transport=tcp")


if __name__ == "__main__":
    main()
