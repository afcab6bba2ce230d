"""A home behind a NAT on the server side of the link: user agents in there have private addresses, and the edge of the
client side sees them come from one public address and ports that the NAT chooses."""

from . import daemons, netns

PUBLIC = "192.0.2.13"  # one of link.SERVER_ADDRESSES that no server has
ADDRESS, ROUTER = "10.9.0.2", "10.9.0.1"

# `random`: another port after a rebinding, not the same one again.
_NAT = f"""table ip home {{
  chain leaving {{
    type nat hook postrouting priority srcnat;
    ip saddr {ADDRESS} oifname lab0 meta l4proto {{ tcp, udp }} snat to {PUBLIC} random
  }}
}}
"""


def namespace(lab_name):
    return f"fb-{lab_name}-home"


class Home:
    """The home network of a lab; its one host has ADDRESS. Made by Lab.add_home; goes with the lab."""

    def __init__(self, lab_name, server_ns):
        self.ns = namespace(lab_name)
        self._router = server_ns
        netns.create(self.ns)
        netns.run(["ip", "link", "add", "eth0", "netns", self.ns, "type", "veth", "peer", "name", "home", "netns", server_ns])
        for ns, interface, address in ((self.ns, "eth0", ADDRESS), (server_ns, "home", ROUTER)):
            netns.run(["ip", "-n", ns, "address", "add", f"{address}/24", "dev", interface])
            netns.run(["ip", "-n", ns, "link", "set", interface, "up"])
        netns.run(["ip", "-n", self.ns, "link", "set", "lo", "up"])
        netns.run(["ip", "-n", self.ns, "route", "add", "default", "via", ROUTER])
        with netns.inside(server_ns), open("/proc/sys/net/ipv4/ip_forward", "w") as file:
            file.write("1")
        netns.run(["ip", "netns", "exec", server_ns, "nft", "-f", "-"], input=_NAT)

    def rebind(self, place):
        """The NAT forgets its mappings to the address of ADDRESS:PORT: what is sent there next comes from other ports."""
        conntrack = daemons.program("conntrack", "conntrack")
        netns.run(["ip", "netns", "exec", self._router, conntrack, "-D", "-s", ADDRESS, "-d", place.partition(":")[0]])

    def cut(self, place):
        """What is sent to or from ADDRESS:PORT vanishes on the way out of the home."""
        address, _, port = place.partition(":")
        script = "".join(f"add rule inet cut {chain} ip {end}addr {address} th {end}port {port} drop\n"
                         for chain, end in (("leaving", "d"), ("arriving", "s")))
        hooks = "".join(f"add chain inet cut {chain} {{ type filter hook {hook} priority 0; }}\n"
                        for chain, hook in (("leaving", "output"), ("arriving", "input")))
        self._nft("add table inet cut\n" + hooks + script)

    def mend(self):
        """Everything gets through again."""
        self._nft("add table inet cut\ndelete table inet cut\n")

    def _nft(self, script):
        netns.run(["ip", "netns", "exec", self.ns, "nft", "-f", "-"], input=script)
