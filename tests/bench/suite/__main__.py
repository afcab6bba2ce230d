"""The command behind ../run.sh."""

import argparse
import os
import signal
import sys

from . import connect, flows, handoff, large, memory, micro, nat, relay, repair, rpc, warm
from .processes import BenchError

SECTIONS = {"connect": connect, "warm": warm, "repair": repair, "large": large, "rpc": rpc, "flows": flows, "relay": relay, "handoff": handoff, "memory": memory, "micro": micro, "nat": nat}


def main():
    options = argparse.ArgumentParser(prog="tests/bench/run.sh", description="Measures flowbroker; see README.md.")
    options.add_argument("--quick", action="store_true", help="few repetitions: does it work at all?")
    options.add_argument("--only", choices=SECTIONS, action="append", help="one section; may be repeated")
    chosen = options.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # ends the blocks, and with them what was started
    print(f"load of the machine at the start: {' '.join(f'{load:.1f}' for load in os.getloadavg())}, {os.cpu_count()} cores")
    failed = False
    for name in chosen.only or SECTIONS:
        try:
            SECTIONS[name].run(chosen.quick)
        except BenchError as error:
            failed = True
            print(f"\n{name}: {error}")
    sys.exit(failed)


main()
