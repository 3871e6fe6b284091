"""`python -m infra.local.emulators.tts --port P`."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys

from aiohttp import web

from infra.local.emulators.tts.app import EmulatorState, build_app
from infra.local.emulators.tts.espeak import Espeak
from infra.local.emulators.tts.voices import Catalogue

HOST = "127.0.0.1"


async def serve(port: int) -> None:
    """Runs the server until SIGINT or SIGTERM."""
    engine = Espeak()
    runner = web.AppRunner(
        build_app(EmulatorState(engine, Catalogue(engine.list_languages()))),
        access_log=None,
        shutdown_timeout=2.0,
    )
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
        prog="python -m infra.local.emulators.tts", description=__doc__
    )
    parser.add_argument("--port", type=int, required=True)
    try:
        asyncio.run(serve(parser.parse_args().port))
    except OSError as error:
        print(f"tts: cannot start: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
