"""What waits to be sent on a Relay stream: pure, the waiting is done by those who use it."""

from collections import deque

from flowbroker.v1 import flow_service_pb2

MAX_QUEUED_MESSAGES = 10_000
MAX_QUEUED_OCTETS = 8 * 1024 * 1024
MAX_MESSAGES_PER_FRAME = 64
MAX_OCTETS_PER_FRAME = 512 * 1024  # A frame is closed once it holds this much.


class Outbox:
    """A bounded queue; what waits while a frame is under way shares the next one."""

    def __init__(self) -> None:
        self._messages: deque[flow_service_pb2.OutgoingMessage] = deque()
        self._octets = 0

    @property
    def has_room(self) -> bool:
        return len(self._messages) < MAX_QUEUED_MESSAGES and self._octets < MAX_QUEUED_OCTETS

    def __bool__(self) -> bool:
        return bool(self._messages)

    def append(self, flow_id: str, message: bytes, tag: int) -> None:
        self._messages.append(flow_service_pb2.OutgoingMessage(flow_id=flow_id, message=message, tag=tag))
        self._octets += len(message)

    def frame(self) -> flow_service_pb2.RelayRequest:
        frame, octets = flow_service_pb2.RelayRequest(), 0
        while self._messages and len(frame.messages) < MAX_MESSAGES_PER_FRAME and octets < MAX_OCTETS_PER_FRAME:
            one = self._messages.popleft()
            octets += len(one.message)
            frame.messages.append(one)
        self._octets -= octets
        return frame
