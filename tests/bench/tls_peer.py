"""Accepts TLS connections and keeps them: tls_peer.py ADDRESS PORT LAB_DIRECTORY"""

import asyncio
import ssl
import sys


async def main(address, port, directory):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{directory}/server.pem", f"{directory}/server.key")

    async def keep(reader, writer):
        await reader.read()
        writer.close()

    server = await asyncio.start_server(keep, address, int(port), ssl=context, backlog=4096, limit=1024)
    print("ready", flush=True)
    await server.serve_forever()


asyncio.run(main(*sys.argv[1:]))
