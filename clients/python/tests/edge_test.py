"""Keep-alives, tokens and bindings of both clients: what goes to the broker and what comes back."""

import asyncio
import datetime
import ipaddress
import unittest
from collections.abc import Iterator
from typing import Any

import grpc
from fake_broker import BrokerCalls, FakeBroker

import flowbroker
from flowbroker.v1 import edge_service_pb2 as edge
from flowbroker.v1 import flow_service_pb2 as flows
from flowbroker.v1 import types_pb2

PATIENCE = 10.0
AOR = "sip:alice@example.org"
INSTANCE = "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6"
REMOTE = types_pb2.Endpoint(address="2001:db8::2", port=40000)


def binding(flow_id: str, reg_id: int = 0) -> edge.Binding:
    return edge.Binding(
        aor=AOR, contact="<sip:alice@192.0.2.1>;reg-id=1", contact_uri="sip:alice@192.0.2.1", instance_id=INSTANCE,
        reg_id=reg_id, path=["sip:t@192.0.2.9;lr"], flow_id=flow_id, q=0.5, expires_in={"seconds": 60}, age={"seconds": 2},
    )  # fmt: skip


class EdgeCalls(BrokerCalls):
    def test_a_keep_alive_has_a_method_and_perhaps_the_time_the_server_gave(self) -> None:
        self.answer("SetKeepAlive", flows.SetKeepAliveResponse())
        self.call("set_keep_alive", "f", flowbroker.KeepAliveMethod.STUN, flow_timer=datetime.timedelta(seconds=120))
        self.call("set_keep_alive", "f", flowbroker.KeepAliveMethod.NONE)
        timed, untimed = self.broker.requests
        self.assertEqual(timed.method, flows.KEEP_ALIVE_METHOD_STUN)
        self.assertEqual(timed.flow_timer.seconds, 120)
        self.assertEqual(untimed.method, flows.KEEP_ALIVE_METHOD_NONE)
        self.assertFalse(untimed.HasField("flow_timer"))

    def test_a_token_is_minted_for_a_flow_and_names_it_again(self) -> None:
        self.answer("MintToken", edge.MintTokenResponse(token="T"))
        self.assertEqual(self.call("mint_token", "f"), "T")
        self.assertEqual(self.broker.requests[0].flow_id, "f")
        live = edge.VerifyTokenResponse(
            state="TOKEN_STATE_LIVE", flow_id="f", transport="TRANSPORT_TCP", local=REMOTE, remote=REMOTE
        )
        self.answer("VerifyToken", live)
        verified = self.call("verify_token", "T")
        self.assertEqual(self.broker.requests[1].token, "T")
        self.assertIs(verified.state, flowbroker.TokenState.LIVE)
        self.assertEqual((verified.flow_id, verified.sip_status), ("f", None))
        self.assertIs(verified.transport, flowbroker.Transport.TCP)
        self.assertEqual(verified.remote, flowbroker.Endpoint(ipaddress.ip_address("2001:db8::2"), 40000))

    def test_a_forged_token_says_nothing_of_a_flow(self) -> None:
        self.answer("VerifyToken", edge.VerifyTokenResponse(state="TOKEN_STATE_FORGED", sip_status=403))
        forged = flowbroker.VerifiedToken(flowbroker.TokenState.FORGED, 403, "", None, None, None)
        self.assertEqual(self.call("verify_token", "x"), forged)

    def test_a_register_is_stored_contact_by_contact(self) -> None:
        bound = edge.BoundContact(contact_uri="sip:a@b", change="BINDING_CHANGE_REPLACED", expires_in={"seconds": 600})
        gone = edge.BoundContact(contact_uri="sip:c@d", change="BINDING_CHANGE_UNBOUND")
        self.answer("Bind", edge.BindResponse(contacts=[bound, gone]))
        contact = "<sip:a@b>, <sip:c@d>;expires=0"
        done = self.call("bind", AOR, contact, "f", path="<sip:t@p;lr>", expires=datetime.timedelta(hours=2))
        change = flowbroker.BindingChange
        self.assertEqual(
            done,
            [
                flowbroker.BoundContact("sip:a@b", change.REPLACED, datetime.timedelta(minutes=10)),
                flowbroker.BoundContact("sip:c@d", change.UNBOUND, datetime.timedelta()),
            ],
        )
        sent = edge.BindRequest(
            aor=AOR, contact=contact, flow_id="f", path="<sip:t@p;lr>", expires={"seconds": 7200}
        )
        self.assertEqual(self.broker.requests, [sent])

    def test_an_expires_of_zero_is_said_and_none_is_not(self) -> None:
        self.answer("Bind", edge.BindResponse())
        self.call("bind", AOR, "*", expires=datetime.timedelta())
        self.call("bind", AOR, "<sip:a@b>", "f")
        self.assertEqual([one.HasField("expires") for one in self.broker.requests], [True, False])

    def test_bindings_are_taken_out_one_or_all(self) -> None:
        self.answer("Unbind", edge.UnbindResponse(removed=2))
        self.assertEqual(self.call("unbind", AOR), 2)
        self.call("unbind", AOR, instance_id=INSTANCE, reg_id=7)
        self.call("unbind", AOR, contact_uri="sip:a@b")
        self.assertEqual(
            self.broker.requests,
            [
                edge.UnbindRequest(aor=AOR),
                edge.UnbindRequest(aor=AOR, instance_id=INSTANCE, reg_id=7),
                edge.UnbindRequest(aor=AOR, contact_uri="sip:a@b"),
            ],
        )

    def test_targets_come_in_order_with_the_other_flows_of_their_instance(self) -> None:
        targets = [edge.BindingTarget(binding=binding("f1", 1), next=[binding("f2", 2)])]
        targets += [edge.BindingTarget(binding=binding("f3"))]
        self.answer("LookupBindings", edge.LookupBindingsResponse(targets=targets))
        first, second = self.call("lookup_bindings", AOR)
        self.assertEqual(self.broker.requests[0].aor, AOR)
        self.assertEqual([one.flow_id for one in (first.binding, *first.next, second.binding)], ["f1", "f2", "f3"])
        self.assertEqual((first.binding.reg_id, second.binding.reg_id, second.next), (1, None, ()))
        self.assertEqual(
            first.binding,
            flowbroker.Binding(
                aor=AOR, contact="<sip:alice@192.0.2.1>;reg-id=1", contact_uri="sip:alice@192.0.2.1",
                instance_id=INSTANCE, reg_id=1, path=("sip:t@192.0.2.9;lr",), flow_id="f1", q=0.5,
                expires_in=datetime.timedelta(minutes=1), age=datetime.timedelta(seconds=2),
            ),
        )  # fmt: skip

    def test_a_flow_says_which_listener_it_came_in_on(self) -> None:
        flow = flows.Flow(flow_id="f", local=REMOTE, remote=REMOTE, listener="tcp:192.0.2.1:5060")
        self.answer("GetFlow", flows.GetFlowResponse(flow=flow))
        self.assertEqual(self.call("get_flow", "f").listener, "tcp:192.0.2.1:5060")


