"""flowbrokerd in the network lab, and what is asked of it there."""

import os
import sys
import time

from .processes import ROOT, BenchError, Broker, Process, output, program

sys.path.insert(0, os.path.join(ROOT, "tests", "netlab"))
sys.dont_write_bytecode = True
from lab import Lab, why_impossible  # noqa: E402, F401

RTT = 20  # ms
DELAY = 200  # ms: the attempt delay where nothing is known
COST = {"tcp": RTT, "tls": 2 * RTT}  # of a connect, C


def uri_of(host, kind):
    return f"sips:{host}.example.test:5061" if kind == "tls" else f"sip:{host}.example.test:5060;transport=tcp"


def broker(lab, *arguments):
    """A fresh daemon on the client side."""
    return Broker("--dns-servers", "127.0.0.1:5300", "--tls-ca-file", f"{lab.state}/ca.pem", *arguments,
                  inside=lab.command)


class Answer:
    """A line of bench/acquire_series."""

    def __init__(self, line):
        at, took, self.remote = line.split(" ", 2)
        if took == "-":
            raise BenchError(f"Acquire: {self.remote.strip()}")
        self.at = int(at) / 1000  # seconds of time.monotonic()
        self.ms = int(took) / 1000

    @property
    def is_ipv6(self):
        return self.remote.startswith("[")


def acquire_in_turn(lab, address, uri, count):
    """`count` Acquires of exclusive flows, so that none finds a pooled one."""
    lines = output(lab.command("client", [program("bench/acquire_series"), address, uri, str(count), "0"])).splitlines()
    return [Answer(line) for line in lines]


def acquire_steadily(lab, address, uri, per_second):
    """A process whose lines are Answers to Acquires of exclusive flows; ended with its block."""
    argv = [program("bench/acquire_series"), address, uri, "1000000", str(round(1000 / per_second))]
    return Process(argv, inside=lab.command)
