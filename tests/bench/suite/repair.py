"""Time from the repair of the preferred family to the first request that is served over it."""

import concurrent.futures
import os
import time

from .netlab import RTT, Answer, Lab, acquire_steadily, broker, uri_of, why_impossible
from .processes import BenchError
from .report import median, table

PER_SECOND = 10
# Background attempts after the mark, in seconds: the intervals are 1, 2, 4 .. 32, then 60 each, all but the first +-10 %.
REPROBES = [1, 3, 7, 15, 31, 63, 123, 183]
# How long IPv6 is broken: about 5, 20 and 70 s, at different points of the interval in force.
BREAKS = [[3.5, 4, 5, 5.5, 6], [17, 20, 23, 26], [70, 90]]
AT_ONCE = 4
LIMIT = 600  # s, H3


def run(quick):
    reason = why_impossible()
    if reason is not None:
        print(f"\nrepair: skipped, no network lab here: {reason}")
        return
    breaks = [[5.0]] if quick else BREAKS
    # Mostly waiting; the longest first.
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as threads:
        waits = {one: threads.submit(measure, one) for one in sorted(sum(breaks, []), reverse=True)}
        rows = [row(group, [waits[one].result() for one in group]) for group in breaks]
    head = ["broken for, s", "runs", "interval, s", "median, s", "longest, s", "ratio of the longest"]
    note = (f"TCP, IPv6 dropped, then repaired; {PER_SECOND} exclusive Acquires per second all the time. Interval: from the last "
            "background attempt\nbefore the repair to the next one. Ratio: longest time from the repair to the first answer over "
            "IPv6 / (interval + 1 RTT).\nThe interval varies by 10 %, and requests come 0.1 s apart.")
    table("From repair to the preferred family in use", head, rows, [note])


def row(group, waits):
    interval = interval_at(group[0])
    text = f"{group[0]:g}" if len(group) == 1 else f"{group[0]:g} - {group[-1]:g}"
    ratio = max(waits) / (interval + RTT / 1000)
    return [text, len(waits), interval, f"{median(waits):.2f}", f"{max(waits):.2f}", f"{ratio:.2f}"]


def interval_at(broken_for):
    """The interval of background attempts in force `broken_for` seconds after the mark."""
    before = max([0] + [at for at in REPROBES if at <= broken_for])
    return min(at for at in REPROBES if at > broken_for) - before


def measure(broken_for):
    """Seconds from the repair to the first request over IPv6."""
    with Lab(f"repair-{round(10 * broken_for)}-{os.getpid()}") as lab, broker(lab) as daemon:
        lab.drop("ipv6")
        with acquire_steadily(lab, daemon.address, uri_of("dual", "tcp"), PER_SECOND) as requests:
            marked = Answer(requests.line()).at
            while (answer := Answer(requests.line())).at < marked + broken_for:
                if answer.is_ipv6:
                    raise BenchError("IPv6 is dropped, and served")
            lab.clear()
            repaired = time.monotonic()
            while not (answer := Answer(requests.line())).is_ipv6:
                if answer.at > repaired + LIMIT:
                    raise BenchError("IPv6 is not used again within 10 minutes")
            return max(0.0, answer.at - repaired)
