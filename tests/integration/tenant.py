"""A daemon whose callers are told apart by their certificates."""

import subprocess

import flowbroker
from harness import PATIENCE
from local_daemon import LocalDaemonTest

ALICE, BOB = "spiffe://example.org/alice", "spiffe://example.org/bob"


class TenantCase(LocalDaemonTest):
    """An authority, and certificates of the broker and of two tenants, for each test."""

    def setUp(self):
        super().setUp()
        self._openssl("ca", "/CN=authority")
        for name, alternative in (("broker", "DNS:broker.example.org"), ("alice", f"URI:{ALICE}"), ("bob", f"URI:{BOB}")):
            self._openssl(name, f"/CN={name}", "-CA", self.path("ca.pem"), "-CAkey", self.path("ca.key"), "-addext",
                          f"subjectAltName={alternative}", "-addext", "basicConstraints=critical,CA:FALSE")

    def _openssl(self, name, subject, *flags):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-days", "2", "-subj", subject, "-keyout", self.path(f"{name}.key"), "-out",
                        self.path(f"{name}.pem"), *flags], check=True, capture_output=True)

    def serve(self, *flags):
        self.daemon = self.start(
            "--listen", "127.0.0.1:0", "--grpc-certificate-file", self.path("broker.pem"), "--grpc-private-key-file",
            self.path("broker.key"), "--grpc-client-ca-file", self.path("ca.pem"), *flags)
        places = self.daemon.places["grpc"].split(",")
        self.address = next(place for place in places if not place.startswith("unix:"))

    def tls(self, name):
        files = (self.path("ca.pem"), self.path(f"{name}.pem"), self.path(f"{name}.key"))
        return flowbroker.MutualTls(*files, server_name="broker.example.org")

    def client(self, name):
        """Of "alice" or "bob"."""
        client = flowbroker.Client(self.address, tls=self.tls(name), default_timeout=PATIENCE)
        self.addCleanup(client.close)
        return client

    def operator(self):
        """A client on this host."""
        client = flowbroker.Client(self.daemon.address, default_timeout=PATIENCE)
        self.addCleanup(client.close)
        return client
