"""One lab: two namespaces, the link between them, its servers and its faults."""

import contextlib
import os
import re
import shutil
import subprocess

from . import certificates, daemons, faults, home, link, netns, uplinks
from .errors import LabError

STATE_ROOT = "/run/flowbroker-netlab"
SIDES = ("client", "server")
DAEMONS = ("nsd-client", "nsd-server", "kamailio")


def why_impossible():
    """Why no lab can be made here, in one line; None where one can."""
    if os.geteuid() != 0:
        return "not root, so no network namespaces"
    if not os.path.exists("/dev/net/tun"):
        return "no /dev/net/tun"
    for name, package in (("ip", "iproute2"), ("nft", "nftables"), ("nsd", "nsd"), ("kamailio", "kamailio")):
        try:
            daemons.program(name, package)
        except LabError as error:
            return str(error)
    probe = f"fb-check-{os.getpid()}"
    try:
        netns.run(["ip", "netns", "add", probe])
        netns.run(["ip", "netns", "exec", probe, "true"])
    except LabError as error:
        return f"no network namespaces: {error}"
    finally:
        netns.destroy(probe)
    return None


class Lab:
    """A lab by name. Labs of different names do not see each other. Not for use from several threads at once.

    Example:
        with Lab("mine") as lab:
            lab.drop("ipv6")
            lab.run("client", ["curl", "http://dual.example.test/"])
    """

    def __init__(self, name="lab"):
        if not re.fullmatch(r"[a-z0-9-]{1,40}", name):
            raise LabError("a lab's name is made of a-z, 0-9 and -, at most 40 of them")
        self.name = name
        self.state = os.path.join(STATE_ROOT, name)
        self.ns = {side: f"fb-{name}-{side}" for side in SIDES}

    def __enter__(self):
        self.up(owner=os.getpid())
        return self

    def __exit__(self, *_):
        self.down()

    def up(self, rtt_ms=20, owner=None):
        """Builds the lab unless it stands. `owner` is a process: labs whose owner has ended are removed by the next
        `up` of any lab. A lab without an owner stays until `down`."""
        remove_orphans()
        if self.is_up():
            return
        self.down()
        _make_directory(self.state)
        try:
            if owner is not None:
                self._write("owner", f"{owner} {_start_time(owner)}\n")
            self._write("rtt", f"{rtt_ms}\n")
            self._build(rtt_ms)
        except BaseException:
            self.down()
            raise

    def _build(self, rtt_ms):
        zone = os.path.join(link.HERE, "zones", "example.test.zone")
        certificates.make(self.state, zone)
        for side in SIDES:
            netns.create(self.ns[side])
        # `ip netns exec` shows these files as /etc/resolv.conf inside. On the server side Kamailio looks up its own host.
        for side, resolver in (("client", daemons.CLIENT_DNS[0]), ("server", daemons.SERVER_DNS[0])):
            _make_directory(f"/etc/netns/{self.ns[side]}")
            with open(f"/etc/netns/{self.ns[side]}/resolv.conf", "w") as file:
                file.write(f"nameserver {resolver}\noptions timeout:1\n")
        forwarder = link.start(self.ns["client"], self.ns["server"], self.state)
        daemons.record(self.state, "forwarder", forwarder)
        self.set_rtt(rtt_ms)
        for side in SIDES:
            daemons.start_nsd(self.state, side, self.ns[side])
        daemons.start_kamailio(self.state, self.ns["server"])
        self._write("complete", "")

    def down(self):
        """Removes every trace of the lab. Also of one that broke half-way."""
        for name in DAEMONS:
            daemons.stop(self.state, name)
        netns.destroy(home.namespace(self.name))
        self.ns.pop("home", None)
        for ns in self.ns.values():
            netns.destroy(ns)
            shutil.rmtree(f"/etc/netns/{ns}", ignore_errors=True)
        daemons.stop(self.state, "forwarder")
        shutil.rmtree(self.state, ignore_errors=True)
        for directory in ("/etc/netns", STATE_ROOT):
            with contextlib.suppress(OSError):
                os.rmdir(directory)

    def is_up(self):
        whole = os.path.exists(os.path.join(self.state, "complete")) and all(map(netns.exists, self.ns.values()))
        return whole and daemons.pid_of(self.state, "forwarder") is not None

    # The link.

    def set_rtt(self, ms, selector="all"):
        """Round-trip time, half of it in each direction."""
        link.set_property(self.state, selector, "rtt_us", round(float(ms) * 1000))

    def set_jitter(self, ms, selector="all"):
        """Up to `ms` more in each direction; packets are not reordered."""
        link.set_property(self.state, selector, "jitter_us", round(float(ms) * 1000))

    def set_loss(self, percent, selector="all"):
        """Lost packets in each direction."""
        link.set_property(self.state, selector, "loss_ppm", round(float(percent) * 10000))

    def add_uplink(self, number):
        """A further way to the server; preferred to the link, and the smaller its number the more."""
        return uplinks.Uplink(self.ns["client"], self.ns["server"], number)

    def add_home(self):
        """A network behind a NAT on the server side, as the third side "home"."""
        network = home.Home(self.name, self.ns["server"])
        self.ns["home"] = network.ns
        return network

    # Faults.

    def drop(self, selector, port=None, proto=None):
        faults.drop(self.ns["server"], selector, port, proto)

    def reset(self, selector, port=None):
        faults.reset(self.ns["server"], selector, port)

    def unreachable(self, selector, kind="host", port=None, proto=None):
        faults.unreachable(self.ns["server"], selector, kind, port, proto)

    def stall(self, selector, port=5061, over=faults.STALL_OVER_OCTETS):
        faults.stall(self.ns["server"], selector, port, over)

    def clear(self):
        """No faults, and the link as it was at `up`. Servers that were stopped stay stopped."""
        faults.clear(self.ns["server"])
        link.command(self.state, "clear")
        with open(os.path.join(self.state, "rtt")) as file:
            self.set_rtt(float(file.read()))
        self.set_jitter(0)
        self.set_loss(0)

    # Servers.

    def start(self, daemon):
        """Starts one of DAEMONS unless it runs."""
        if daemons.pid_of(self.state, daemon) is not None:
            return
        if daemon == "kamailio":
            daemons.start_kamailio(self.state, self.ns["server"])
        else:
            side = daemon.removeprefix("nsd-")
            daemons.start_nsd(self.state, side, self.ns[side])

    def stop(self, daemon):
        """Ends one of DAEMONS; its connections are closed by the kernel."""
        daemons.stop(self.state, daemon)

    # Programs inside.

    def command(self, side, argv):
        """The command line that runs `argv` on a side of the lab."""
        return ["ip", "netns", "exec", self.ns[side], *argv]

    def run(self, side, argv, **options):
        """subprocess.run on a side of the lab."""
        return subprocess.run(self.command(side, argv), **options)

    def popen(self, side, argv, **options):
        """subprocess.Popen on a side of the lab. What still runs at `down` is ended."""
        return subprocess.Popen(self.command(side, argv), **options)

    def inside(self, side):
        """Context in which the calling thread opens its sockets on a side of the lab."""
        return netns.inside(self.ns[side])

    def status(self):
        """What stands and what is set, for people."""
        if not self.is_up():
            return f"lab {self.name} is down\n"
        lines = [f"lab          {self.name}: namespaces {self.ns['client']}, {self.ns['server']}; files {self.state}"]
        lines += link.describe(self.state)
        for name in DAEMONS:
            pid = daemons.pid_of(self.state, name)
            lines.append(f"{name:<12} " + (f"process {pid}" if pid else "stopped"))
        lines.append(f"resolvers    client {' '.join(daemons.CLIENT_DNS)}, server {' '.join(daemons.SERVER_DNS)}; "
                     "ports 53 and 5300")
        lines.append(f"SIP          {' '.join(daemons.SIP_ADDRESSES)}; 5060 UDP TCP, 5061 TLS; CA {self.state}/ca.pem")
        rules = faults.describe(self.ns["server"])
        lines += [f"fault        {rule}" for rule in rules] or ["fault        none"]
        return "\n".join(lines) + "\n"

    def _write(self, name, text):
        with open(os.path.join(self.state, name), "w") as file:
            file.write(text)


def remove_orphans():
    """Removes labs whose owner has ended. Harmless where two processes do it at once."""
    names = []
    with contextlib.suppress(FileNotFoundError):
        names = sorted(os.listdir(STATE_ROOT))
    for name in names:
        with contextlib.suppress(FileNotFoundError, ValueError):
            with open(os.path.join(STATE_ROOT, name, "owner")) as file:
                pid, start = file.read().split()
            if _start_time(int(pid)) != start:
                Lab(name).down()


def _make_directory(path):
    """Another lab that goes down may remove the empty parent in between."""
    for _ in range(100):
        with contextlib.suppress(FileNotFoundError):
            return os.makedirs(path, exist_ok=True)
    raise LabError(f"cannot make {path}")


def _start_time(pid):
    """Tells a process from a later one of the same id."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[19]
    except (FileNotFoundError, ProcessLookupError):
        return "ended"
