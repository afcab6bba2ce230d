#!/usr/bin/env python3
"""Certificates of both sides are read again when their files change, and only used when they can be."""

import os
import signal
import socket
import ssl

from harness import eventually
from local_daemon import LocalDaemonTest, main


class CertificateTest(LocalDaemonTest):
    """As Kubernetes mounts a secret: links to ..data/<name>, and ..data is a link that is swapped."""

    def setUp(self):
        super().setUp()
        for name in ("tls.crt", "tls.key"):
            os.symlink(f"..data/{name}", self.path(name))

    def mount(self, version, certificate, key):
        os.mkdir(self.path(version))
        os.rename(certificate, os.path.join(self.path(version), "tls.crt"))
        os.rename(key, os.path.join(self.path(version), "tls.key"))
        os.symlink(version, self.path("..data_tmp"))
        os.rename(self.path("..data_tmp"), self.path("..data"))

    def mount_new(self, version):
        self.mount(version, *self.certificate(version))

    def mount_mismatch(self, version):
        self.mount(version, self.certificate("one")[0], self.certificate("two")[1])

    def start_with_sip_certificate(self, interval):
        return self.start("--tls-certificate-file", self.path("tls.crt"), "--tls-private-key-file", self.path("tls.key"),
                          "--certificate-check-interval", interval)

    def test_a_swapped_certificate_is_noticed(self):
        self.mount_new("v1")
        daemon = self.start_with_sip_certificate("50ms")
        self.mount_new("v2")
        self.assertEqual(daemon.event("certificates_reloaded")["side"], "sip")
        self.assertEqual(daemon.metric('flowbroker_certificate_reloads_total{outcome="ok",side="sip"}'), 1)
        self.stop(daemon)

    def test_one_that_cannot_be_used_is_refused_once_and_the_next_one_taken(self):
        self.mount_new("v1")
        daemon = self.start_with_sip_certificate("50ms")
        self.mount_mismatch("v2")
        self.assertIn("tls.key", daemon.event("certificates_refused")["reason"])
        in_use = 'flowbroker_certificate_last_reload_successful{side="sip"}'
        self.assertEqual(daemon.metric(in_use), 0)
        self.mount_new("v3")
        daemon.event("certificates_reloaded")
        self.assertEqual(daemon.metric(in_use), 1)
        self.assertEqual(len(daemon.events("certificates_refused")), 1, daemon.said())
        self.stop(daemon)

    def test_sighup_reads_them_whatever_the_interval(self):
        self.mount_new("v1")
        daemon = self.start_with_sip_certificate("0")
        self.mount_mismatch("v2")
        daemon.signal(signal.SIGHUP)
        daemon.event("certificates_refused")
        self.stop(daemon)

    def test_callers_see_the_new_certificate_on_their_next_connection(self):
        self.mount_new("v1")
        daemon = self.start("--listen", "127.0.0.1:0", "--grpc-certificate-file", self.path("tls.crt"),
                            "--grpc-private-key-file", self.path("tls.key"), "--grpc-client-ca-file",
                            self.path("tls.crt"), "--certificate-check-interval", "50ms")
        before = self.served(daemon)
        self.mount_mismatch("v2")
        self.assertEqual(daemon.event("certificates_refused")["side"], "grpc")
        self.assertEqual(self.served(daemon), before)
        self.mount_new("v3")
        self.assertEqual(daemon.event("certificates_reloaded")["side"], "grpc")
        with open(self.path("tls.crt")) as file:
            renewed = ssl.PEM_cert_to_DER_cert(file.read())
        # gRPC takes new files between two connections.
        self.assertTrue(eventually(lambda: self.served(daemon) == renewed))
        self.stop(daemon)

    def served(self, daemon):
        """The certificate that a caller is shown; without one of his own he gets no further."""
        port = int(daemon.places["grpc"].rsplit(":", 1)[1])
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.set_alpn_protocols(["h2"])
        with socket.create_connection(("127.0.0.1", port)) as plain, context.wrap_socket(plain) as connection:
            return connection.getpeercert(binary_form=True)


if __name__ == "__main__":
    main()
