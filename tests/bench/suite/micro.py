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
    samples, sizes = {}, {}
    for one in json.loads(output(argv))["benchmarks"]:
        if one["run_type"] != "iteration":
            continue
        if "bytes_per_entry" in one:
            sizes[one["run_name"].removesuffix("/iterations:1")] = one["bytes_per_entry"]
        else:
            each = 1e9 / one["items_per_second"] if "items_per_second" in one else one["cpu_time"]
            samples.setdefault(one["run_name"], []).append(each)
    rows = [[name, f"{min(values):.0f}"] for name, values in samples.items()]
    note = (f"CPU ns per message, look-up or race, best of {rounds}. Frame/N: reads of N octets; Find../N: flows in the "
            "pool; ..Memory../N: targets known.")
    table("Pure hot paths", ["what", "ns"], rows, [note])
    table("Memory: heap per entry", ["what", "bytes"], [[name, f"{size:.0f}"] for name, size in sizes.items()],
          ["Aim: <= 256 per target."])
    rows = []
    for kind, what in (("OfTheBusy", "the same 1,000 targets"), ("OfAny", "any target, all equally likely")):
        few, many = (min(samples[f"AskMemory{kind}/{count}"]) for count in (1_000, 1_000_000))
        rows.append([what, f"{few:.0f}", f"{many:.0f}", f"{many / few:.2f}"])
    table("Memory: a look-up with 10^6 targets known against 10^3", ["asked of", "ns at 10^3", "ns at 10^6", "ratio"],
          rows, ["Verdict and expectation of one target. Aim: <= 1.5 for the busy. Any of a million is a miss of the "
                 "cache, and of the page table's, at every step."])
