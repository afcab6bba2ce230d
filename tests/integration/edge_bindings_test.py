#!/usr/bin/env python3
"""Bindings of user agents over real flows: in which order they are looked up, and how they come to an end (RFC 5626
sections 6 and 7). On this host, with real sockets."""

import datetime
import socket

import flowbroker
from flowbroker import BindingChange
from harness import PATIENCE, eventually
from local_daemon import main
from user_agent import AOR, INSTANCE, EdgeCase, StreamUserAgent

OTHER_AOR = "sip:other@example.org"
OTHER_INSTANCE = "urn:uuid:00000000-0000-1000-8000-000a95a0e128"


def contact(instance, reg_id, parameters=""):
    return f'<sip:alice@192.0.2.1>;+sip.instance="<{instance}>";reg-id={reg_id}{parameters}'


def resets(one):
    """Ends a connection by RST."""
    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    one.close()


class EdgeBindingsTest(EdgeCase):
    def flow(self, number=1):
        """(its user agent, its flow-id) of a connection that has registered."""
        user_agent = StreamUserAgent(self)
        return user_agent, self.register(user_agent, f"z9hG4bK-{number}").flow_id

    def targets(self):
        """Per target the flows to try, one after the other."""
        return [[one.flow_id for one in (target.binding, *target.next)] for target in self.application.lookup()]

    def watch(self, aor=AOR):
        watch = self.application.client.watch_bindings(aor=aor)
        self.addCleanup(watch.close)
        return watch

    # The order

    def test_two_flows_of_one_instance_are_one_target_and_the_next(self):  # B1, B3
        self.serve()
        (first, first_flow), (_, second_flow) = self.flow(1), self.flow(2)
        self.application.bind(first_flow, contact=contact(INSTANCE, 1))
        self.application.bind(second_flow, contact=contact(INSTANCE, 2))
        self.assertEqual(self.targets(), [[second_flow, first_flow]], "who registered last is the first")
        self.application.bind(first_flow, contact=contact(INSTANCE, 1))
        self.assertEqual(self.targets(), [[first_flow, second_flow]])
        target = self.application.lookup()[0]
        self.assertEqual((target.binding.reg_id, [one.reg_id for one in target.next]), (1, [2]))
        first.socket.close()
        self.assertTrue(eventually(lambda: self.targets() == [[second_flow]]), self.targets())

    def test_another_instance_and_a_contact_without_one_are_targets_of_their_own(self):  # B1, B3
        self.serve()
        flows = [self.flow(number)[1] for number in range(4)]
        for flow_id, value in zip(flows, (contact(INSTANCE, 1), contact(OTHER_INSTANCE, 1), contact(INSTANCE, 2),
                                          "<sip:alice@192.0.2.7>")):
            self.application.bind(flow_id, contact=value)
        self.assertEqual(self.targets(), [[flows[3]], [flows[2], flows[0]], [flows[1]]])
        self.application.bind(flows[1], contact=contact(OTHER_INSTANCE, 1, ";q=0.3"))
        self.application.bind(flows[0], contact=contact(INSTANCE, 1, ";q=0.5"))
        self.application.bind(flows[2], contact=contact(INSTANCE, 2, ";q=0.2"))
        self.assertEqual(self.targets(), [[flows[3]], [flows[0], flows[2]], [flows[1]]], "by q first")

    def test_the_same_instance_and_reg_id_over_another_flow_is_the_newest_only(self):  # B2, B3
        self.serve()
        (_, old), (_, new) = self.flow(1), self.flow(2)
        self.application.bind(old)
        self.assertEqual([one.change for one in self.application.bind(new)], [BindingChange.REPLACED])
        self.assertEqual(self.targets(), [[new]])

    # What takes them out

    def test_one_is_unbound_by_instance_and_reg_id_or_by_uri_and_then_all(self):  # B1
        self.serve()
        flow_id = self.flow()[1]
        for value in (contact(INSTANCE, 1), contact(INSTANCE, 2), contact(OTHER_INSTANCE, 1), "<sip:alice@192.0.2.7>",
                      "<sip:alice@192.0.2.8>"):
            self.application.bind(flow_id, contact=value)
        self.application.bind(flow_id, aor=OTHER_AOR)
        watch, unbind = self.watch(), self.application.client.unbind
        self.assertEqual(unbind(AOR, instance_id=INSTANCE.upper(), reg_id=2), 1)  # B5: one URN
        self.assertEqual(unbind(AOR, contact_uri="sip:alice@192.0.2.7"), 1)
        gone = [watch.receive(PATIENCE) for _ in range(2)]
        self.assertEqual([one.change for one in gone], [BindingChange.UNBOUND] * 2)
        self.assertEqual([(one.binding.instance_id, one.binding.reg_id) for one in gone], [(INSTANCE, 2), ("", None)])
        for missing in ({"instance_id": INSTANCE, "reg_id": 2}, {"instance_id": INSTANCE},
                        {"contact_uri": "sip:alice@192.0.2.9"}):
            self.assertEqual(unbind(AOR, **missing), 0, missing)
        kept = {(one.binding.instance_id, one.binding.contact_uri) for one in self.application.lookup()}
        self.assertEqual(kept, {(INSTANCE, "sip:alice@192.0.2.1"), (OTHER_INSTANCE, "sip:alice@192.0.2.1"),
                                ("", "sip:alice@192.0.2.8")})
        self.assertEqual(unbind(AOR), 3)
        self.assertEqual((self.application.lookup(), unbind(AOR)), ([], 0))
        self.assertEqual(len(self.application.lookup(OTHER_AOR)), 1)

    def test_an_unbind_that_names_nothing_is_refused(self):
        self.serve()
        for field, aor, fields in (("aor", "", {}), ("reg_id", AOR, {"reg_id": 1}),
                                   ("instance_id", AOR, {"instance_id": "no urn"})):
            with self.subTest(field), self.assertRaises(flowbroker.InvalidArgument) as refused:
                self.application.client.unbind(aor, **fields)
            self.assertEqual(refused.exception.field, field)

    def test_what_is_not_registered_again_in_time_expires_and_its_flow_stays(self):  # B2
        self.serve()
        watch = self.watch()
        flow_id = self.flow()[1]
        self.application.bind(flow_id, contact=contact(INSTANCE, 1, ";expires=1"))
        self.application.bind(flow_id, contact=contact(INSTANCE, 2), expires=datetime.timedelta(seconds=1))
        self.application.bind(flow_id, contact=contact(INSTANCE, 3))
        seen = [watch.receive(PATIENCE) for _ in range(5)]
        expired = [one.binding.reg_id for one in seen if one.change == BindingChange.EXPIRED]
        self.assertEqual(sorted(expired), [1, 2])
        self.assertEqual([one.binding.reg_id for one in self.application.lookup()], [3])
        self.assertEqual(self.flow_ids(), [flow_id])

    def test_a_flow_that_ends_by_fin_or_rst_takes_its_bindings_along(self):  # B4, E4
        self.serve()
        stays = self.flow(1)[1]
        self.application.bind(stays, contact=contact(INSTANCE, 2))
        for end in (socket.socket.close, resets):
            with self.subTest(end):
                user_agent = StreamUserAgent(self)
                message = self.register(user_agent, f"z9hG4bK-{end.__name__}")
                self.application.bind(message.flow_id)
                self.application.bind(message.flow_id, aor=OTHER_AOR)
                watch = self.watch(OTHER_AOR)
                end(user_agent.socket)
                self.assertEqual(watch.receive(PATIENCE).change, BindingChange.FLOW_ENDED)
                self.assertEqual(self.targets(), [[stays]])
                self.assertEqual(self.application.lookup(OTHER_AOR), [])
                self.assertEqual(self.application.verify(message.origin.token).sip_status, 430)
        for reason in ("closed_by_peer", "reset"):
            closed = f'flowbroker_flows_closed_total{{reason="{reason}"}}'
            self.assertTrue(eventually(lambda: self.daemon.metric(closed) == 1), reason)

    def test_bindings_are_watched_refused_and_taken_out(self):  # B5, B6
        self.serve("--require-outbound", "on")
        flow_id = self.flow()[1]
        watch = self.watch()
        for value, field in (("<sip:a@b>", "instance_id"), (contact(INSTANCE, 0), "contact"),
                             (contact(INSTANCE, 2147483648), "contact"), (contact("not a urn", 1), "contact")):
            with self.subTest(value):
                with self.assertRaises(flowbroker.InvalidArgument) as refused:
                    self.application.bind(flow_id, contact=value)
                self.assertEqual(refused.exception.field, field)
        self.application.bind(flow_id, contact=contact(INSTANCE, 2147483647))
        self.application.bind(flow_id, contact=contact(INSTANCE, 2147483647))
        gone = self.application.bind(flow_id, contact="*", expires=datetime.timedelta())
        self.assertEqual([one.change for one in gone], [BindingChange.UNBOUND])
        changes = [watch.receive(PATIENCE).change for _ in range(3)]
        self.assertEqual(changes, [BindingChange.BOUND, BindingChange.REFRESHED, BindingChange.UNBOUND])
        with self.assertRaises(flowbroker.NotFound):
            self.application.bind("A" * 22)


if __name__ == "__main__":
    main()
