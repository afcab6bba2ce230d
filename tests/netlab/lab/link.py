"""The emulated link between the two namespaces: starts the forwarder, talks to it, gives the devices addresses."""

import glob
import os
import socket
import time

from . import netns
from .errors import LabError

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ROOT = os.path.dirname(os.path.dirname(HERE))

CLIENT_ADDRESSES = ["192.0.2.1/32", "192.0.2.2/32", "2001:db8:1::1/128", "2001:db8:1::2/128"]
SERVER_ADDRESSES = (
    [f"192.0.2.{n}/32" for n in (10, 11, 12, 13, 14, 53)]
    + [f"198.51.100.{n}/32" for n in (10, 11)]
    + [f"2001:db8:1::{n}/128" for n in (10, 11, 12, 13, 14, 53)]
    + [f"2001:db8:2::{n}/128" for n in (10, 11)]
)


def forwarder_program(state):
    """The newest built forwarder; compiled on the spot where there is none."""
    named = os.environ.get("NETLAB_FORWARDER")
    if named:
        return named
    built = glob.glob(f"{ROOT}/build/*/bin/netlab_forwarder")
    if built:
        return max(built, key=os.path.getmtime)
    program = os.path.join(state, "netlab_forwarder")
    netns.run(["g++", "-std=c++20", "-O1", f"{HERE}/forwarder.cc", "-o", program])
    return program


def start(client_ns, server_ns, state):
    """Starts the forwarder and configures both devices. Returns its process id."""
    log = os.path.join(state, "forwarder.log")
    pid = netns.spawn([forwarder_program(state), client_ns, server_ns, socket_path(state)], log)
    deadline = time.monotonic() + 10
    while not os.path.exists(socket_path(state)):
        if not netns.is_running(pid) or time.monotonic() > deadline:
            with open(log) as file:
                raise LabError(f"the forwarder did not start: {file.read().strip()}")
        time.sleep(0.002)
    _configure(client_ns, CLIENT_ADDRESSES, "192.0.2.1", "2001:db8:1::1")
    _configure(server_ns, SERVER_ADDRESSES, "192.0.2.10", "2001:db8:1::10")
    return pid


def _configure(ns, addresses, source4, source6):
    lines = ["link set lo up", "link set lab0 txqueuelen 10000 up"]
    lines += [f"address add {address} dev lab0" + (" nodad" if ":" in address else "") for address in addresses]
    # Whatever is not local is on the other side; addresses nobody has vanish there.
    lines += [f"route add default dev lab0 src {source4}", f"-6 route add default dev lab0 src {source6}"]
    for family in ("-4", "-6"):
        batch = [line.removeprefix("-6 ") for line in lines if _belongs(line, family)]
        netns.run(["ip", family, "-n", ns, "-batch", "-"], input="\n".join(batch) + "\n")


def _belongs(line, family):
    if line.startswith("link"):
        return family == "-4"
    return (":" in line) == (family == "-6")


def socket_path(state):
    return os.path.join(state, "link.sock")


def command(state, line):
    """One command to the forwarder; see forwarder.cc."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as peer:
        peer.settimeout(5)
        try:
            peer.connect(socket_path(state))
            peer.send(line.encode())
            answer = peer.recv(65536).decode()
        except OSError as error:
            raise LabError(f"the forwarder does not answer: {error}") from error
    if answer.startswith("error"):
        raise LabError(answer.strip())
    return answer


def families(selector):
    """`all` is both families; a family or an address stands for itself."""
    return ["ipv4", "ipv6"] if selector == "all" else [selector]


def set_property(state, selector, key, value):
    for one in families(selector):
        command(state, f"set {one} {key} {value}")


def describe(state):
    """What is set, for people."""
    lines = []
    for line in command(state, "show").splitlines():
        words = line.split()
        if words[0] == "packets":
            lines.append("packets      " + ", ".join(f"{words[i + 1]} {words[i]}" for i in range(1, len(words), 2)))
            continue
        values = dict(zip(words[1::2], words[2::2]))
        lines.append(
            f"{words[0]:<12} round trip {int(values['rtt_us']) / 1000:g} ms, "
            f"jitter {int(values['jitter_us']) / 1000:g} ms, loss {int(values['loss_ppm']) / 10000:g} %"
        )
    return lines
