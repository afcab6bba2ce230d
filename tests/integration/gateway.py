"""A gateway that registers with its outbound proxies over the flows that the broker keeps for it."""

import datetime

import flowbroker
from flowbroker import FlowSetEventKind as Kind
from flowbroker import FlowSetMemberState as State
from flowbroker import RegistrationOutcome as Outcome
from harness import PATIENCE


class Gateway:
    """Registers as the broker says it should."""

    def __init__(self, test, uris, name="trunk", daemon=None, **fields):
        self.name = name
        self.client = flowbroker.Client((daemon or test.daemon).address, default_timeout=PATIENCE)
        test.addCleanup(self.client.close)
        self.set = self.client.ensure_flow_set(name, uris, **fields)
        self.relay = self.client.relay()
        test.addCleanup(self.relay.close)
        self.watch = self.client.watch_flow_set(name)
        test.addCleanup(self.watch.close)
        self.snapshot = self.watch.receive(PATIENCE)
        test.assertEqual(self.snapshot.kind, Kind.SNAPSHOT)
        # What was up before the watch needs a REGISTER as well.
        self.due = {one.reg_id: one.flow_id for one in self.snapshot.flow_set.members if one.state == State.UP}

    def next(self, kind, reg_id=None):
        while True:
            event = self.watch.receive(PATIENCE)
            if event.kind == kind and (reg_id is None or event.reg_id == reg_id):
                return event

    def flow_due(self, reg_id):
        """The flow over which a REGISTER with that reg-id is due; waits for it."""
        while reg_id not in self.due:
            event = self.next(Kind.NEEDS_REGISTER)
            self.due[event.reg_id] = event.flow_id
        return self.due.pop(reg_id)

    def register(self, reg_id):
        """Sends the REGISTER and reports its answer; the status."""
        flow_id = self.flow_due(reg_id)
        self.relay.send(flow_id, "REGISTER sip:example.org SIP/2.0\r\n"
                        f"Via: SIP/2.0/TCP gw;branch=z9hG4bK-{flow_id}\r\nFrom: <sip:gw@example.org>;tag=1\r\n"
                        f"To: <sip:gw@example.org>\r\nCall-ID: {reg_id}\r\nCSeq: 1 REGISTER\r\nMax-Forwards: 70\r\n"
                        "Supported: path, outbound\r\n"
                        f"Contact: <sip:gw@gw>;+sip.instance=\"<{self.set.instance_id}>\";reg-id={reg_id}\r\n"
                        "Content-Length: 0\r\n\r\n")
        self.answer = self.relay.receive(PATIENCE).message.decode()
        status = int(self.answer.split()[1])
        outcome = Outcome.ACCEPTED if status == 200 else Outcome.REFUSED
        retry_after = datetime.timedelta(seconds=1) if status == 503 else None
        self.client.report_registration(self.name, reg_id, flow_id, outcome, retry_after=retry_after)
        return status

    def members(self):
        return self.client.get_flow_set(self.name).members
