"""Certificates of the broker's gRPC port and of its callers, by the lab's authority."""

import os
import subprocess

NAME = "broker.example.test"
ADDRESS = "127.0.0.1:7460"  # where the harness makes a broker listen, on the client side of the lab
IDENTITIES = {"quiet": "spiffe://example.test/quiet", "greedy": "spiffe://example.test/greedy"}


def of_broker(lab):
    """Flags of flowbrokerd."""
    certificate, key = _issue(lab, "broker", f"DNS:{NAME}")
    return ("--grpc-plaintext", "off", "--grpc-certificate-file", certificate, "--grpc-private-key-file", key, "--grpc-client-ca-file", _ca(lab))


def of_caller(lab, tenant):
    """Flags of ghz."""
    certificate, key = _issue(lab, tenant, f"URI:{IDENTITIES[tenant]}")
    return ("--cacert", _ca(lab), "--cert", certificate, "--key", key, "--cname", NAME)


def _ca(lab):
    return f"{lab.state}/ca.pem"


def _issue(lab, name, alternative):
    certificate, key = f"{lab.state}/load-{name}.pem", f"{lab.state}/load-{name}.key"
    if not os.path.exists(certificate):
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
             "-subj", f"/CN={name}", "-keyout", key, "-out", certificate, "-CA", _ca(lab), "-CAkey", f"{lab.state}/ca.key",
             "-addext", f"subjectAltName={alternative}", "-addext", "basicConstraints=critical,CA:FALSE"],
            check=True, capture_output=True)
    return certificate, key
