"""flowbrokerd on this host, without the network lab: for what needs no network but its own sockets."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import unittest
import urllib.error
import urllib.request

sys.dont_write_bytecode = True

from harness import PATIENCE, eventually, program  # noqa: E402

READY = "flowbrokerd ready: "


class LocalDaemon:
    """A started flowbrokerd, on a Unix socket in `directory` and an admin port the kernel chose, unless flags say other."""

    def __init__(self, directory, *flags, environment=None, listen=True):
        self.address = f"unix:{directory}/broker.sock"
        self.log_path = os.path.join(directory, "log")
        command = [program("flowbrokerd")]
        if listen:
            command += ["--listen", self.address, "--admin", "127.0.0.1:0"]
        with open(self.log_path, "w") as log:
            self.process = subprocess.Popen([*command, *flags], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                            stderr=log, text=True, env={**os.environ, **(environment or {})})
        self.ready_line = self.process.stdout.readline()
        if not self.ready_line.startswith(READY):
            self.process.wait(PATIENCE)
            raise AssertionError(f"flowbrokerd did not start: {self.said()}")
        self.places = dict(place.split("=", 1) for place in self.ready_line.removeprefix(READY).split())

    def said(self):
        with open(self.log_path) as log:
            return log.read()

    def events(self, name):
        """What was logged under that name, oldest first."""
        lines = (json.loads(line) for line in self.said().splitlines() if line.startswith("{"))
        return [line for line in lines if line["event"] == name]

    def event(self, name, count=1):
        """The last of `count` events of that name; waits for it."""
        if not eventually(lambda: len(self.events(name)) >= count):
            raise AssertionError(f"{count} of {name} expected, said:\n{self.said()}")
        return self.events(name)[count - 1]

    def http(self, path, method="GET"):
        """(status, body) of the admin port."""
        request = urllib.request.Request(f"http://{self.places['admin']}{path}", method=method)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, refused.read().decode()

    def metric(self, series):
        for line in self.http("/metrics")[1].splitlines():
            if line.startswith(series + " "):
                return float(line.split()[-1])
        raise AssertionError(f"no {series}")

    def flowctl(self, *arguments):
        return subprocess.Popen([program("flowctl"), "--address", self.address, "--json", *arguments],
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self):
        return self.process.wait(3 * PATIENCE)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()


class LocalDaemonTest(unittest.TestCase):
    """A directory per test, and daemons that end with it."""

    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="flowbroker-")
        self.addCleanup(directory.cleanup)
        self.directory = directory.name

    def path(self, name):
        return os.path.join(self.directory, name)

    def write(self, name, text):
        with open(self.path(name), "w") as file:
            file.write(text)
        return self.path(name)

    def start(self, *flags, **options):
        daemon = LocalDaemon(self.directory, *flags, **options)
        self.addCleanup(daemon.close)
        return daemon

    def stop(self, daemon):
        daemon.signal(signal.SIGTERM)
        self.assertEqual(daemon.wait(), 0, daemon.said())

    def run_to_end(self, *flags, program_path=None, **options):
        """flowbrokerd with flags that keep it from serving."""
        return subprocess.run([program_path or program("flowbrokerd"), *flags], capture_output=True, text=True, timeout=3 * PATIENCE,
                              **options)

    def silent_dns_server(self):
        """A DNS server that takes questions and says nothing."""
        silent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        silent.bind(("127.0.0.1", 0))
        self.addCleanup(silent.close)
        return silent

    def certificate(self, name, common_name="test.example"):
        """Paths of a self-signed certificate and its key."""
        certificate, key = self.path(f"{name}.pem"), self.path(f"{name}.key")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-days", "2", "-subj", f"/CN={common_name}", "-addext", f"subjectAltName=DNS:{common_name}",
                        "-keyout", key, "-out", certificate], check=True, capture_output=True)
        return certificate, key


def main():
    unittest.main(module="__main__", verbosity=2)



