#!/usr/bin/env python3
"""A flow set towards two real registrars (Kamailio with RFC 5626), one over IPv4 and one over IPv6: registered over both,
kept alive as they say, and registered anew where one has died and come back."""

import datetime
import os
import re
import subprocess
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(HERE, "..", "integration"))

from flowbroker import FlowSetEventKind as Kind  # noqa: E402
from flowbroker import FlowSetMemberState as State  # noqa: E402
from flowbroker import KeepAliveMethod  # noqa: E402
from gateway import Gateway  # noqa: E402
from harness import BrokerTest, eventually, main  # noqa: E402

PLACES = ("192.0.2.14:5080", "[2001:db8:1::14]:5080")


class FlowSetTest(BrokerTest):
    flags = ("--flow-set-retry-some-up", "1s")

    def setUp(self):
        super().setUp()
        self.registrars = [self.start_registrar(place) for place in PLACES]
        self.gateway = Gateway(self, [f"sip:{place};transport=tcp" for place in PLACES], daemon=self.broker)

    def start_registrar(self, place):
        name = f"{self.lab.state}/registrar-{PLACES.index(place)}"
        os.makedirs(name, exist_ok=True)
        log = open(f"{name}/log", "a")
        self.addCleanup(log.close)
        process = self.lab.popen("server", ["kamailio", "-DD", "-E", "-m", "64", "-M", "8", "-Y", name, "-f",
                                            f"{ROOT}/clients/examples/edge_proxy/kamailio.cfg", "-l", f"tcp:{place}"],
                                 stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.addCleanup(self.end, process)
        listing = self.lab.command("server", ["ss", "-tlnH", "src", place])
        self.assertTrue(eventually(lambda: subprocess.run(listing, capture_output=True).stdout), place)
        return process

    def end(self, process):
        """With all its children."""
        if process.poll() is None:
            process.terminate()
        process.wait()

    def header(self, name):
        """Of the last answer."""
        return re.search(rf"^{name}: *(.*)\r$", self.gateway.answer, re.IGNORECASE | re.MULTILINE).group(1)

    def test_both_take_the_registration_and_keep_the_flow_alive_as_they_say(self):  # O1, O2, RFC 5626 s.4.4, s.6
        for reg_id in (1, 2):
            self.assertEqual(self.gateway.register(reg_id), 200)
            self.assertIn("outbound", self.header("Require"))
            self.assertIn(f"reg-id={reg_id}", self.header("Contact"))
            self.assertIn(self.gateway.set.instance_id, self.header("Contact"))
            flow_timer = datetime.timedelta(seconds=int(self.header("Flow-Timer")))
            flow_id = self.gateway.members()[reg_id - 1].flow_id
            self.gateway.client.set_keep_alive(flow_id, KeepAliveMethod.CRLF, flow_timer=flow_timer)
            probe = self.gateway.client.probe_flow(flow_id)
            self.assertEqual((probe.alive, probe.answer), (True, "CRLF"))
        self.assertEqual([one.state for one in self.gateway.members()], [State.REGISTERED] * 2)

    def test_one_that_dies_and_comes_back_gets_its_flow_and_its_registration_again(self):  # O1, O7
        for reg_id in (1, 2):
            self.assertEqual(self.gateway.register(reg_id), 200)
        stays = self.gateway.members()[0].flow_id
        self.end(self.registrars[1])
        self.assertIn(self.gateway.next(Kind.FLOW_DOWN, reg_id=2).reason, ("reset", "closed_by_peer"))
        self.start_registrar(PLACES[1])
        self.assertEqual(self.gateway.register(2), 200)
        self.assertEqual([one.state for one in self.gateway.members()], [State.REGISTERED] * 2)
        self.assertEqual(self.gateway.members()[0].flow_id, stays)


if __name__ == "__main__":
    main()
