"""Where the broker is, and how it is talked to."""

import datetime
import os
import pathlib
import stat
from dataclasses import dataclass
from typing import Any

import grpc
import grpc.aio

Timeout = float | datetime.timedelta  # a number is in seconds

DEFAULT_TIMEOUT = datetime.timedelta(seconds=10)

_OPTIONS: list[tuple[str, Any]] = [
    ("grpc.enable_http_proxy", 0),  # The broker is near: a proxy of the environment is not meant for it.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 5000),  # Also the least time a connection attempt is given.
    ("grpc.max_reconnect_backoff_ms", 1000),
    ("grpc.use_local_subchannel_pool", 1),  # No sharing of connections between clients.
]


@dataclass(frozen=True, slots=True)
class MutualTls:
    """Files in PEM form, read when a client is made: after a rotation make another client, before the old certificate
    ends. The certificate says who the caller is (its SPIFFE id, or else its DNS name)."""

    ca_file: str | os.PathLike[str]
    certificate_file: str | os.PathLike[str]
    private_key_file: str | os.PathLike[str]
    server_name: str = ""  # expected in the broker's certificate; empty: the host of the address


def broker_address(given: str = "") -> str:
    """`given` where it is not empty; otherwise $FLOWBROKER_ADDRESS, the daemon's default socket where there is one
    (/run/flowbroker/flowbroker.sock, or in $XDG_RUNTIME_DIR/flowbroker or /tmp/flowbroker-<uid>), and 127.0.0.1:7460,
    in this order. "unix:/path" or "host:port"."""
    if address := given or os.environ.get("FLOWBROKER_ADDRESS", ""):
        return address
    for directory in _socket_directories():
        path = os.path.join(directory, "flowbroker.sock")
        if _is_our_socket(path):
            return f"unix:{path}"
    return "127.0.0.1:7460"


def _socket_directories() -> list[str]:
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    return ["/run/flowbroker", *([f"{runtime}/flowbroker"] if runtime else []), f"/tmp/flowbroker-{os.getuid()}"]


def _is_our_socket(path: str) -> bool:
    """Anybody may make a socket in /tmp: only one of this user's or of root's is believed."""
    try:
        status = os.stat(path)
    except OSError:
        return False
    return stat.S_ISSOCK(status.st_mode) and status.st_uid in (os.getuid(), 0)


def seconds(timeout: Timeout) -> float:
    return timeout.total_seconds() if isinstance(timeout, datetime.timedelta) else timeout


def open_channel(address: str, tls: MutualTls | None) -> grpc.Channel:
    options = _options(tls)
    if tls is None:
        return grpc.insecure_channel(address, options)
    return grpc.secure_channel(address, _credentials(tls, address), options)


def open_aio_channel(address: str, tls: MutualTls | None) -> grpc.aio.Channel:
    options = _options(tls)
    if tls is None:
        return grpc.aio.insecure_channel(address, options)
    return grpc.aio.secure_channel(address, _credentials(tls, address), options)


def _options(tls: MutualTls | None) -> list[tuple[str, Any]]:
    return _OPTIONS + ([("grpc.ssl_target_name_override", tls.server_name)] if tls and tls.server_name else [])


def _credentials(tls: MutualTls, address: str) -> grpc.ChannelCredentials:
    if address.startswith("unix:"):
        raise ValueError("a Unix socket needs no TLS: its permissions say who may connect")
    ca, key, certificate = (
        pathlib.Path(name).read_bytes() for name in (tls.ca_file, tls.private_key_file, tls.certificate_file)
    )
    return grpc.ssl_channel_credentials(root_certificates=ca, private_key=key, certificate_chain=certificate)
