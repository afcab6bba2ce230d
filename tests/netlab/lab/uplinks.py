"""Further ways from the client to the server: Ethernet pairs without delay, whose addresses come and go."""

import contextlib

from . import netns
from .errors import LabError

# Where the servers are; more precise than the default routes over lab0, so that an uplink is preferred to it.
_SERVER_PREFIXES = {
    4: ["192.0.2.0/24", "198.51.100.0/24"],
    6: ["2001:db8:1::/64", "2001:db8:2::/64"],
}
# Of several routes to one place the one over the first uplink wins.
_METRIC = 10


class Uplink:
    """Uplink number 1 to 9 of a lab; `name` is its interface in the client namespace. Made without addresses."""

    def __init__(self, client_ns, server_ns, number):
        self.number = number
        self.name = f"wan{number}"
        self._ns = client_ns
        self._server_ns = server_ns
        self._far = f"far{number}"
        netns.run(["ip", "link", "add", self.name, "netns", client_ns, "type", "veth",
                   "peer", "name", self._far, "netns", server_ns])
        for ns, interface in ((client_ns, self.name), (server_ns, self._far)):
            # The way back of a packet from another uplink's address may be this one.
            self._write_setting(ns, f"net/ipv4/conf/{interface}/rp_filter", "0")
            self._write_setting(ns, "net/ipv4/conf/all/rp_filter", "0")
            # Neighbours ask for each other from their link-local addresses (RFC 4861 s.7.2.2).
            self._write_setting(ns, f"net/ipv6/conf/{interface}/addr_gen_mode", "0")
            netns.run(["ip", "-n", ns, "link", "set", interface, "up"])
        for address, bits in ((self.ipv4(1), 24), (self.ipv6(1), 64)):
            self._add(server_ns, self._far, f"{address}/{bits}")

    def ipv4(self, host):
        return f"10.{self.number}.0.{host}"

    def ipv6(self, host):
        return f"2001:db8:f{self.number}::{host}"

    def join(self, host, families=(4, 6)):
        """The interface has the addresses of `host` (2 to 250) and routes to the servers, and no others."""
        self.leave()
        if 4 in families:
            self._join(4, f"{self.ipv4(host)}/24", self.ipv4(1))
        if 6 in families:
            self._join(6, f"{self.ipv6(host)}/64", self.ipv6(1))

    def leave(self):
        """The interface loses its addresses and routes."""
        for family in ("-4", "-6"):
            with contextlib.suppress(LabError):  # nothing to flush
                netns.run(["ip", family, "-n", self._ns, "route", "flush", "dev", self.name, "proto", "static"])
        netns.run(["ip", "-n", self._ns, "address", "flush", "dev", self.name, "scope", "global"])

    def unplug(self):
        """The cable is out: the interface keeps its addresses."""
        netns.run(["ip", "-n", self._server_ns, "link", "set", self._far, "down"])

    def plug(self):
        netns.run(["ip", "-n", self._server_ns, "link", "set", self._far, "up"])
        with contextlib.suppress(LabError):  # it has kept its IPv4 address, not always this one
            self._add(self._server_ns, self._far, f"{self.ipv6(1)}/64")

    def _join(self, family, address, gateway):
        self._add(self._ns, self.name, address)
        for prefix in _SERVER_PREFIXES[family]:
            netns.run(["ip", f"-{family}", "-n", self._ns, "route", "add", prefix, "via", gateway, "dev", self.name,
                       "proto", "static", "metric", str(_METRIC * self.number)])

    def _add(self, ns, interface, address):
        netns.run(["ip", "-n", ns, "address", "add", address, "dev", interface] + (["nodad"] if ":" in address else []))

    @staticmethod
    def _write_setting(ns, path, value):
        with netns.inside(ns), open(f"/proc/sys/{path}", "w") as file:
            file.write(value)
