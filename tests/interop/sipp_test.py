#!/usr/bin/env python3
"""SIPp as a SIP server over UDP and TCP, both families. (Debian's SIPp has no TLS; Kamailio covers it.)"""

import os
import subprocess
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "integration"))

from harness import BrokerTest, eventually, main  # noqa: E402


class SippTest(BrokerTest):
    def serve(self, address, transport):
        """Starts SIPp on port 5080, where `own.example.test` leads."""
        command = ["sipp", "-sf", f"{HERE}/answer.xml", "-i", address, "-p", "5080", "-t", f"{transport}1", "-nostdin"]
        if ":" in address:
            command[command.index(address)] = f"[{address}]"
        sipp = self.lab.popen("server", command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, cwd=self.lab.state)

        def end():
            sipp.kill()
            sipp.wait()

        self.addCleanup(end)
        flag = "-tlnH" if transport == "t" else "-ulnH"
        listing = self.lab.command("server", ["ss", flag, "sport = :5080"])
        self.assertTrue(eventually(lambda: b":5080" in subprocess.run(listing, capture_output=True).stdout))

    def test_options_is_answered(self):
        for address, transport in (("192.0.2.14", "u"), ("192.0.2.14", "t"), ("2001:db8:1::14", "u"), ("2001:db8:1::14", "t")):
            with self.subTest(address=address, transport=transport):
                self.serve(address, transport)
                name = "udp" if transport == "u" else "tcp"
                answer = self.succeed("options", f"sip:own.example.test;transport={name}")
                self.assertEqual(answer.json["response"]["status_code"], 200)
                self.assertIn("Server: SIPp", answer.json["response"]["message"])
                self.assertEqual(answer.remote, (name.upper(), address, 5080))
                self.doCleanups()
                self.setUp()


if __name__ == "__main__":
    main()
