"""The pure hot paths, by Google Benchmark."""

import json
import os

from .processes import output, program
from .report import table


def run(quick):
    if not os.path.exists(program("bench/micro")):
        print("\nmicro: skipped, no Google Benchmark here (libbenchmark-dev)")
        return
    rounds = 1 if quick else 5
    argv = [program("bench/micro"), "--benchmark_format=json", f"--benchmark_repetitions={rounds}",
            "--benchmark_report_aggregates_only=false", f"--benchmark_min_time={0.1 if quick else 0.3}"]
    samples = {}
    for one in json.loads(output(argv))["benchmarks"]:
        if one["run_type"] == "iteration":
            each = 1e9 / one["items_per_second"] if "items_per_second" in one else one["cpu_time"]
            samples.setdefault(one["run_name"], []).append(each)
    rows = [[name, f"{min(values):.0f}"] for name, values in samples.items()]
    note = f"CPU ns per message, look-up or race, best of {rounds}. Frame/N: reads of N octets; Find../N: flows in the pool."
    table("Pure hot paths", ["what", "ns"], rows, [note])
