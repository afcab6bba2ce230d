#!/usr/bin/env python3
"""Asks the broker for a flow to a SIP URI, sends an OPTIONS over it and prints the answer.

python options.py sip:example.org [--broker ADDRESS] [--asyncio]
"""

import argparse
import asyncio
import secrets
import sys

import flowbroker


def options_request(uri: str, flow: flowbroker.AcquiredFlow, token: str) -> str:
    """The local address of the flow goes into the Via: there the answer comes back."""
    target = uri.partition("?")[0]  # a Request-URI carries no headers
    return (
        f"OPTIONS {target} SIP/2.0\r\n"
        f"Via: SIP/2.0/{flow.transport.name} {flow.local};branch=z9hG4bK{token};rport\r\n"
        "Max-Forwards: 70\r\n"
        f"From: <sip:example@{flow.local}>;tag={token}\r\n"
        f"To: <{target}>\r\n"
        f"Call-ID: {token}\r\n"
        "CSeq: 1 OPTIONS\r\n"
        "Content-Length: 0\r\n\r\n"
    )


def is_answer(event: flowbroker.RelayEvent, token: str) -> bool:
    """Whether it is the final answer to our request. Other messages of the group's flows may come on the stream, too."""
    if isinstance(event, flowbroker.SendFailure):
        raise SystemExit(f"not sent: {event.failure}: {event.detail}")
    if not isinstance(event, flowbroker.IncomingMessage):
        return False
    return event.message.startswith(b"SIP/2.0 ") and event.message[8:9] != b"1" and token.encode() in event.message


def show(flow: flowbroker.AcquiredFlow, event: flowbroker.RelayEvent) -> None:
    assert isinstance(event, flowbroker.IncomingMessage)
    print(f"{flow.source.name.lower()} {flow.transport.name} flow {flow.local} -> {flow.remote}")
    print(event.message.decode(errors="replace"))


def ask(address: str, uri: str) -> None:
    token = secrets.token_hex(16)
    with flowbroker.Client(address) as broker, broker.relay(client_group="example") as relay:
        flow = broker.acquire(uri, client_group="example", timeout=10)
        relay.send(flow.flow_id, options_request(uri, flow, token))
        while not is_answer(event := relay.receive(timeout=flow.timers.timer_f), token):
            pass
        show(flow, event)


async def ask_async(address: str, uri: str) -> None:
    token = secrets.token_hex(16)
    async with flowbroker.AsyncClient(address) as broker, broker.relay(client_group="example") as relay:
        flow = await broker.acquire(uri, client_group="example", timeout=10)
        await relay.send(flow.flow_id, options_request(uri, flow, token))
        while not is_answer(event := await relay.receive(timeout=flow.timers.timer_f), token):
            pass
        show(flow, event)


def main() -> None:
    parser = argparse.ArgumentParser(description="Sends an OPTIONS over a flow of flowbroker's.")
    parser.add_argument("uri", help="such as sip:example.org")
    parser.add_argument("--broker", default="", help="unix:/path or host:port; default: where the daemon is by default")
    parser.add_argument("--asyncio", action="store_true", help="by the asynchronous client")
    arguments = parser.parse_args()
    try:
        if arguments.asyncio:
            asyncio.run(ask_async(arguments.broker, arguments.uri))
        else:
            ask(arguments.broker, arguments.uri)
    except flowbroker.BrokerError as error:
        for step in error.trace.steps if error.trace else ():
            print(f"{step.start.total_seconds():8.3f} s  {step.subject}: {step.outcome.name} {step.reason}", file=sys.stderr)
        raise SystemExit(str(error)) from None
    except TimeoutError:
        raise SystemExit("no answer in time") from None


if __name__ == "__main__":
    main()
