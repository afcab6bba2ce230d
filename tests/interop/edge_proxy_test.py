#!/usr/bin/env python3
"""The example edge proxy between real user agents and a real registrar: calls over the right flow (RFC 5626)."""

import select
import socket
import sys

sys.dont_write_bytecode = True

from edge_proxy_lab import CORE, IPV6_EDGE, PLAIN_EDGES, TLS_EDGES, EdgeProxyCase  # noqa: E402
from harness import PATIENCE, eventually, main  # noqa: E402


class EdgeProxyTest(EdgeProxyCase):
    def test_a_call_comes_in_over_the_flow_of_the_user_agent(self):  # E1, E5
        alice = self.start_user()
        self.call()
        self.assertEqual(len(alice.received("INVITE ")), 1)
        self.assertIn(alice.received("INVITE ")[0], self.edges)
        self.assertEqual(alice.received("BYE "), alice.received("INVITE "))

    def test_the_broker_knows_who_has_registered(self):  # B1, B2, B4
        self.assertEqual(self.bound_flows(), [])
        self.start_user()
        self.assertEqual(sorted(self.bound_flows()), sorted(map(self.edge_flow, self.edges)))
        self.lose(self.edges[0])
        self.assertEqual(self.bound_flows(), [self.edge_flow(self.edges[1])])

    def test_a_call_takes_the_other_flow_when_the_primary_has_ended(self):  # B3, B4, E4
        alice = self.start_user()
        self.call()
        primary = alice.received("INVITE ")[0]
        self.lose(primary)
        self.call()
        self.assertEqual(alice.received("INVITE ")[1:], [self.other(primary)])

    def test_a_user_agent_that_starts_again_is_reached_over_its_new_flows(self):  # B2, B3
        alice = self.start_user()
        alice.stop()
        alice = self.start_user()
        self.call()
        self.assertEqual(len(alice.received("INVITE ")), 1)

    def test_a_call_takes_the_other_flow_when_the_primary_is_silent(self):  # B3
        alice = self.start_user()
        self.call()
        primary = alice.received("INVITE ")[0]
        self.home.cut(primary)
        self.call()
        self.assertEqual(alice.received("INVITE ")[1:], [self.other(primary)])

    def test_a_forged_token_is_refused(self):  # E4
        self.start_user()
        token = self.token(self.edges[0])
        forged = ("B" if token[0] == "A" else "A") + token[1:]
        self.assertEqual(self.ask_core(f"<sip:{token}@{CORE};transport=tcp;lr>"), 200)
        self.assertEqual(self.ask_core(f"<sip:{forged}@{CORE};transport=tcp;lr>"), 403)
        self.assertEqual(self.ask_core(f"<sip:{CORE};lr>"), 403)
        self.assertEqual(self.ask_core(f"<sip:{token}@192.0.2.99;lr>"), 404)

    def test_a_strangers_token_leads_nowhere_from_outside(self):
        alice = self.start_user()
        for place in (CORE, PLAIN_EDGES[0]):
            route = f"Route: <sip:{self.token(self.edges[1])}@{place};lr>"
            self.assertEqual(self.ask("home", PLAIN_EDGES[0], route, uri="sip:nobody@example.test"), 480)
        self.assertEqual(alice.received("OPTIONS "), [])

    def test_a_caller_who_gives_up_is_heard_by_the_user_agent(self):
        alice = self.start_user(answer="manual")
        self.call(scenario="cancel")
        self.assertEqual(alice.received("CANCEL "), alice.received("INVITE "))
        self.assertTrue(eventually(lambda: alice.received("ACK ") == alice.received("INVITE ")), alice.said())

    def test_one_user_agent_calls_another(self):
        alice = self.start_user()
        bob = self.start_user("bob", port=4445)
        alice.tell("dial", "sip:bob@example.test")
        self.assertTrue(eventually(lambda: "Call established" in alice.said()), alice.said())
        bob.tell("hangup")
        self.assertTrue(eventually(lambda: alice.received("BYE ")), alice.said())
        self.assertEqual(len(bob.received("INVITE ")), 1)


class EdgeProxyRefusalTest(EdgeProxyCase):
    def test_what_cannot_be_forwarded_is_answered(self):
        self.assertEqual(self.ask("home", PLAIN_EDGES[0], "Max-Forwards: 0"), 483)
        self.registrar.terminate()
        self.registrar.wait()
        self.assertEqual(self.ask("home", PLAIN_EDGES[0]), 503)

    def test_a_user_agent_that_does_not_read_is_given_up(self):
        self.restart(*self.flags, "--flow-send-queue", "64K")
        with self.lab.inside("home"):
            deaf = socket.create_connection(("192.0.2.1", 5060), PATIENCE)
        self.addCleanup(deaf.close)
        deaf.sendall(request("OPTIONS", "sip:example.test", "10.9.0.2", "sip:deaf@example.test"))
        self.assertTrue(eventually(lambda: self.edge_flows(PLAIN_EDGES[0])))
        route = f"Route: <sip:{self.token(PLAIN_EDGES[0])}@{CORE};transport=tcp;lr>"
        self.assertEqual(self.ask_repeatedly(route, times=1000), 430)

    def ask_repeatedly(self, route, times):
        """Status of the first answer to many requests, each of them long."""
        with self.lab.inside("server"):
            core = socket.create_connection(("192.0.2.1", 5070), PATIENCE)
        with core:
            for _ in range(times):
                core.sendall(request("MESSAGE", "sip:a@b", "192.0.2.14", "sip:b@b", route, "Subject: " + 16384 * "x"))
                if select.select([core], [], [], 0)[0]:
                    break
            return int(core.recv(65536).split()[1])


