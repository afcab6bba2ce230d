"""Connects NAME PORT (tcp|tls) CA COUNT times with asyncio and prints the milliseconds of each; "-" after 3 s."""

import asyncio
import ssl
import sys
import time


async def once(name, port, context):
    start = time.perf_counter()
    try:
        # Without a delay asyncio tries one address after another; 0.25 s is what its documentation recommends.
        connect = asyncio.open_connection(name, port, ssl=context, happy_eyeballs_delay=0.25, interleave=1)
        _, writer = await asyncio.wait_for(connect, 3)
    except (OSError, asyncio.TimeoutError):
        return "-"
    took = time.perf_counter() - start
    writer.transport.abort()
    return f"{took * 1000:.2f}"


async def main():
    name, port, kind, ca, count = sys.argv[1:]
    context = ssl.create_default_context(cafile=ca) if kind == "tls" else None
    for _ in range(int(count)):
        print(await once(name, int(port), context), flush=True)


asyncio.run(main())
