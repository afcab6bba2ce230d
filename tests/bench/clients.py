"""Other people's clients, as far as this machine has them: milliseconds until TCP or TLS stands."""

import os
import shutil
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
PATIENCE = 3.0
PORTS = {"TCP": 5060, "TLS": 5061}


class Client:
    def __init__(self, name, command):
        self.name = name
        self.command = command  # (host, port, transport, CA file) -> argv; prints milliseconds

    def connect(self, lab, host, transport):
        """Milliseconds, or None where it did not connect in time."""
        argv = self.command(host, PORTS[transport], transport, f"{lab.state}/ca.pem")
        try:
            done = lab.run("client", argv, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            return None
        try:
            time = float(done.stdout.split()[0])
        except (IndexError, ValueError):
            return None
        return time if time > 0 else None


def _curl(host, port, transport, ca):
    if transport == "TCP":
        return ["sh", "-c", f"curl -s -m {PATIENCE - 0.2} -o /dev/null -w '%{{time_connect}}' telnet://{host}:{port} "
                            "| awk '{print $1 * 1000}'"]
    return ["sh", "-c", f"curl -s -m {PATIENCE - 0.2} --cacert {ca} -o /dev/null -w '%{{time_appconnect}}' "
                        f"https://{host}:{port} | awk '{{print $1 * 1000}}'"]


def available(lab):
    """The clients there are. Go's is compiled into the lab's directory."""
    found = []
    if shutil.which("curl"):
        found.append(Client("curl", _curl))
    found.append(Client("Python", lambda *arguments: ["python3", f"{HERE}/connect.py", *map(str, arguments)]))
    if shutil.which("node"):
        found.append(Client("Node", lambda *arguments: ["node", f"{HERE}/connect.js", *map(str, arguments)]))
    if shutil.which("go"):
        built = subprocess.run(["go", "build", "-o", f"{lab.state}/connect", f"{HERE}/connect.go"], check=False)
        if built.returncode == 0:
            found.append(Client("Go", lambda *arguments: [f"{lab.state}/connect", *map(str, arguments)]))
    return found
