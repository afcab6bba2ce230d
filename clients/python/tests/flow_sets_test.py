"""Flow sets of both clients: what goes to the broker and what comes back."""

import asyncio
import datetime
import unittest
from collections.abc import Iterator
from typing import Any

import grpc
from fake_broker import BrokerCalls, FakeBroker

import flowbroker
from flowbroker.v1 import outbound_service_pb2 as sets

INSTANCE = "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6"
URIS = ["sip:p1.example.org", "sip:p2.example.org"]


def trunk(name: str = "trunk") -> sets.FlowSet:
    up = sets.FlowSetMember(reg_id=1, uri=URIS[0], state="FLOW_SET_MEMBER_STATE_UP", flow_id="f1", host="192.0.2.1")
    down = sets.FlowSetMember(
        reg_id=2, uri=URIS[1], state="FLOW_SET_MEMBER_STATE_WAITING", failures=3, last_failure="refused",
        next_attempt_in={"seconds": 20},
    )  # fmt: skip
    return sets.FlowSet(name=name, instance_id=INSTANCE, client_group="west", members=[up, down])


class FlowSetCalls(BrokerCalls):
    def test_a_set_is_ensured_and_says_how_it_stands(self) -> None:
        self.answer("EnsureFlowSet", sets.EnsureFlowSetResponse(flow_set=trunk()))
        ensured = self.call("ensure_flow_set", "trunk", URIS, instance_id=INSTANCE, client_group="west", replace=True)
        sent = sets.EnsureFlowSetRequest(
            name="trunk", uris=URIS, instance_id=INSTANCE, client_group="west", replace=True
        )
        self.assertEqual(self.broker.requests, [sent])
        self.assertEqual((ensured.name, ensured.instance_id, ensured.client_group), ("trunk", INSTANCE, "west"))
        up, down = ensured.members
        state = flowbroker.FlowSetMemberState
        self.assertEqual((up.state, up.flow_id, up.host, up.next_attempt_in), (state.UP, "f1", "192.0.2.1", None))
        self.assertEqual((down.state, down.failures, down.last_failure), (state.WAITING, 3, "refused"))
        self.assertEqual(down.next_attempt_in, datetime.timedelta(seconds=20))

    def test_sets_are_looked_at_listed_and_deleted(self) -> None:
        self.answer("GetFlowSet", sets.GetFlowSetResponse(flow_set=trunk()))
        self.assertEqual(self.call("get_flow_set", "trunk").members[1].reg_id, 2)
        pages = [sets.ListFlowSetsResponse(flow_sets=[trunk("a")], next_page_token="1")]
        pages += [sets.ListFlowSetsResponse(flow_sets=[trunk("b")])]
        self.broker.answers["ListFlowSets"] = lambda request, context: pages[1 if request.page_token else 0]
        self.assertEqual([one.name for one in self.call("list_flow_sets")], ["a", "b"])
        self.answer("DeleteFlowSet", sets.DeleteFlowSetResponse())
        self.call("delete_flow_set", "trunk")
        self.assertEqual(self.broker.requests[-1], sets.DeleteFlowSetRequest(name="trunk"))

    def test_a_registration_is_reported_with_the_retry_after_of_a_503(self) -> None:
        self.answer("ReportRegistration", sets.ReportRegistrationResponse())
        outcome = flowbroker.RegistrationOutcome
        self.call("report_registration", "trunk", 1, "f1", outcome.ACCEPTED)
        self.call(
            "report_registration", "trunk", 2, "f2", outcome.REFUSED, retry_after=datetime.timedelta(seconds=7)
        )
        accepted, refused = self.broker.requests
        self.assertEqual(accepted.outcome, sets.REGISTRATION_OUTCOME_ACCEPTED)
        self.assertFalse(accepted.HasField("retry_after"))
        self.assertEqual((refused.reg_id, refused.flow_id, refused.retry_after.seconds), (2, "f2", 7))
        self.assertEqual(refused.outcome, sets.REGISTRATION_OUTCOME_REFUSED)


class AsyncFlowSetCalls(FlowSetCalls):
    def call(self, name: str, *arguments: Any, **options: Any) -> Any:
        async def run() -> Any:
            async with flowbroker.AsyncClient(self.broker.address) as client:
                return await getattr(client, name)(*arguments, **options)

        return asyncio.run(run())


def watched(request: sets.WatchFlowSetRequest, _: grpc.ServicerContext) -> Iterator[sets.WatchFlowSetResponse]:
    yield sets.WatchFlowSetResponse(latest_sequence=3)
    snapshot = sets.FlowSetEvent(sequence=3, kind="FLOW_SET_EVENT_KIND_SNAPSHOT", flow_set=trunk())
    due = sets.FlowSetEvent(
        sequence=5, kind="FLOW_SET_EVENT_KIND_NEEDS_REGISTER", reg_id=2, flow_id="f2", reason="new_flow",
        due={"seconds": 1_000_000_000},
    )  # fmt: skip
    yield sets.WatchFlowSetResponse(events=[due] if request.after_sequence else [snapshot, due], latest_sequence=5)


class FlowSetWatchTest(unittest.IsolatedAsyncioTestCase):
    def setUp(self) -> None:
        self.broker = FakeBroker()
        self.addCleanup(self.broker.stop)
        self.broker.answers["WatchFlowSet"] = watched

    def test_a_watch_begins_with_how_the_set_stands(self) -> None:
        with flowbroker.Client(self.broker.address) as client, client.watch_flow_set("trunk") as watch:
            snapshot, due = watch
            self.assertEqual(watch.last_sequence, 5)
        kind = flowbroker.FlowSetEventKind
        self.assertEqual((snapshot.kind, due.kind), (kind.SNAPSHOT, kind.NEEDS_REGISTER))
        assert snapshot.flow_set is not None
        self.assertEqual(snapshot.flow_set.members[0].flow_id, "f1")
        self.assertEqual((snapshot.reg_id, snapshot.due), (None, None))
        self.assertEqual((due.reg_id, due.flow_id, due.reason, due.flow_set), (2, "f2", "new_flow", None))
        self.assertEqual(due.due, datetime.datetime(2001, 9, 9, 1, 46, 40, tzinfo=datetime.UTC))

    async def test_a_watch_resumes_with_asyncio(self) -> None:
        async with flowbroker.AsyncClient(self.broker.address) as client:
            async with client.watch_flow_set("trunk", after_sequence=4) as watch:
                self.assertEqual([event.sequence async for event in watch], [5])
        self.assertEqual(self.broker.requests, [sets.WatchFlowSetRequest(name="trunk", after_sequence=4)])


if __name__ == "__main__":
    unittest.main()
