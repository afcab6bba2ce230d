"""What the benchmarks share: a broker in the lab, memory of a process, tables."""

import os
import signal
import statistics
import subprocess
import sys
import time

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "netlab"))

from lab import Lab  # noqa: E402, F401

BIN = os.environ.get("FLOWBROKER_BIN", "")
PORT = 7460


class Broker:
    """A flowbrokerd of its own, without memory of the one before; on 127.0.0.1:7460 and a Unix socket."""

    def __init__(self, lab, *flags):
        self.lab = lab
        self.socket = f"unix:{lab.state}/broker.sock"
        command = [f"{BIN}/flowbrokerd", "--listen", self.socket, "--listen", f"127.0.0.1:{PORT}", "--admin", "off"]
        command += ["--dns-servers", "127.0.0.1:5300", "--tls-ca-file", f"{lab.state}/ca.pem", "--log-level", "error"]
        self.process = lab.popen("client", [*command, *flags], stdin=subprocess.DEVNULL)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def resident(self):
        """Octets of memory of its own: anonymous pages, without the program and libraries."""
        with open(f"/proc/{self.process.pid}/status") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith("RssAnon"))


def call(lab, name, *arguments, timeout=120):
    """Output of one of our programs on the client side."""
    done = lab.run("client", [f"{BIN}/bench_{name}", *map(str, arguments)], capture_output=True, text=True, timeout=timeout)
    if done.returncode != 0:
        raise RuntimeError(f"bench_{name}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout.strip()


def serve(lab, side, argv):
    """Starts a program that prints a line when it is ready."""
    process = lab.popen(side, argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    if not process.stdout.readline():
        raise RuntimeError(f"{argv[0]} did not start")
    return process


def stop(process):
    process.kill()
    process.wait()
    process.stdin.close()
    process.stdout.close()


def median(values):
    return statistics.median(values)


def ninetieth(values):
    return sorted(values)[max(0, int(len(values) * 0.9 + 0.5) - 1)]


def table(title, head, rows):
    """Prints rows of text in columns, the first to the left, the others to the right."""
    print(f"\n{title}")
    lines = [head, *rows]
    widths = [max(len(str(line[column])) for line in lines) for column in range(len(head))]
    for number, line in enumerate(lines):
        cells = [f"{cell:<{width}}" if column == 0 else f"{cell:>{width}}"
                 for column, (cell, width) in enumerate(zip(line, widths))]
        print("  " + "  ".join(cells).rstrip())
        if number == 0:
            print("  " + "  ".join("-" * width for width in widths))
    sys.stdout.flush()


def settle(value, patience=5.0):
    """The value once it has stopped changing."""
    before, deadline = None, time.monotonic() + patience
    while (now := value()) != before and time.monotonic() < deadline:
        before = now
        time.sleep(0.5)
    return now
