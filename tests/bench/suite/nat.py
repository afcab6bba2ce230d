"""A million plain-UDP user agents behind NAT (N1 N2 N4): memory and CPU of the broker, and of Kamailio with the same swarm."""

import os
import socket
import subprocess
import tempfile
import time

from .processes import BenchError, Broker, Process, output, program, tool
from .report import table

NAMESPACE = "fbbench-nat"
EDGE = "100.64.0.1"
PORT = 5060

KAMAILIO = """#!KAMAILIO
debug=1
log_stderror=yes
fork=yes
children=2
disable_tcp=yes
auto_aliases=no
dns=no
rev_dns=no
listen=udp:{edge}:{port}
loadmodule "kex.so"
loadmodule "pv.so"
loadmodule "sl.so"
loadmodule "textops.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "nathelper.so"
loadmodule "ctl.so"
modparam("ctl", "binrpc", "unix:{home}/ctl")
modparam("usrloc", "db_mode", 0)
modparam("usrloc", "hash_size", 17)
modparam("usrloc", "nat_bflag", 6)
modparam("nathelper|registrar", "received_avp", "$avp(RECEIVED)")
modparam("nathelper", "natping_interval", 26)
modparam("nathelper", "natping_processes", 1)
modparam("nathelper", "ping_nated_only", 0)
modparam("nathelper", "sipping_bflag", 7)
modparam("nathelper", "sipping_from", "sip:pinger@example.org")
request_route {{
    if (!is_method("REGISTER")) exit;
    force_rport();
    fix_nated_register();
    setbflag(6);
    {options}setbflag(7);
    save("location");
    exit;
}}
"""


def run(quick):
    connections(*((500, 1_500) if quick else (5_000, 15_000)))
    if os.geteuid() != 0 or not os.path.exists("/dev/net/tun"):
        raise BenchError("needs root and /dev/net/tun")
    count, seconds = (20_000, 30) if quick else (1_000_000, 60)
    namespace_up()
    try:
        measure(count, seconds)
    finally:
        subprocess.run(["ip", "netns", "del", NAMESPACE], check=False)


def measure(count, seconds):
    flow = flow_memory(count)
    rows = [broker(count, seconds, flow, "OPTIONS", []),
            broker(count, seconds, flow, "STUN by the user agents", ["--edge-keep-alive", "none"])]
    if tool("kamailio"):
        rows += [kamailio(count, seconds, "OPTIONS", ""), kamailio(count, seconds, "4 octets by UDP", "#")]
    head = ["kept alive by", "user agents", "bytes per user agent", "half of them registered in s", "pings per s", "% of a core",
            "longest gap ms", "late or lost"]
    notes = [f"A flow alone: {flow:,.0f} octets (aim <= 128); a binding is the rest of a user agent (aim <= 512). "
             "CPU is that of the server's processes, of one core (aim <= 30 %).",
             "Kamailio: shared memory in use, by core.shmmem; CPU of all its processes."]
    table(f"{count:,} user agents behind NAT", head, rows, notes)


def connections(few, many):
    """User agents over TCP."""
    limits = ["--edge-max-connections", "20000", "--edge-max-connections-per-source", "20000", "--max-flows", "30000",
              "--edge-connections-per-second", "20000", "--edge-connections-per-second-per-source", "20000"]
    with Broker("--edge-listen", "tcp:127.0.0.1:0", "--kept-binding-events", "500", "--kept-events", "500", *limits) as server, \
            Process([program("bench/edge_registrar"), server.address]) as registrar:
        registrar.line()
        port = int(server.ready.rpartition("edge=")[2].rpartition(":")[2])
        user_agents = [TcpUserAgent(number, port) for number in range(few)]
        small = settled_rss(server)
        user_agents += [TcpUserAgent(number, port) for number in range(few, many)]
        large = settled_rss(server)
        bound = int(registrar.ask("bound?"))
    if bound != many:
        raise BenchError(f"{bound} of {many} user agents over TCP are bound")
    each = (large - small) / (many - few)
    table("User agents over TCP", ["user agents", "RSS MB", "user agents", "RSS MB", "bytes per user agent", "aim"],
          [[f"{few:,}", f"{small / 1e6:.1f}", f"{many:,}", f"{large / 1e6:.1f}", f"{each:,.0f}", "<= 1,536"]],
          ["Resident memory (VmRSS) of flowbrokerd, each with a binding."])


class TcpUserAgent:
    """Registered, and silent from then on."""

    def __init__(self, number, port):
        self._socket = socket.create_connection(("127.0.0.1", port), 10, source_address=(f"127.0.0.{2 + number % 8}", 0))
        user = f"user{1_000_000 + number}"
        self._socket.sendall((f"REGISTER sip:example.org SIP/2.0\r\nVia: SIP/2.0/TCP 192.168.1.7;branch=z9hG4bK-{user}\r\n"
                              f"From: <sip:{user}@example.org>;tag=1\r\nTo: <sip:{user}@example.org>\r\nCall-ID: {user}\r\n"
                              f"CSeq: 1 REGISTER\r\nContact: <sip:{user}@192.168.1.7;transport=tcp>\r\nContent-Length: 0\r\n\r\n"
                              ).encode())
        if not self._socket.recv(4096).startswith(b"SIP/2.0 200 "):
            raise BenchError(f"{user} was not registered")


