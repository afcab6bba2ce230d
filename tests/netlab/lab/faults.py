"""What can go wrong on the server side, as nftables rules in the server namespace."""

import ipaddress
import subprocess

from . import netns
from .errors import LabError

UNREACHABLE = {
    "host": "host-unreachable",
    "port": "port-unreachable",
    "net": "no-route",
    "admin": "admin-prohibited",
}
# More than a SYN or a bare ACK, less than any ClientHello.
STALL_OVER_OCTETS = 150

_TABLE = """
add table inet netlab
add chain inet netlab arriving { type filter hook input priority 0; policy accept; }
add chain inet netlab leaving { type filter hook output priority 0; policy accept; }
"""


def drop(ns, selector, port=None, proto=None):
    """Packets vanish, in both directions."""
    _apply(
        ns,
        f"add rule inet netlab arriving {_match(selector, 'd', port, proto)} counter drop",
        f"add rule inet netlab leaving {_match(selector, 's', port, proto)} counter drop",
    )


def reset(ns, selector, port=None):
    """TCP segments are answered with RST."""
    _apply(ns, f"add rule inet netlab arriving {_match(selector, 'd', port, 'tcp')} counter reject with tcp reset")


def unreachable(ns, selector, kind="host", port=None, proto=None):
    """Packets are answered with an ICMP error. `kind` is one of UNREACHABLE."""
    if kind not in UNREACHABLE:
        raise LabError(f"unknown kind of unreachable: {kind}")
    match = _match(selector, "d", port, proto)
    _apply(ns, f"add rule inet netlab arriving {match} counter reject with icmpx type {UNREACHABLE[kind]}")


def stall(ns, selector, port=5061, over=STALL_OVER_OCTETS):
    """TCP connects, but segments larger than `over` octets vanish, such as a ClientHello."""
    match = _match(selector, "d", port, "tcp")
    _apply(ns, f"add rule inet netlab arriving {match} meta length > {over} counter drop")


def clear(ns):
    """All is well again."""
    with_table = "table inet netlab" in netns.run(["ip", "netns", "exec", ns, "nft", "list", "tables"])
    if with_table:
        _nft(ns, "delete table inet netlab")


def describe(ns):
    """The rules in force, one a line."""
    listing = subprocess.run(
        ["ip", "netns", "exec", ns, "nft", "list", "table", "inet", "netlab"], capture_output=True, text=True
    )
    words = ("drop", "reject")
    return [line.strip() for line in listing.stdout.splitlines() if any(word in line for word in words)]


def _match(selector, end, port, proto):
    """nftables expression for a selector (all, ipv4, ipv6, address or prefix) at one end: s(ource) or d(estination)."""
    match = {"all": "", "ipv4": "meta nfproto ipv4 ", "ipv6": "meta nfproto ipv6 "}.get(selector)
    if match is None:
        try:
            network = ipaddress.ip_network(selector, strict=False)
        except ValueError as error:
            raise LabError(f"neither all, ipv4, ipv6, an address nor a prefix: {selector}") from error
        match = f"{'ip6' if network.version == 6 else 'ip'} {end}addr {network} "
    # The server's own loopback stays whole.
    match = f"{'iifname' if end == 'd' else 'oifname'} != lo {match}"
    if port is not None:
        match += f"{proto or 'meta l4proto { tcp, udp } th'} {end}port {int(port)}"
    elif proto is not None:
        match += f"meta l4proto {proto}"
    return match


def _apply(ns, *rules):
    _nft(ns, _TABLE + "\n".join(rules))


def _nft(ns, script):
    netns.run(["ip", "netns", "exec", ns, "nft", "-f", "-"], input=script + "\n")
