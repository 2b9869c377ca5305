#!/usr/bin/env python3
"""A chat of lines on asyncio's streams: what one says goes to all others.

Usage: asyncio_chat.py PORT
"""

import asyncio
import sys

writers = set()


async def serve(reader, writer):
    writers.add(writer)
    try:
        async for line in reader:
            for other in writers:
                if other is not writer:
                    other.write(line)
            # Writers that lag are not waited for, or one would hold up all; those who read are let in.
            await asyncio.sleep(0)
    except (OSError, ValueError):
        pass
    finally:
        writers.discard(writer)
        writer.close()


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", int(sys.argv[1]), backlog=4096)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
