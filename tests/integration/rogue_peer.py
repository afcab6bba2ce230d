"""A peer on the server side of the lab that does whatever a test wants on its TCP connections."""

import socket
import struct


class RoguePeer:
    """Listens on an address of the lab that has no SIP server. Ends with `close`."""

    def __init__(self, lab, address="192.0.2.14"):
        with lab.inside("server"):
            self.listener = socket.create_server((address, 0), family=socket.AF_INET6 if ":" in address else socket.AF_INET)
        self.listener.settimeout(10)
        self.port = self.listener.getsockname()[1]
        host = f"[{address}]" if ":" in address else address
        self.uri = f"sip:rogue@{host}:{self.port};transport=tcp"
        self.connections = []

    def accept(self):
        connection, _ = self.listener.accept()
        connection.settimeout(10)
        self.connections.append(connection)
        return connection

    def close(self):
        for one in [*self.connections, self.listener]:
            one.close()


def reset(connection):
    """Ends a connection with RST."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