class AsyncEdgeCalls(EdgeCalls):
    def call(self, name: str, *arguments: Any, **options: Any) -> Any:
        async def run() -> Any:
            async with flowbroker.AsyncClient(self.broker.address) as client:
                return await getattr(client, name)(*arguments, **options)

        return asyncio.run(run())


def two_changes(_: edge.WatchBindingsRequest, __: grpc.ServicerContext) -> Iterator[edge.WatchBindingsResponse]:
    yield edge.WatchBindingsResponse(latest_sequence=3)
    yield edge.WatchBindingsResponse(
        events=[
            edge.BindingEvent(sequence=4, change="BINDING_CHANGE_BOUND", binding=binding("f1", 1)),
            edge.BindingEvent(sequence=6, change="BINDING_CHANGE_FLOW_ENDED", binding=binding("f1", 1)),
        ],
        latest_sequence=6,
    )


def one_of_each(frames: Iterator[flows.RelayRequest], _: grpc.ServicerContext) -> Iterator[flows.RelayResponse]:
    next(frames)
    origin = flows.EdgeOrigin(
        listener="tcp:192.0.2.1:5060", token="T", transport="TRANSPORT_TCP", remote=REMOTE, states_other_address=True
    )
    yield flows.RelayResponse(messages=[flows.IncomingMessage(flow_id="f", message=b"edge", origin=origin)])
    yield flows.RelayResponse(messages=[flows.IncomingMessage(flow_id="g", message=b"ours")])


class EdgeStreamTest(unittest.IsolatedAsyncioTestCase):
    def setUp(self) -> None:
        self.broker = FakeBroker()
        self.addCleanup(self.broker.stop)
        self.broker.answers["WatchBindings"] = two_changes
        self.broker.answers["Relay"] = one_of_each

    def test_bindings_are_watched_from_now_on(self) -> None:
        with flowbroker.Client(self.broker.address) as client, client.watch_bindings(aor=AOR) as watch:
            self.assertEqual(watch.last_sequence, 3)
            bound, ended = watch
            self.assertEqual(watch.last_sequence, 6)
        change = flowbroker.BindingChange
        self.assertEqual((bound.change, ended.change), (change.BOUND, change.FLOW_ENDED))
        self.assertEqual(bound.binding.flow_id, "f1")
        self.assertEqual(self.broker.requests, [edge.WatchBindingsRequest(aor=AOR)])

    async def test_bindings_are_watched_after_an_event_with_asyncio(self) -> None:
        async with flowbroker.AsyncClient(self.broker.address) as client:
            async with client.watch_bindings(after_sequence=2) as watch:
                self.assertEqual(watch.last_sequence, 2)
                self.assertEqual([event.sequence async for event in watch], [4, 6])
        self.assertEqual(self.broker.requests, [edge.WatchBindingsRequest(after_sequence=2)])

    def test_a_message_of_a_user_agent_says_where_it_came_in(self) -> None:
        with flowbroker.Client(self.broker.address) as client, client.relay() as relay:
            edge_message, other = relay.receive(PATIENCE), relay.receive(PATIENCE)
        assert isinstance(edge_message, flowbroker.IncomingMessage)
        self.assertEqual(
            edge_message.origin,
            flowbroker.EdgeOrigin(
                listener="tcp:192.0.2.1:5060",
                token="T",
                transport=flowbroker.Transport.TCP,
                remote=flowbroker.Endpoint(ipaddress.ip_address("2001:db8::2"), 40000),
                states_other_address=True,
            ),
        )
        self.assertEqual(other, flowbroker.IncomingMessage("g", b"ours"))


if __name__ == "__main__":
    unittest.main()
