"""Every call of both clients: what goes to the broker and what comes back. Each test runs with Client and AsyncClient."""

import asyncio
import datetime
import ipaddress
import unittest
from typing import Any

from fake_broker import FLOW, METHODS, BrokerCalls

import flowbroker
from flowbroker.v1 import broker_service_pb2 as broker
from flowbroker.v1 import edge_service_pb2 as edge
from flowbroker.v1 import flow_service_pb2 as flows
from flowbroker.v1 import history_service_pb2 as memory
from flowbroker.v1 import outbound_service_pb2 as sets
from flowbroker.v1 import types_pb2


class Calls(BrokerCalls):
    def test_an_acquired_flow_has_real_types(self) -> None:
        self.answer("Acquire", FLOW)
        flow = self.call("acquire", "sip:bob@example.org")
        self.assertEqual(flow.flow_id, "flow-1")
        self.assertIs(flow.transport, flowbroker.Transport.TCP)
        self.assertIs(flow.family, flowbroker.AddressFamily.IPV6)
        self.assertIs(flow.source, flowbroker.FlowSource.RACED)
        self.assertEqual(flow.remote, flowbroker.Endpoint(ipaddress.ip_address("2001:db8::2"), 5060))
        self.assertEqual(str(flow.remote), "[2001:db8::2]:5060")
        self.assertEqual(flow.timers.t1, datetime.timedelta(milliseconds=500))
        self.assertIsNone(flow.trace)

    def test_acquire_says_all_that_was_asked_for(self) -> None:
        self.answer("Acquire", FLOW)
        destination = flowbroker.Destination(
            "sips:example.org",
            allowed_transports=(flowbroker.Transport.TLS,),
            local_address=ipaddress.ip_address("2001:db8::7"),
            local_interface="eth1",
            tls_identity="proxy.example.org",
        )
        self.call(
            "acquire", destination, client_group="edge", time_sensitive=False, exclusive=True, request_id="r1",
            want_trace=True, traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        )  # fmt: skip
        self.assertEqual(
            self.broker.requests,
            [
                broker.AcquireRequest(
                    destination=types_pb2.Destination(
                        uri="sips:example.org",
                        allowed_transports=["TRANSPORT_TLS"],
                        local_address="2001:db8::7",
                        local_interface="eth1",
                        tls_identity="proxy.example.org",
                    ),
                    client_group="edge",
                    time_sensitive=False,
                    exclusive=True,
                    request_id="r1",
                    want_trace=True,
                )
            ],
        )
        self.assertIn("0af7651916cd43dd8448eb211c80319c", str(self.broker.metadata[0]["traceparent"]))

    def test_a_response_goes_by_the_fields_of_its_via(self) -> None:
        self.answer("Acquire", FLOW)
        via = flowbroker.ResponseDestination(
            flowbroker.Transport.UDP, "192.0.2.9", received=ipaddress.ip_address("192.0.2.8"), rport=5070
        )
        self.call("acquire", via)
        response = self.broker.requests[0].destination.response
        self.assertEqual((response.sent_by_host, response.received, response.rport), ("192.0.2.9", "192.0.2.8", 5070))

    def test_the_deadline_is_the_default_or_the_one_given(self) -> None:
        self.answer("Acquire", FLOW)
        self.call("acquire", "sip:a.example")
        self.call("acquire", "sip:a.example", timeout=3)
        self.call("acquire", "sip:a.example", timeout=datetime.timedelta(minutes=1))
        for left, given in zip(self.broker.deadlines, (10, 3, 60), strict=True):
            assert left is not None
            self.assertTrue(given / 2 < left < given * 1.5, (left, given))  # gRPC rounds

    def test_a_value_newer_than_this_package_is_unknown(self) -> None:
        newer = broker.AcquireResponse()
        newer.CopyFrom(FLOW)
        newer.MergeFromString(broker.AcquireResponse(source=17, transport=99).SerializeToString())  # type: ignore[arg-type]
        self.answer("Acquire", newer)
        flow = self.call("acquire", "sip:a.example")
        self.assertIs(flow.source, flowbroker.FlowSource.UNKNOWN)
        self.assertIs(flow.transport, flowbroker.Transport.UNKNOWN)

    def test_release_close_warm_and_report_say_what_they_are_about(self) -> None:
        self.answer("Release", broker.ReleaseResponse())
        self.answer("CloseFlow", flows.CloseFlowResponse())
        self.answer("Warm", broker.WarmResponse(already_warm=True))
        self.answer("ReportOutcome", broker.ReportOutcomeResponse(known_flow=True))
        self.call("release", "f1")
        self.call("close_flow", "f2")
        self.assertIs(self.call("warm", "sip:a.example", client_group="edge"), True)
        outcome = flowbroker.TransactionOutcome.SERVICE_UNAVAILABLE
        self.assertIs(self.call("report_outcome", "f3", outcome, retry_after=datetime.timedelta(seconds=90)), True)
        release, close, warm, report = self.broker.requests
        self.assertEqual((release.flow_id, close.flow_id, warm.client_group), ("f1", "f2", "edge"))
        self.assertEqual(report.retry_after.seconds, 90)
        self.assertFalse(report.HasField("rtt"))

    def test_resolve_gives_targets_in_order(self) -> None:
        target = broker.ResolvedTarget(
            transport="TRANSPORT_UDP", endpoint={"address": "192.0.2.1", "port": 5060}, srv_owner="_sip._udp.a.example"
        )
        self.answer("Resolve", broker.ResolveResponse(targets=[target], valid_for={"seconds": 60}))
        resolution = self.call("resolve", "sip:a.example")
        self.assertEqual([str(one.endpoint) for one in resolution.targets], ["192.0.2.1:5060"])
        self.assertIsNone(resolution.targets[0].expected_time)
        self.assertEqual(resolution.valid_for, datetime.timedelta(minutes=1))

    def test_lists_go_over_as_many_pages_as_it_takes(self) -> None:
        endpoint = types_pb2.Endpoint(address="192.0.2.1", port=5060)

        def page(request: flows.ListFlowsRequest, _: Any) -> flows.ListFlowsResponse:
            number = int(request.page_token or 1)
            flow = flows.Flow(flow_id=f"f{number}", local=endpoint, remote=endpoint, tenant="t")
            return flows.ListFlowsResponse(flows=[flow], next_page_token=str(number + 1) if number < 3 else "")

        self.broker.answers["ListFlows"] = page
        self.assertEqual([flow.flow_id for flow in self.call("list_flows", client_group="")], ["f1", "f2", "f3"])
        self.assertTrue(self.broker.requests[0].HasField("client_group"))
        self.call("list_flows")
        self.assertFalse(self.broker.requests[-1].HasField("client_group"))

    def test_races_stop_at_the_number_asked_for(self) -> None:
        def page(request: memory.ListRacesRequest, _: Any) -> memory.ListRacesResponse:
            races = [memory.Race(number=1, failure="refused")] * min(request.page_size, 100)
            return memory.ListRacesResponse(races=races, next_page_token="more")

        self.broker.answers["ListRaces"] = page
        races = self.call("list_races", 150, succeeded=False)
        self.assertEqual(len(races), 150)
        self.assertFalse(races[0].succeeded)
        self.assertEqual([request.page_size for request in self.broker.requests], [100, 50])
        self.assertEqual(self.broker.requests[0].outcome, memory.RACE_OUTCOME_FAILED)

    def test_flows_and_probes_are_described(self) -> None:
        endpoint = types_pb2.Endpoint(address="192.0.2.1", port=5060)
        flow = flows.Flow(flow_id="f", local=endpoint, remote=endpoint, state="FLOW_STATE_OPEN", age={"seconds": 2})
        self.answer("GetFlow", flows.GetFlowResponse(flow=flow))
        self.answer("ProbeFlow", flows.ProbeFlowResponse(alive=True, rtt={"nanos": 20_000_000}, answer="CRLF"))
        described = self.call("get_flow", "f")
        self.assertIs(described.state, flowbroker.FlowState.OPEN)
        self.assertEqual(described.age, datetime.timedelta(seconds=2))
        probe = self.call("probe_flow", "f")
        self.assertEqual((probe.alive, probe.rtt), (True, datetime.timedelta(milliseconds=20)))

    def test_memory_is_described(self) -> None:
        preference = memory.FamilyPreference(
            prefix="2001:db8::/48", preferred_family="ADDRESS_FAMILY_IPV4", reachability="REACHABILITY_UNREACHABLE",
            since={"seconds": 1_000_000_000},
        )  # fmt: skip
        self.answer("ListFamilyPreferences", memory.ListFamilyPreferencesResponse(preferences=[preference]))
        (known,) = self.call("list_family_preferences", family=flowbroker.AddressFamily.IPV6, only_impaired=True)
        self.assertEqual(known.prefix, ipaddress.ip_network("2001:db8::/48"))
        self.assertIs(known.reachability, flowbroker.Reachability.UNREACHABLE)
        self.assertEqual(known.since, datetime.datetime(2001, 9, 9, 1, 46, 40, tzinfo=datetime.UTC))
        self.assertIsNone(known.next_reprobe)
        self.assertEqual(self.broker.requests[0].family, types_pb2.ADDRESS_FAMILY_IPV6)

        target = memory.TargetReachability(endpoint={"address": "192.0.2.1", "port": 5060}, unavailable=True)
        self.answer("GetReachability", memory.GetReachabilityResponse(targets=[target]))
        (reached,) = self.call("get_reachability", "a.example", transport=flowbroker.Transport.TLS)
        self.assertTrue(reached.unavailable)

    def test_reset_wants_exactly_one_thing_to_forget(self) -> None:
        self.answer("ResetHistory", memory.ResetHistoryResponse(targets=2, prefixes=1))
        self.assertEqual(self.call("reset_history", all=True), flowbroker.Forgotten(2, 1))
        self.call("reset_history", prefix=ipaddress.ip_network("192.0.2.0/24"))
        self.call("reset_history", host="a.example")
        self.assertEqual([one.WhichOneof("what") for one in self.broker.requests], ["all", "prefix", "host"])
        for wrong in ({}, {"all": True, "host": "a.example"}):
            with self.assertRaises(ValueError):
                self.call("reset_history", **wrong)


