"""The cases: README.md says what each is about. A case is a function that yields rows and raises LoadError."""

import os
import subprocess
import time

from harness import OK, Broker, eventually

from . import certificates, ghz
from .ghz import LoadError, Run

PATIENCE = 30
POOLED = "sip:v4.example.test;transport=tcp"
LEARNED = ("dual", "v6", "site2", "several")  # names that teach memory a prefix or more
# Resident memory comes back to this much above that of an idle broker, in the long run: the broker looks every 10 s.
MB_LEFT_IN_THE_END = 100
SANITIZED = "FLOWBROKER_SANITIZED" in os.environ  # keeps what was freed, to notice who still uses it
# What malloc keeps of the first burst serves the second one: resident memory after it is at most so many times the first.
LEFT_BEHIND = 1.25


class LoadBroker(Broker):
    """A fresh flowbrokerd in the lab; ghz comes by its Unix socket."""

    def __init__(self, lab, *flags):
        super().__init__(lab, "--log-level", "error", *map(str, flags))
        self.host = "unix://" + self.address.removeprefix("unix:")

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        crashed = self.process.poll()
        code = self.stop()
        if kind is None and (crashed is not None or code != 0):
            raise LoadError(f"flowbrokerd ended with {crashed or code}:\n{self.said()}")

    def run(self, config, *flags, **options):
        return Run(config, self.host, *flags, **options)

    def cpu_seconds(self):
        """User and system time it has used so far."""
        with open(f"/proc/{self.process.pid}/stat") as file:
            fields = file.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def rss_mb(self):
        with open(f"/proc/{self.process.pid}/status") as file:
            values = dict(line.split(":", 1) for line in file)
        return int(values["VmRSS"].split()[0]) / 1024

    def answer(self, *arguments):
        """What flowctl says; it has to be a success."""
        told = self.flowctl(*arguments)
        if told.code != OK:
            raise LoadError(f"flowctl {' '.join(map(str, arguments))}: {told.text}")
        return told.json


def measured(broker, run, name, *allowed, total=None):
    """A row for a run that passes its gate."""
    before, start = broker.cpu_seconds(), time.monotonic()
    report = run().report().gate(*allowed, total=total)
    used = broker.cpu_seconds() - before
    return row(name, report, used / report.count * 1e6), report, time.monotonic() - start


def row(name, report, cpu_us=None):
    latencies = [f"{report.latencies[p]:,.1f}" if p in report.latencies else "-" for p in (50, 95, 99)]
    statuses = ", ".join(f"{calls} {code}" for code, calls in sorted(report.statuses.items()))
    cost = f"{cpu_us:,.0f}" if cpu_us is not None else "-"
    return [name, f"{report.count:,}", f"{report.rps:,.0f}", *latencies, cost, statuses]


def pooled(lab, short):
    """Pooled Acquire: all are answered from one flow."""
    with LoadBroker(lab) as broker:
        broker.answer("acquire", POOLED, "--group", "")
        for flight in (10,) if short else (1, 10, 50):
            flags = ("-c", flight, "--connections", min(flight, 4), "-z", "500ms" if short else "20s")
            line, *_ = measured(broker, lambda: broker.run("pooled_acquire", *flags), f"pooled Acquire, {flight} in flight",
                                "OK")
            yield line
        if len(flows := broker.flows()) != 1:
            raise LoadError(f"pooled: {len(flows)} flows instead of one")


def cold(lab, short):
    """Cold Acquire: exclusive flows, so that each one races and connects over the link of 20 ms."""
    total = 100 if short else 4000  # the lab's SIP server keeps no 5000 connections
    with LoadBroker(lab, "--max-flows-per-target", "20000") as broker:
        idle = broker.descriptors()
        line, *_ = measured(broker, lambda: broker.run("cold_acquire", "-n", total, "-c", 10 if short else 50),
                            "cold Acquire, connects", "OK", total=total)
        yield line
        flows = broker.answer("flows", "--group", "")["flows"]
        if len(flows) != total or not all(flow["exclusive"] for flow in flows):
            raise LoadError(f"cold: {len(flows)} flows instead of {total}")
        if broker.descriptors() < idle + total:
            raise LoadError("cold: there are fewer sockets than flows")


def dead_host(lab, short):
    """Very many Acquires at once for one host that is silent: every one is told why, and nothing is left behind."""
    total = 2000 if short else 100_000
    patience = "1s" if short else "10s"
    flags = ("-n", total, "-c", total, "--connections", 4 if short else 20)
    with LoadBroker(lab, "--max-requests", str(4 * total), "--connect-timeout", patience) as broker:
        idle = broker.descriptors()
        rss = [broker.rss_mb()]
        for burst in ("first", "second"):
            line, report, _ = measured(broker, lambda: broker.run("dead_host", *flags),
                                       f"dead host, {burst} {total:,} at once", "Unavailable", total=total)
            report.gate_errors("timed_out")
            yield line
            if not eventually(lambda: broker.descriptors() <= idle, PATIENCE):
                raise LoadError(f"dead host: {broker.descriptors()} descriptors are open, {idle} were before")
            broker.answer("acquire", POOLED)
            broker.close_all()
            rss.append(broker.rss_mb())
        if not short:
            if not eventually(lambda: broker.rss_mb() <= rss[0] + MB_LEFT_IN_THE_END, 2 * PATIENCE):
                raise LoadError(f"dead host: {broker.rss_mb():,.0f} MB stay resident, {rss[0]:,.0f} were before")
            rss.append(broker.rss_mb())
        elif not SANITIZED and rss[2] > LEFT_BEHIND * rss[1] + 16:
            raise LoadError(f"dead host: resident memory grows with every burst: {rss} MB")
        yield [f"  resident MB before, after each burst, in the end: {', '.join(f'{mb:,.0f}' for mb in rss)}"]
    limit = total // 4
    with LoadBroker(lab, "--max-requests", str(limit), "--connect-timeout", patience) as broker:
        line, report, _ = measured(broker, lambda: broker.run("dead_host", *flags),
                                   f"the same, max-requests {limit:,}", "Unavailable", "ResourceExhausted", total=total)
        report.gate_errors("timed_out", "max_requests")
        if "ResourceExhausted" not in report.statuses:
            raise LoadError("dead host: nobody was told that max-requests was hit")
        yield line


