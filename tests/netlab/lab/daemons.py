"""The servers of the lab: NSD on both sides, Kamailio on the server side. Each is started in the foreground and ended by
process id."""

import os
import shutil
import socket
import time

from . import link, netns
from .errors import LabError

CLIENT_DNS = ["127.0.0.1", "::1"]
SERVER_DNS = ["192.0.2.53", "2001:db8:1::53"]
SIP_ADDRESSES = [f"192.0.2.{n}" for n in (10, 11, 12)] + ["198.51.100.10"]
SIP_ADDRESSES += [f"2001:db8:1::{n}" for n in (10, 11, 12)] + ["2001:db8:2::10"]
# Further TLS ports, on the first address of each family.
BAD_TLS_ADDRESSES = ["192.0.2.10", "2001:db8:1::10"]
TLS_PORTS = {5062: "uri", 5071: "wrongname", 5081: "expired", 5091: "selfsigned"}


def program(name, package):
    path = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if path is None:
        raise LabError(f"{name} is not installed (package {package})")
    return path


def spawn(state, name, argv, ns):
    """Starts a daemon in a namespace and records its process id."""
    record(state, name, netns.spawn(argv, os.path.join(state, f"{name}.log"), ns))


def record(state, name, pid):
    with open(os.path.join(state, f"{name}.pid"), "w") as file:
        file.write(f"{pid}\n")


def pid_of(state, name):
    """Process id of a running daemon, or None."""
    try:
        with open(os.path.join(state, f"{name}.pid")) as file:
            pid = int(file.read())
    except (FileNotFoundError, ValueError):
        return None
    return pid if netns.is_running(pid) else None


def stop(state, name):
    pid = pid_of(state, name)
    if pid is not None:
        netns.terminate([pid])
    path = os.path.join(state, f"{name}.pid")
    if os.path.exists(path):
        os.unlink(path)


def start_nsd(state, side, ns):
    """NSD with the lab's zones on ports 53 and 5300 of its side."""
    home = os.path.join(state, f"nsd-{side}")
    os.makedirs(home, exist_ok=True)
    addresses = CLIENT_DNS if side == "client" else SERVER_DNS
    listen = "".join(f"  ip-address: {address}@{port}\n" for address in addresses for port in (53, 5300))
    config = os.path.join(home, "nsd.conf")
    with open(config, "w") as file:
        file.write(
            f"server:\n{listen}"
            '  server-count: 1\n  username: "root"\n  database: ""\n  rrl-ratelimit: 0\n  tcp-count: 200\n'
            f'  zonesdir: "{link.HERE}/zones"\n  pidfile: "{home}/nsd.pid"\n  xfrdfile: "{home}/xfrd.state"\n'
            f'  zonelistfile: "{home}/zone.list"\n  cookie-secret-file: "{home}/cookies"\n  xfrdir: "{home}"\n'
            "remote-control:\n  control-enable: no\n"
            'zone:\n  name: "example.test"\n  zonefile: "example.test.zone"\n'
            # Served without a file: every answer is SERVFAIL.
            'zone:\n  name: "servfail.test"\n  zonefile: "absent.zone"\n'
        )
    spawn(state, f"nsd-{side}", [program("nsd", "nsd"), "-d", "-c", config], ns)
    _await_udp(ns, addresses[0], 5300, bytes.fromhex("000100000001000000000000076578616d706c6504746573740000060001"))


def start_kamailio(state, ns):
    with open(os.path.join(state, "local.cfg"), "w") as file:
        file.write(_listen_lines() + f'#!define TLS_CONFIG "{state}/tls.cfg"\n')
    with open(os.path.join(state, "tls.cfg"), "w") as file:
        file.write(_tls_config(state))
    shutil.copy(os.path.join(link.HERE, "kamailio.cfg"), state)
    command = [program("kamailio", "kamailio"), "-DD", "-E", "-m", "96", "-M", "8", "-f", f"{state}/kamailio.cfg"]
    spawn(state, "kamailio", command + ["-Y", state], ns)
    options = (
        "OPTIONS sip:lab SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.10;branch=z9hG4bKup;rport\r\nFrom: <sip:lab>;tag=1\r\n"
        "To: <sip:lab>\r\nCall-ID: up\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 0\r\nContent-Length: 0\r\n\r\n"
    )
    _await_udp(ns, "192.0.2.10", 5060, options.encode())


def _listen_lines():
    lines = []
    for address in SIP_ADDRESSES:
        host = f"[{address}]" if ":" in address else address
        lines += [f"listen=udp:{host}:5060", f"listen=tcp:{host}:5060", f"listen=tls:{host}:5061"]
        if address in BAD_TLS_ADDRESSES:
            lines += [f"listen=udp:{host}:5070", f"listen=tcp:{host}:5070"]
            lines += [f"listen=tls:{host}:{port}" for port in TLS_PORTS]
    return "\n".join(lines) + "\n"


def _tls_config(state):
    def section(head, name):
        return (
            f"[{head}]\nmethod = TLSv1.2+\nverify_certificate = no\nrequire_certificate = no\n"
            f"private_key = {state}/{name}.key\ncertificate = {state}/{name}.pem\n\n"
        )

    text = section("server:default", "server") + section("client:default", "server")
    for address in BAD_TLS_ADDRESSES:
        host = f"[{address}]" if ":" in address else address
        text += "".join(section(f"server:{host}:{port}", name) for port, name in TLS_PORTS.items())
    return text


def _await_udp(ns, address, port, question):
    """Waits until a server answers on its own host; both servers read their configuration in well under a second."""
    with netns.inside(ns):
        asker = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with asker:
        asker.settimeout(0.05)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            try:
                asker.sendto(question, (address, port))
                asker.recv(4096)
                return
            except OSError:
                time.sleep(0.01)
    raise LabError(f"no answer from {address} port {port}")
