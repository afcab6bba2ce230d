"""A caller that makes a gRPC call and never reads its answer, which no gRPC library can be brought to do."""

import struct

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, SETTINGS = 0, 1, 4
END_STREAM, END_HEADERS = 1, 4
INITIAL_WINDOW_SIZE = 4


def frame(kind, flags, stream, payload):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def header(name, value):
    """A literal without indexing or Huffman code (RFC 7541 section 6.2.2)."""
    return b"\0" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode()


def deaf_call(connection, method):
    """Calls `method` with an empty message over a fresh connection, whose streams have no window for answers."""
    names = {":method": "POST", ":scheme": "https", ":path": method, ":authority": "localhost",
             "content-type": "application/grpc", "te": "trailers"}
    connection.sendall(
        PREFACE
        + frame(SETTINGS, 0, 0, struct.pack(">HI", INITIAL_WINDOW_SIZE, 0))
        + frame(HEADERS, END_HEADERS, 1, b"".join(header(*one) for one in names.items()))
        + frame(DATA, END_STREAM, 1, b"\0" * 5))