def tenants(lab, short):
    """Two tenants with certificates: one calls as fast as it can and is over its limit, the other does not notice."""
    limit = 200  # calls per second: more than the quiet one makes
    for_so_long = ("-z", "2s" if short else "20s")
    with LoadBroker(lab, "--tenant-calls-per-second", limit, *certificates.of_broker(lab)) as broker:

        def start(tenant):
            flags = (*certificates.of_caller(lab, tenant), *for_so_long)
            return Run(f"tenant_{tenant}", certificates.ADDRESS, *flags, inside=lab.command)

        yield row("quiet tenant alone", start("quiet").report().gate("OK"))
        greedy, quiet = start("greedy"), start("quiet")
        report = greedy.report().gate("OK", "ResourceExhausted").gate_errors("tenant-calls-per-second")
        yield row(f"greedy tenant, {limit}/s allowed", report)
        yield row("quiet tenant beside it", quiet.report().gate("OK"))
        if len(report.statuses) != 2:
            raise LoadError(f"tenants: the limit of {limit} per second shows in nothing: {report.statuses}")
        if (owners := sorted(flow["tenant"] for flow in broker.flows())) != sorted(certificates.IDENTITIES.values()):
            raise LoadError(f"tenants: instead of a flow each there are flows of {owners}")


def family_preferences(lab, short):
    """ListFamilyPreferences while pooled Acquires keep the broker busy."""
    with LoadBroker(lab) as broker:
        for name in LEARNED:
            broker.answer("acquire", f"sip:{name}.example.test;transport=tcp")
        broker.answer("acquire", POOLED, "--group", "")
        if not broker.answer("prefs").get("preferences"):
            raise LoadError("family preferences: nothing was learned, so nothing would be listed")
        beside = broker.run("pooled_acquire", "-z", "2s" if short else "22s")
        report = broker.run("family_preferences", "-z", "1s" if short else "20s").report().gate("OK")
        yield row("ListFamilyPreferences under load", report)
        yield row("  pooled Acquire beside it", beside.report().gate("OK"))


def relay(lab, short):
    """Messages through Relay streams to a SIP server: all arrive, and all are answered."""
    streams, per_stream = (4, 50) if short else (200, 1000)
    # ghz does not wait for a flow that is slower than it: what would be refused (SendFailure) waits here.
    with LoadBroker(lab, "--flow-send-queue", "64M") as broker:
        flow_id = broker.answer("acquire", POOLED, "--group", "load")["flow_id"]
        data = ghz.config("relay")["data"]
        data[0]["messages"][0]["flow_id"] = flow_id
        flags = ("-n", streams, "-c", 4 if short else 8, "--stream-call-count", per_stream)
        line, _, took = measured(broker, lambda: broker.run("relay", *flags, data=data),
                                      f"Relay streams of {per_stream} messages", "OK", total=streams)
        yield line
        messages = streams * per_stream
        for counter in ("messages_sent", "messages_received"):
            count = lambda: int(broker.flows()[0][counter])  # noqa: E731
            if not eventually(lambda: count() >= messages, PATIENCE):
                raise LoadError(f"relay: {counter} is {count()} instead of {messages}")
        yield ["  messages", f"{messages:,}", f"{messages / took:,.0f}", "-", "-", "-", "-", ""]
    if not short:
        yield from there_and_back(lab)


def there_and_back(lab):
    """ghz does not match answers with what it sent: the C++ client does, with 64 messages outstanding."""

    def program(name):
        return os.path.join(os.environ["FLOWBROKER_BIN"], "bench", name)

    with LoadBroker(lab, "--egress-allow", "127.0.0.0/8") as broker:
        peer = lab.popen("client", [program("sip_peer")], stdout=subprocess.PIPE, text=True)
        try:
            uri = f"sip:127.0.0.1:{peer.stdout.readline().strip()};transport=tcp"
            argv = [program("relay_load"), broker.address, uri, "64", "64", "10"]
            done = subprocess.run(argv, capture_output=True, text=True, check=False)
        finally:
            peer.kill()
            peer.communicate()
    if done.returncode != 0:
        raise LoadError(f"relay_load: {done.stderr}")
    answers, took = done.stdout.split()[1:]
    yield ["  there and back, bench/relay_load", answers, f"{int(answers) / float(took):,.0f}", "-", "-", "-", "-", ""]


CASES = {"pooled": pooled, "cold": cold, "dead-host": dead_host, "tenants": tenants,
         "family-preferences": family_preferences, "relay": relay}
