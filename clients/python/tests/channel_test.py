"""Where the broker is looked for, and mTLS."""

import asyncio
import os
import pathlib
import subprocess
import tempfile
import unittest
import unittest.mock
from typing import Any

import grpc
from fake_broker import FLOW, FakeBroker

import flowbroker


class AddressTest(unittest.TestCase):
    def setUp(self) -> None:
        self.broker = FakeBroker()
        self.addCleanup(self.broker.stop)

    def address(self, given: str = "", **environment: str) -> str:
        with unittest.mock.patch.dict(os.environ, environment, clear=True):
            return flowbroker.broker_address(given)

    def test_what_is_given_comes_before_the_environment(self) -> None:
        self.assertEqual(self.address("host:1", FLOWBROKER_ADDRESS="host:2"), "host:1")
        self.assertEqual(self.address(FLOWBROKER_ADDRESS="host:2"), "host:2")

    def test_a_socket_of_this_user_is_found(self) -> None:
        if os.path.exists("/run/flowbroker/flowbroker.sock"):
            self.skipTest("this host has a flowbrokerd")
        with tempfile.TemporaryDirectory() as runtime:
            os.mkdir(f"{runtime}/flowbroker")
            path = pathlib.Path(f"{runtime}/flowbroker/flowbroker.sock")
            path.touch()
            self.assertNotIn(runtime, self.address(XDG_RUNTIME_DIR=runtime))  # a plain file is none
            path.unlink()
            os.link(self.broker.socket, path)
            self.assertEqual(self.address(XDG_RUNTIME_DIR=runtime), f"unix:{path}")


class MutualTlsTest(unittest.TestCase):
    home: pathlib.Path

    @classmethod
    def setUpClass(cls) -> None:
        home = tempfile.TemporaryDirectory()
        cls.addClassCleanup(home.cleanup)
        cls.home = pathlib.Path(home.name)
        for name in ("ca", "other_ca"):
            cls.openssl("req", "-x509", "-keyout", f"{name}.key", "-out", f"{name}.pem", "-subj", f"/CN={name}")
        cls.issue("broker", "ca", "DNS:broker.example.test")
        cls.issue("caller", "ca", "URI:spiffe://example.test/edge")
        cls.issue("stranger", "other_ca", "DNS:stranger.example.test")

    @classmethod
    def openssl(cls, *arguments: str) -> None:
        key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1")
        subprocess.run(["openssl", *arguments, *key], cwd=cls.home, check=True, capture_output=True)

    @classmethod
    def issue(cls, name: str, ca: str, san: str) -> None:
        cls.openssl(
            "req", "-x509", "-keyout", f"{name}.key", "-out", f"{name}.pem", "-subj", f"/CN={name}",
            "-CA", f"{ca}.pem", "-CAkey", f"{ca}.key", "-addext", f"subjectAltName={san}",
            "-addext", "basicConstraints=critical,CA:FALSE",
        )  # fmt: skip

    def setUp(self) -> None:
        pair = ((self.home / "broker.key").read_bytes(), (self.home / "broker.pem").read_bytes())
        ca = (self.home / "ca.pem").read_bytes()
        self.broker = FakeBroker(grpc.ssl_server_credentials([pair], ca, require_client_auth=True))
        self.addCleanup(self.broker.stop)
        self.identities: list[bytes] = []

        def answer(_: object, context: grpc.ServicerContext) -> object:
            names: Any = context.auth_context()["x509_subject_alternative_name"]  # A list, whatever the stubs say.
            self.identities += names
            return FLOW

        self.broker.answers["Acquire"] = answer

    def client(self, name: str, server_name: str = "broker.example.test", ca: str = "ca") -> flowbroker.Client:
        files = (self.home / f"{ca}.pem", self.home / f"{name}.pem", self.home / f"{name}.key")
        client = flowbroker.Client(self.broker.address, tls=flowbroker.MutualTls(*files, server_name))
        self.addCleanup(client.close)
        return client

    def test_the_broker_learns_who_calls(self) -> None:
        self.client("caller").acquire("sip:a.example")
        self.assertEqual(self.identities, [b"spiffe://example.test/edge"])

    def test_the_asynchronous_client_does_it_too(self) -> None:
        async def run() -> None:
            tls = flowbroker.MutualTls(
                self.home / "ca.pem", self.home / "caller.pem", self.home / "caller.key", "broker.example.test"
            )
            async with flowbroker.AsyncClient(self.broker.address, tls=tls) as client:
                await client.acquire("sip:a.example")

        asyncio.run(run())
        self.assertEqual(self.identities, [b"spiffe://example.test/edge"])

    def test_strangers_impostors_and_plaintext_get_nowhere(self) -> None:
        for what, client in {
            "a caller of another authority": self.client("stranger"),
            "a broker of another name": self.client("caller", "other.example.test"),
            "a broker of another authority": self.client("caller", ca="other_ca"),
            "plaintext": flowbroker.Client(self.broker.address),
        }.items():
            with self.subTest(what), self.assertRaises(flowbroker.Unavailable):
                client.acquire("sip:a.example", timeout=5)
        self.assertEqual(self.identities, [])

    def test_a_unix_socket_with_tls_is_a_mistake(self) -> None:
        tls = flowbroker.MutualTls("a", "b", "c")
        with self.assertRaises(ValueError):
            flowbroker.Client("unix:/x", tls=tls)


if __name__ == "__main__":
    unittest.main()
