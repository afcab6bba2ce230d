"""ghz: one of the JSON files beside this folder, with what differs given on the command line."""

import json
import os
import shutil
import subprocess
from dataclasses import dataclass

CONFIGS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


class LoadError(Exception):
    """A gate was not passed; the text says which, for people."""


def program():
    return shutil.which("ghz", path=os.environ["PATH"] + ":/usr/local/go/bin:" + os.path.expanduser("~/go/bin"))


@dataclass
class Report:
    """What ghz says of one run."""

    name: str
    count: int
    rps: float
    statuses: dict  # gRPC code -> calls
    errors: dict  # text -> calls
    latencies: dict  # percentile -> ms

    def gate(self, *allowed, total=None):
        """Every call has ended, and with one of these codes."""
        if total is not None and self.count != total:
            raise LoadError(f"{self.name}: {total} calls were made, {self.count} ended")
        if sum(self.statuses.values()) != self.count:
            raise LoadError(f"{self.name}: {self.count} calls, but codes {self.statuses}")
        if wrong := {code: calls for code, calls in self.statuses.items() if code not in allowed}:
            raise LoadError(f"{self.name}: {wrong} beside {allowed}; {list(self.errors.items())[:5]}")
        if not self.count:
            raise LoadError(f"{self.name}: no call was made")
        return self

    def gate_errors(self, *names):
        """Every error says one of these words."""
        if vague := [text for text in self.errors if not any(name in text for name in names)]:
            raise LoadError(f"{self.name}: errors without {names}: {vague[:5]}")
        return self


class Run:
    """A started ghz."""

    def __init__(self, config, host, *flags, data=None, inside=None):
        self._name = config
        argv = [program(), "--config", os.path.join(CONFIGS, f"{config}.json"), "-O", "json", *map(str, flags)]
        argv += ["-d", json.dumps(data)] if data is not None else []
        argv.append(host)
        self._process = subprocess.Popen(
            inside("client", argv) if inside else argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def report(self):
        """Waits for its end."""
        text, trouble = self._process.communicate()
        try:
            told = json.loads(text)
        except ValueError:
            raise LoadError(f"{self._name}: ghz failed: {trouble or text}") from None
        latencies = {one["percentage"]: one["latency"] / 1e6 for one in told.get("latencyDistribution") or []}
        return Report(self._name, told["count"], told["rps"], told.get("statusCodeDistribution") or {},
                      told.get("errorDistribution") or {}, latencies)


def config(name):
    with open(os.path.join(CONFIGS, f"{name}.json")) as file:
        return json.load(file)
