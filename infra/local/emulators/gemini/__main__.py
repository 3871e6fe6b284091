"""`python -m infra.local.emulators.gemini --port P --project ID`."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys

from aiohttp import web

from infra.local.emulators.gemini.app import EmulatorState, build_app
from infra.local.emulators.gemini.auth import Authenticator

HOST = "127.0.0.1"


async def serve(port: int, project: str) -> None:
    """Answer until the process is told to end."""
    app = build_app(EmulatorState(), Authenticator(project))
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=2.0)
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
    parser = argparse.ArgumentParser(
        prog="python -m infra.local.emulators.gemini", description=__doc__
    )
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--project", required=True, help="whose models may be asked on Vertex AI")
    asked = parser.parse_args()
    try:
        asyncio.run(serve(asked.port, asked.project))
    except OSError as reason:
        print(f"gemini: cannot start: {reason}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
