"""Errors of calls: what google.rpc.Status in the trailers becomes."""

import asyncio
import datetime
import unittest
from collections.abc import Sequence
from typing import Any

import grpc
from fake_broker import FakeBroker, fail
from google.protobuf.message import Message
from google.rpc import error_details_pb2

import flowbroker
from flowbroker import errors
from flowbroker.v1 import types_pb2


class Errors(unittest.TestCase):
    def setUp(self) -> None:
        self.broker = FakeBroker()
        self.addCleanup(self.broker.stop)

    def acquire(self, address: str, timeout: float | None = None) -> Any:
        with flowbroker.Client(address) as client:
            return client.acquire("sip:a.example", timeout=timeout)

    def error(self, code: grpc.StatusCode, message: str, details: Sequence[Message] = ()) -> flowbroker.BrokerError:
        self.broker.answers["Acquire"] = lambda _, context: fail(context, code, message, details)
        with self.assertRaises(flowbroker.BrokerError) as raised:
            self.acquire(self.broker.address)
        return raised.exception

    def test_the_field_at_fault_is_named(self) -> None:
        bad = error_details_pb2.BadRequest()
        bad.field_violations.add(field="destination.uri", description="no host")
        error = self.error(grpc.StatusCode.INVALID_ARGUMENT, "destination.uri: no host", [bad])
        self.assertIsInstance(error, flowbroker.InvalidArgument)
        self.assertEqual((error.field, error.failure), ("destination.uri", "invalid_argument"))
        self.assertEqual(error.message, "destination.uri: no host")

    def test_a_failed_race_tells_its_name_and_story(self) -> None:
        step = types_pb2.TraceStep(
            what="TRACE_WHAT_ATTEMPT", subject="TLS 192.0.2.1:5061", outcome="TRACE_OUTCOME_FAILED",
            failure="tls_timed_out", end={"seconds": 5}, remote={"address": "192.0.2.1", "port": 5061},
        )  # fmt: skip
        trace = types_pb2.Trace(steps=[step])
        error = self.error(grpc.StatusCode.UNAVAILABLE, "tls_timed_out: the handshake hung", [trace])
        self.assertIsInstance(error, flowbroker.Unavailable)
        self.assertEqual((error.failure, error.message), ("tls_timed_out", "the handshake hung"))
        self.assertEqual(str(error), "UNAVAILABLE: tls_timed_out: the handshake hung")
        assert error.trace is not None
        self.assertIs(error.trace.steps[0].outcome, flowbroker.TraceOutcome.FAILED)
        self.assertEqual(error.trace.steps[0].end, datetime.timedelta(seconds=5))
        self.assertFalse(error.draining)

    def test_a_draining_broker_says_so_and_when_to_come_back(self) -> None:
        retry = error_details_pb2.RetryInfo(retry_delay={"seconds": 2})
        info = error_details_pb2.ErrorInfo(reason="DRAINING", domain="flowbroker")
        error = self.error(grpc.StatusCode.UNAVAILABLE, "shutting_down: the broker is draining", [retry, info])
        self.assertTrue(error.draining)
        self.assertEqual(error.retry_delay, datetime.timedelta(seconds=2))

    def test_common_codes_have_classes(self) -> None:
        for code, kind in {
            grpc.StatusCode.NOT_FOUND: flowbroker.NotFound,
            grpc.StatusCode.RESOURCE_EXHAUSTED: flowbroker.ResourceExhausted,
            grpc.StatusCode.PERMISSION_DENIED: flowbroker.PermissionDenied,
            grpc.StatusCode.UNAUTHENTICATED: flowbroker.Unauthenticated,
            grpc.StatusCode.ABORTED: flowbroker.BrokerError,
        }.items():
            error = self.error(code, "why: because")
            self.assertIs(type(error), kind)
            self.assertIs(error.code, code)

    def test_a_deadline_that_passes_is_an_error_of_its_own(self) -> None:
        self.broker.answers["Acquire"] = lambda _, context: asyncio.run(asyncio.sleep(1))
        with self.assertRaises(flowbroker.DeadlineExceeded):
            self.acquire(self.broker.address, timeout=0.05)

    def test_no_broker_is_told_apart_from_a_failed_race(self) -> None:
        with self.assertRaises(flowbroker.Unavailable) as raised:
            self.acquire(f"{self.broker.address}.absent")
        self.assertEqual(raised.exception.failure, "broker_unreachable")


class AsyncErrors(Errors):
    def acquire(self, address: str, timeout: float | None = None) -> Any:
        async def run() -> Any:
            async with flowbroker.AsyncClient(address) as client:
                return await client.acquire("sip:a.example", timeout=timeout)

        return asyncio.run(run())


class DamagedDetailsTest(unittest.TestCase):
    def test_damaged_details_do_not_hide_the_error(self) -> None:
        for details in (b"\xff\xff\xff", b"", b"\x1a\x02\x0a"):
            error = errors.from_status(
                grpc.StatusCode.UNAVAILABLE, "refused: no", [("grpc-status-details-bin", details), ("a", "b")]
            )
            self.assertEqual((error.failure, error.trace), ("refused", None))

    def test_a_story_that_makes_no_sense_does_not_hide_the_error(self) -> None:
        from google.rpc import status_pb2

        status = status_pb2.Status()
        trace = types_pb2.Trace(steps=[types_pb2.TraceStep(remote={"address": "nonsense", "port": 1})])
        status.details.add().Pack(trace)
        metadata = [("grpc-status-details-bin", status.SerializeToString())]
        self.assertIsNone(errors.from_status(grpc.StatusCode.UNAVAILABLE, "refused: no", metadata).trace)


if __name__ == "__main__":
    unittest.main()
