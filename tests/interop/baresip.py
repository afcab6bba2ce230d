"""baresip without a screen or sound: a user agent that registers, answers calls, and does what it is told."""

import json
import os
import re
import socket
import subprocess

from harness import PATIENCE, eventually

# The sound devices are tones and silence; `uuid` keeps the instance-id of RFC 5626 in the directory.
CONFIG = """
audio_path /usr/share/baresip
audio_player aubridge,nil
audio_source aubridge,nil
audio_alert aubridge,nil
module_path /usr/lib/baresip/modules
module g711.so
module aubridge.so
module uuid.so
module_app account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen 127.0.0.1:{port}
"""


class Baresip:
    """`user` at example.test in the lab's home, with one flow to each of `proxies` (SIP URIs)."""

    def __init__(self, lab, user, proxies, port=4444, answer="auto"):
        self._lab, self._port = lab, port
        directory = os.path.join(lab.state, user)
        os.makedirs(directory, exist_ok=True)
        self.log = os.path.join(directory, "log")
        transport = proxies[0].partition("transport=")[2]
        outbound = "".join(f';outbound{n or ""}="{uri}"' for n, uri in zip(("", 2, 3, 4), proxies))
        with open(f"{directory}/config", "w") as file:
            file.write(CONFIG.format(port=port))
        with open(f"{directory}/accounts", "w") as file:
            file.write(f"<sip:{user}@example.test;transport={transport}>;auth_pass=none{outbound};sipnat=outbound;"
                       f"regint=600;answermode={answer}\n")
        with open(self.log, "w") as log:
            self.process = lab.popen("home", ["baresip", "-f", directory, "-s"], stdin=subprocess.DEVNULL, stdout=log,
                                     stderr=subprocess.STDOUT)

    def said(self):
        """Its log: every SIP message it has sent and received."""
        with open(self.log, errors="replace") as log:
            return log.read()

    def received(self, start):
        """Where the messages came from whose first line starts so, oldest first: "192.0.2.1:5060"."""
        return re.findall(r"(?:TCP|UDP|TLS) (\S+) -> \S+\n" + re.escape(start), self.said())

    def registered(self, reg_id):
        """How often the registrar has confirmed that flow."""
        return len(re.findall(rf"^\S+: \{{{reg_id}/\S+\}} 200 OK", self.said(), re.MULTILINE))

    def await_registered(self, reg_id, times=1, patience=PATIENCE):
        if not eventually(lambda: self.registered(reg_id) >= times, patience):
            raise AssertionError(f"flow {reg_id} is not registered {times} times:\n{self.said()}")

    def tell(self, command, parameters=""):
        """One command of its menu."""
        text = json.dumps({"command": command, "params": parameters})
        with self._lab.inside("home"):
            control = socket.create_connection(("127.0.0.1", self._port), PATIENCE)
        with control:
            control.sendall(f"{len(text)}:{text},".encode())
            return control.recv(65536).decode()

    def stop(self):
        self.process.kill()
        self.process.wait()
