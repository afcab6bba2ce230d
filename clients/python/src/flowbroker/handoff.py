"""The descriptor of a flow itself, for callers on the broker's host: they then send and receive without the broker."""

import array
import os
import socket
from dataclasses import dataclass

import grpc

from flowbroker.errors import NotFound, Unavailable
from flowbroker.types import AcquiredFlow, HandoffTicket


@dataclass(frozen=True, slots=True)
class HandedOff:
    """A connected TCP socket and what the broker knew of its flow, which is the caller's alone now."""

    flow: AcquiredFlow
    socket: socket.socket


def receive(ticket: HandoffTicket, timeout: float) -> socket.socket:
    """Exchanges a ticket for the connected socket, in blocking mode. NotFound: the ticket is worth nothing, or nothing any
    more. Unavailable: nobody answers at the broker's handoff socket, or we may not use it. `timeout` in seconds."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as exchange:
            exchange.settimeout(timeout)
            exchange.connect(ticket.socket_path)
            exchange.sendall(ticket.ticket.encode() + b"\n")
            descriptor = _receive_descriptor(exchange)
    except OSError as error:
        raise Unavailable(grpc.StatusCode.UNAVAILABLE, f"handoff socket {ticket.socket_path}: {error}") from error
    if descriptor is None:
        raise NotFound(grpc.StatusCode.NOT_FOUND, "the handoff ticket is worth nothing any more", failure="unknown_flow")
    received = socket.socket(fileno=descriptor)
    received.setblocking(True)
    return received


def _receive_descriptor(exchange: socket.socket) -> int | None:
    descriptors = array.array("i")
    answer, ancillary, _, _ = exchange.recvmsg(1, socket.CMSG_SPACE(descriptors.itemsize), socket.MSG_CMSG_CLOEXEC)
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            descriptors.frombytes(data[: len(data) - len(data) % descriptors.itemsize])
    if answer == b"+" and len(descriptors) == 1:
        return descriptors[0]
    for unwanted in descriptors:
        os.close(unwanted)
    return None
