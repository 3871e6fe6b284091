"""`python -m infra.local.writer --port P`."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys

from aiohttp import web

from infra.local.writer.app import Stand, build_app

HOST = "127.0.0.1"


async def serve(port: int) -> None:
    """Answer until the process is told to end."""
    runner = web.AppRunner(build_app(Stand()), access_log=None, shutdown_timeout=2.0)
    await runner.setup()
    end = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, end.set)
    try:
        await web.TCPSite(runner, HOST, port).start()
        await end.wait()
    finally:
        await runner.cleanup()


def main() -> int:
    """Run until told to stop; 2 when it cannot start, with the reason in one line."""
    parser = argparse.ArgumentParser(prog="python -m infra.local.writer", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    try:
        asyncio.run(serve(parser.parse_args().port))
    except OSError as reason:
        print(f"writer: cannot start: {reason}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