class Swarm(Process):
    """The user agents, behind the TUN device of the namespace."""

    def __init__(self):
        super().__init__([program("bench/nat_swarm"), "swarm", EDGE, str(PORT)], inside=within)

    def __enter__(self):
        super().__enter__()
        self.line()
        ip("link", "set", "swarm", "up", "txqueuelen", "200000", within_namespace=True)
        return self

    def register(self, count, per_second=15_000):
        """Seconds it took."""
        return float(self.ask(f"register {count} {per_second}").split()[0])


def flow_memory(count):
    """Octets of a flow without binding: growth of resident memory between half of them and all."""
    with edge_broker("--edge-datagram-idle", "1h") as server, Swarm() as swarm:
        few = rss_with(server, swarm, count // 2)
        return (rss_with(server, swarm, count) - few) / (count - count // 2)


def rss_with(server, swarm, count):
    swarm.ask(f"touch {count} 50000")
    time.sleep(12)  # the heap is given back, and what was held for want of a registrar is gone
    return server.rss_bytes()


def broker(count, seconds, flow, name, flags):
    with edge_broker(*flags) as server, Swarm() as swarm, \
            Process([program("bench/edge_registrar"), server.address], inside=within) as registrar:
        registrar.line()
        swarm.register(count // 2)
        few = settled_rss(server)
        took = swarm.register(count)
        each = (settled_rss(server) - few) / (count - count // 2)
        stun = "STUN" in name
        if not stun:
            swarm.ask("answer 30")  # the first round has come to everybody
        before = server.cpu_seconds()
        answer = swarm.ask(f"{'stun' if stun else 'answer'} {seconds}").split()
        cpu = (server.cpu_seconds() - before) / seconds
        return figures("flowbroker, " + name, count, f"{each:,.0f} ({each - flow:,.0f} of it the binding)", took, seconds, cpu,
                       answer)


def settled_rss(server):
    time.sleep(12)
    return server.rss_bytes()


def figures(name, count, memory, took, seconds, cpu, answer):
    if len(answer) == 2:  # STUN
        sent, answered = map(int, answer)
        return [name, f"{count:,}", memory, f"{took:.0f}", f"{sent / seconds:,.0f}", f"{cpu * 100:.1f}", "-", f"{sent - answered:,}"]
    options, short, gap, late = map(int, answer)
    return [name, f"{count:,}", memory, f"{took:.0f}", f"{(options + short) / seconds:,.0f}", f"{cpu * 100:.1f}", f"{gap:,}",
            f"{late:,}"]


def kamailio(count, seconds, name, options):
    with tempfile.TemporaryDirectory(prefix="flowbroker-bench-") as home:
        path = f"{home}/kamailio.cfg"
        with open(path, "w") as file:
            file.write(KAMAILIO.format(edge=EDGE, port=PORT, home=home, options=options))
        log = open(f"{home}/log", "w")
        with log, Swarm() as swarm, \
                Process([tool("kamailio"), "-DD", "-E", "-m", "4096", "-M", "32", "-f", path, "-Y", home], within, log) as server:
            time.sleep(3)
            kamailio_memory(home)  # it serves
            swarm.register(count // 2)
            few = kamailio_memory(home)
            took = swarm.register(count)
            each = (kamailio_memory(home) - few) / (count - count // 2)
            swarm.ask("answer 30")
            before = family_cpu(server.pid)
            answer = swarm.ask(f"answer {seconds}").split()
            cpu = (family_cpu(server.pid) - before) / seconds
    return figures("Kamailio, " + name, count, f"{each:,.0f}", took, seconds, cpu, answer)


def kamailio_memory(home):
    """Octets of shared memory in use."""
    time.sleep(2)
    said = output([tool("kamcmd"), "-s", f"unix:{home}/ctl", "core.shmmem", "b"])
    return next(int(line.split(":")[1]) for line in said.splitlines() if line.strip().startswith("real_used"))


def family_cpu(pid):
    """CPU seconds of a process and its children."""
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        children = [int(child) for child in file.read().split()]
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    own = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return own + sum(family_cpu(child) for child in children)


def edge_broker(*flags):
    return Broker("--edge-listen", f"udp:{EDGE}:{PORT}", "--kept-binding-events", "1000", "--kept-events", "500", *flags,
                  inside=within)


def within(_, argv):
    return ["ip", "netns", "exec", NAMESPACE, *argv]


def ip(*arguments, within_namespace=False):
    output(["ip", *(["-n", NAMESPACE] if within_namespace else []), *arguments])


def namespace_up():
    subprocess.run(["ip", "netns", "del", NAMESPACE], check=False, capture_output=True)
    ip("netns", "add", NAMESPACE)
    ip("link", "set", "lo", "up", within_namespace=True)
    ip("tuntap", "add", "dev", "swarm", "mode", "tun", within_namespace=True)
    ip("addr", "add", f"{EDGE}/32", "dev", "swarm", within_namespace=True)
    ip("link", "set", "swarm", "up", "txqueuelen", "200000", within_namespace=True)
    ip("route", "add", "10.0.0.0/8", "dev", "swarm", within_namespace=True)