class AsyncCalls(Calls):
    def call(self, name: str, *arguments: Any, **options: Any) -> Any:
        async def run() -> Any:
            async with flowbroker.AsyncClient(self.broker.address) as client:
                return await getattr(client, name)(*arguments, **options)

        return asyncio.run(run())


class ContractTest(unittest.TestCase):
    def test_every_call_of_the_contract_is_there_with_its_messages(self) -> None:
        of_the_contract = {
            f"/{method.containing_service.full_name}/{method.name}": (method.input_type, method.output_type)
            for file in (broker, flows, edge, memory, sets)
            for service in file.DESCRIPTOR.services_by_name.values()
            for method in service.methods
        }
        ours = {one.path: (one.request.DESCRIPTOR, one.response.DESCRIPTOR) for one in METHODS}
        self.assertEqual(ours, of_the_contract)

    def test_every_value_of_the_contract_has_a_name_here(self) -> None:
        for file in (types_pb2, broker, flows, edge, memory, sets):
            for name, enum in file.DESCRIPTOR.enum_types_by_name.items():
                if (ours := getattr(flowbroker, name, None)) is None:
                    continue  # RaceOutcome is a property.
                numbers = {one.value for one in ours}
                self.assertEqual(numbers | {0}, {value.number for value in enum.values}, name)


if __name__ == "__main__":
    unittest.main()
