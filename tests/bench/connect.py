"""Milliseconds until TCP or TLS stands, with asyncio's Happy Eyeballs: connect.py HOST PORT TCP|TLS CA"""

import asyncio
import ssl
import sys
import time


async def main(host, port, transport, ca):
    context = ssl.create_default_context(cafile=ca) if transport == "TLS" else None
    start = time.monotonic()
    _, writer = await asyncio.open_connection(host, int(port), ssl=context, happy_eyeballs_delay=0.25)
    print((time.monotonic() - start) * 1000)
    writer.transport.abort()


asyncio.run(main(*sys.argv[1:]))
