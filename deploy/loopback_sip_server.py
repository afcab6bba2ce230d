#!/usr/bin/env python3
"""Answers any SIP request with 200, over UDP and TCP on one free port of 127.0.0.1, which it prints. For the demo where
there is no network lab."""

import re
import socketserver
import threading

COPIED = re.compile(rb"^(?:via|v|from|f|to|t|call-id|i|cseq)\s*:.*?\r\n", re.IGNORECASE | re.MULTILINE)


def answer(request):
    if not request.strip() or request.startswith((b"SIP/2.0 ", b"ACK ")):
        return b""
    return b"SIP/2.0 200 OK\r\n" + b"".join(COPIED.findall(request)) + b"Content-Length: 0\r\n\r\n"


class Datagrams(socketserver.BaseRequestHandler):
    def handle(self):
        data, peer = self.request
        peer.sendto(answer(data), self.client_address)


class Stream(socketserver.StreamRequestHandler):
    def handle(self):
        head = b""
        for line in self.rfile:
            head += line
            if line == b"\r\n":
                self.wfile.write(answer(head.lstrip()))
                head = b""


def main():
    stream = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Stream)
    stream.daemon_threads = True
    datagrams = socketserver.UDPServer(stream.server_address, Datagrams)
    threading.Thread(target=datagrams.serve_forever, daemon=True).start()
    print(stream.server_address[1], flush=True)
    stream.serve_forever()


if __name__ == "__main__":
    main()
