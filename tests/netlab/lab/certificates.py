"""A certificate authority and the certificates of the lab's SIP server, good and bad."""

import os
import re

from . import netns


def make(state, zone_file):
    """Writes ca.pem and, for each name of NAMES, NAME.pem and NAME.key into `state`."""
    _key(state, "ca")
    run = ["openssl", "req", "-x509", "-new", "-key", f"{state}/ca.key", "-out", f"{state}/ca.pem", "-days", "30"]
    netns.run(run + ["-subj", "/CN=netlab CA", "-addext", "basicConstraints=critical,CA:TRUE"])
    hosts = host_names(zone_file)
    _signed(state, "server", [f"DNS:{host}" for host in hosts])
    # RFC 5922 section 7.1: with a sip: URI present, DNS names do not count.
    _signed(state, "uri", ["URI:sip:uri.example.test", "DNS:dns-only.example.test"])
    _signed(state, "wrongname", ["DNS:somebody-else.example.org"])
    _signed(state, "expired", [f"DNS:{host}" for host in hosts], days=["-days", "-1"])
    _self_signed(state, "selfsigned", "DNS:selfsigned.example.test")


def host_names(zone_file):
    """Names of the zone that a SIP URI may have as its host."""
    with open(zone_file) as file:
        owners = re.findall(r"^((?:_sips?\._(?:tcp|udp)\.)?[a-z][a-z0-9-]*)\s", file.read(), re.MULTILINE)
    hosts = {re.sub(r"^_sips?\._(tcp|udp)\.", "", owner) for owner in owners}
    bad = {"uri", "wrongname", "selfsigned"}
    return ["example.test"] + sorted(f"{host}.example.test" for host in hosts - bad)


def _key(state, name):
    netns.run(["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", f"{state}/{name}.key"])
    os.chmod(f"{state}/{name}.key", 0o600)


def _signed(state, name, alternatives, days=("-days", "30")):
    _key(state, name)
    request = ["openssl", "req", "-new", "-key", f"{state}/{name}.key", "-subj", f"/CN=netlab {name}"]
    with open(f"{state}/{name}.ext", "w") as file:
        file.write(f"subjectAltName={','.join(alternatives)}\nextendedKeyUsage=serverAuth,clientAuth\n")
    netns.run(request + ["-out", f"{state}/{name}.csr"])
    sign = ["openssl", "x509", "-req", "-in", f"{state}/{name}.csr", "-CA", f"{state}/ca.pem"]
    sign += ["-CAkey", f"{state}/ca.key", "-CAcreateserial", "-extfile", f"{state}/{name}.ext", *days]
    netns.run(sign + ["-out", f"{state}/{name}.pem"])


def _self_signed(state, name, alternative):
    _key(state, name)
    run = ["openssl", "req", "-x509", "-new", "-key", f"{state}/{name}.key", "-out", f"{state}/{name}.pem"]
    netns.run(run + ["-days", "30", "-subj", f"/CN=netlab {name}", "-addext", f"subjectAltName={alternative}"])
