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
    """Runs the server until SIGINT or SIGTERM."""
    app = build_app(EmulatorState(), Authenticator(project))
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=2.0)
    await runner.setup()
    stop_requested = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop_requested.set)
    try:
        await web.TCPSite(runner, HOST, port).start()
        await stop_requested.wait()
    finally:
        await runner.cleanup()


def main() -> int:
    """Runs the server. Returns 2 and prints the reason when it cannot start."""
    parser = argparse.ArgumentParser(
        prog="python -m infra.local.emulators.gemini", description=__doc__
    )
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--project", required=True, help="project of the Vertex AI models")
    arguments = parser.parse_args()
    try:
        asyncio.run(serve(arguments.port, arguments.project))
    except OSError as error:
        print(f"gemini: cannot start: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
