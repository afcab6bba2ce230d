"""flowbrokerd in the network lab, and what tests ask of it. One lab per test class, one broker per test.

A test program ends with `main()`: exit code 77 where no lab can be made (1 with CI=true).
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "netlab"))

from lab import Lab, why_impossible  # noqa: E402

V4, V6 = "192.0.2.10", "2001:db8:1::10"
V4_11, V6_11 = "192.0.2.11", "2001:db8:1::11"
SITE2_V4, SITE2_V6 = "198.51.100.10", "2001:db8:2::10"
# Exit codes of flowctl.
OK, USAGE, NOT_FOUND, UNAVAILABLE, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, BROKER_UNREACHABLE = 0, 2, 3, 4, 5, 6, 7
# Long enough for a machine that is busy with other tests.
PATIENCE = 10.0


def program(name):
    directory = os.environ.get("FLOWBROKER_BIN")
    if not directory:
        sys.exit("FLOWBROKER_BIN names the directory of flowbrokerd and flowctl")
    return os.path.join(directory, name)


def eventually(holds, patience=PATIENCE):
    """Waits until `holds()` is true; returns its last value."""
    deadline = time.monotonic() + patience
    while not (value := holds()) and time.monotonic() < deadline:
        time.sleep(0.01)
    return value


def milliseconds(duration):
    """A Duration of the JSON mapping ("0.020s")."""
    return float(duration.removesuffix("s")) * 1000


class Answer:
    """What flowctl printed and how it ended."""

    def __init__(self, done):
        self.code = done.returncode
        self.lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        self.json = self.lines[-1] if self.lines else {}
        self.text = f"exit code {done.returncode}\n{done.stdout}\n{done.stderr}"

    @property
    def error(self):
        return self.json.get("error", {})

    @property
    def trace(self):
        return (self.json.get("acquire") or self.error or self.json).get("trace", {}).get("steps", [])

    @property
    def attempts(self):
        return [step for step in self.trace if step["what"] == "TRACE_WHAT_ATTEMPT"]

    @property
    def acquired(self):
        return self.json.get("acquire") or self.json

    @property
    def remote(self):
        """(transport, address, port) of the flow."""
        flow = self.acquired
        return flow["transport"].removeprefix("TRANSPORT_"), flow["remote"]["address"], flow["remote"]["port"]

    @property
    def source(self):
        return self.acquired["source"].removeprefix("FLOW_SOURCE_")

    @property
    def targets(self):
        """(transport, address, port) of each resolved target."""
        return [
            (one["transport"].removeprefix("TRANSPORT_"), one["endpoint"]["address"], one["endpoint"]["port"])
            for one in self.json.get("targets", [])
        ]

    @property
    def took(self):
        """Milliseconds from the start of the trace to the end of its last finished step."""
        return max(milliseconds(step["end"]) for step in self.trace if step.get("end"))


def is_pipe(descriptor):
    try:
        return os.readlink(descriptor).startswith("pipe:")
    except FileNotFoundError:
        return True  # closed meanwhile


class Broker:
    """A running flowbrokerd on the client side of a lab."""

    def __init__(self, lab, *flags):
        self.lab = lab
        self.stopped = False
        self.directory = os.path.join(lab.state, "broker")
        os.makedirs(self.directory, exist_ok=True)
        self.address = f"unix:{self.directory}/broker.sock"
        self.log = os.path.join(self.directory, "log")
        command = [program("flowbrokerd"), "--listen", self.address, "--listen", "127.0.0.1:7460",
                   "--grpc-plaintext", "on", "--admin", "off"]
        if "--dns-servers" not in flags:
            command += ["--dns-servers", "127.0.0.1:5300"]
        command += ["--tls-ca-file", f"{lab.state}/ca.pem", *flags]
        with open(self.log, "w") as log:
            self.process = lab.popen("client", command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        if not eventually(lambda: self.process.poll() is not None or self.flowctl("flows").code == OK):
            self.stop()
            raise AssertionError(f"flowbrokerd does not answer:\n{self.said()}")
        if self.process.poll() is not None:
            raise AssertionError(f"flowbrokerd ended with {self.process.returncode}:\n{self.said()}")

    def said(self):
        with open(self.log) as log:
            return log.read()

    def stop(self):
        """Returns the exit code."""
        self.stopped = True
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()

    def command(self, *arguments):
        return self.lab.command("client", [program("flowctl"), "--address", self.address, "--json", *arguments])

    def flowctl(self, *arguments, timeout=30, **options):
        command = self.command("--timeout", str(timeout), *map(str, arguments))
        for _ in range(3):
            done = subprocess.run(command, capture_output=True, text=True, timeout=90, **options)
            # On a very busy machine connecting alone may exceed gRPC's patience.
            if done.returncode != BROKER_UNREACHABLE:
                break
        return Answer(done)

    def show(self, *arguments):
        """What flowctl prints for people."""
        command = [one for one in self.command(*arguments) if one != "--json"]
        return subprocess.run(command, capture_output=True, text=True, timeout=90).stdout

    def watch(self, *arguments, command=("watch",)):
        """A started `flowctl watch`, or another watching command; returns when the watch is in place."""
        process = subprocess.Popen(self.command(*command, *arguments), stdout=subprocess.PIPE, text=True)
        process.stdout.readline()
        return process

    def descriptors(self):
        """How many it has open, but for pipes: it uses none, and the thread sanitizer opens two to its symbolizer."""
        directory = f"/proc/{self.process.pid}/fd"
        return sum(not is_pipe(os.path.join(directory, one)) for one in os.listdir(directory))

    def flows(self):
        return self.flowctl("flows").json.get("flows", [])

    def close_all(self):
        for flow in self.flows():
            self.flowctl("close", flow["flow_id"])


def next_event(watch):
    """The next flow event of a started watch."""
    for line in watch.stdout:
        for event in json.loads(line).get("events", []):
            return event
    raise AssertionError("the watch ended without an event")


class BrokerTest(unittest.TestCase):
    """A lab per class, a fresh broker per test: every request is cold unless the test warms it up."""

    flags = ()

    @classmethod
    def setUpClass(cls):
        cls.lab = Lab(f"{cls.__name__.lower()}-{os.getpid()}")
        cls.addClassCleanup(cls.lab.down)
        cls.lab.up(rtt_ms=20, owner=os.getpid())

    def setUp(self):
        self.addCleanup(self.lab.clear)
        self.broker = self.start_broker(*self.flags)

    def start_broker(self, *flags):
        broker = Broker(self.lab, *flags)
        self.addCleanup(self._stop, broker)
        return broker

    def restart(self, *flags):
        """A fresh broker with other flags."""
        self._stop(self.broker)
        self.broker = self.start_broker(*flags)

    def _stop(self, broker):
        if broker.stopped:
            return
        crashed = broker.process.poll()
        code = broker.stop()
        self.assertIsNone(crashed, f"flowbrokerd ended on its own with {crashed}:\n{broker.said()}")
        self.assertEqual(code, 0, f"flowbrokerd did not end cleanly:\n{broker.said()}")

    def watch(self, *arguments, command=("watch",)):
        process = self.broker.watch("--for", str(PATIENCE), *arguments, command=command)

        def end():
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            process.stdout.close()
            process.wait()

        self.addCleanup(end)
        return process

    def succeed(self, *arguments, **options):
        answer = self.broker.flowctl(*arguments, **options)
        self.assertEqual(answer.code, OK, answer.text)
        return answer

    def acquire(self, uri, *arguments, **options):
        return self.succeed("acquire", uri, *arguments, **options)

    def fail_to(self, code, *arguments, **options):
        answer = self.broker.flowctl(*arguments, **options)
        self.assertEqual(answer.code, code, answer.text)
        self.assertIn("code", answer.error, answer.text)
        return answer


def main():
    reason = why_impossible()
    if reason is not None:
        print(f"skipped: no network lab here: {reason}")
        sys.exit(1 if os.environ.get("CI") == "true" else 77)
    unittest.main(module="__main__", verbosity=2)