class EdgeProxyOverIpv6Test(EdgeProxyCase):
    def test_a_phone_over_ipv6_registers_and_is_reached_from_the_ipv4_side(self):  # E1, E3, E5
        with self.lab.inside("server"):
            phone = socket.create_connection(("2001:db8:1::1", 5060), PATIENCE, source_address=("2001:db8:1::14", 0))
        self.addCleanup(phone.close)
        own = "[2001:db8:1::14]:{}".format(phone.getsockname()[1])
        phone.sendall(request("REGISTER", "sip:example.test", own, "sip:six@example.test", f"Contact: <sip:six@{own};transport=tcp>"))
        answer = phone.recv(65536).decode()
        self.assertTrue(answer.startswith("SIP/2.0 200 "), answer)
        self.assertEqual(self.bound_flows("sip:six@example.test"), self.edge_flows(IPV6_EDGE))
        with self.lab.inside("server"):
            caller = socket.create_connection(("198.51.100.11", 5060), PATIENCE)
        self.addCleanup(caller.close)
        caller.sendall(request("MESSAGE", "sip:six@example.test", "198.51.100.11:5090", "sip:caller@example.test"))
        message = phone.recv(65536).decode()
        self.assertTrue(message.startswith(f"MESSAGE sip:six@{own}"), message)
        phone.sendall(message.replace(message.partition("\r\n")[0], "SIP/2.0 200 OK", 1).encode())
        answer = final_answer(caller)
        self.assertTrue(answer.startswith("SIP/2.0 200 "), answer)


class EdgeProxyOverTlsTest(EdgeProxyTest):
    transport = "tls"
    edges = TLS_EDGES


class EdgeProxyOverUdpTest(EdgeProxyTest):  # N1
    transport = "udp"

    def test_a_phone_without_outbound_is_reached_through_its_nat(self):  # N1, N3
        phone = self.registered_phone()
        caller = self.socket_at("server")
        caller.connect(("198.51.100.11", 5060))
        own = "{}:{}".format(*caller.getsockname())
        caller.send(request("MESSAGE", "sip:phone@example.test", own, "sip:caller@example.test"))
        message = phone.recv(65536).decode()
        self.assertTrue(message.startswith("MESSAGE sip:phone@10.9.0.2:"), message)
        phone.send(message.replace(message.partition("\r\n")[0], "SIP/2.0 200 OK", 1).encode())
        answer = final_answer(caller)
        self.assertTrue(answer.startswith("SIP/2.0 200 "), answer)

    def test_a_phone_without_outbound_is_kept_alive_by_the_edge(self):  # N4
        self.restart(*self.flags, "--edge-keep-alive-shortest", "1s", "--edge-keep-alive-longest", "2s")
        phone = self.registered_phone()
        self.assertTrue(phone.recv(65536).startswith(b"OPTIONS "))

    def registered_phone(self):
        """A socket at home that is sip:phone@example.test and has said so once."""
        phone = self.socket_at("home")
        phone.connect(("192.0.2.1", 5060))
        own = "{}:{}".format(*phone.getsockname())
        register = request("REGISTER", "sip:example.test", own, "sip:phone@example.test", f"Contact: <sip:phone@{own}>")
        answer = ""
        while not answer:  # a broker that has just started may have no proxy yet
            phone.send(register)
            if select.select([phone], [], [], 1)[0]:
                answer = phone.recv(65536).decode()
        self.assertTrue(answer.startswith("SIP/2.0 200 "), answer)
        self.assertIn("received=192.0.2.13", answer)
        self.assertEqual(self.bound_flows("sip:phone@example.test"), self.edge_flows(self.edges[0]))
        return phone

    def socket_at(self, side):
        with self.lab.inside(side):
            one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        one.settimeout(PATIENCE)
        self.addCleanup(one.close)
        return one


def final_answer(caller):
    while (answer := caller.recv(65536).decode()).startswith("SIP/2.0 100 "):
        pass
    return answer


def request(method, uri, sent_by, sender, *headers):
    lines = [f"{method} {uri} SIP/2.0", f"Via: SIP/2.0/UDP {sent_by};branch=z9hG4bK-{method};rport",
             f"From: <{sender}>;tag=1", f"To: <{sender if method == 'REGISTER' else uri}>", f"Call-ID: {method}",
             f"CSeq: 1 {method}", "Max-Forwards: 70", *headers, "Content-Length: 0", "", ""]
    return "\r\n".join(lines).encode()


if __name__ == "__main__":
    main()
