"""`python -m infra.local.emulators.tts --port P`."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from pathlib import Path

from aiohttp import web

from infra.local.emulators.tts.app import EmulatorState, build_app
from infra.local.emulators.tts.espeak import Espeak
from infra.local.emulators.tts.neural_voices import find_voices
from infra.local.emulators.tts.voices import Catalogue

HOST = "127.0.0.1"


async def serve(port: int, voices: Path | None) -> None:
    """Runs the server until SIGINT or SIGTERM, with the downloaded voices in a folder."""
    engine = Espeak()
    catalogue = Catalogue(engine.list_languages(), find_voices(voices))
    runner = web.AppRunner(
        build_app(EmulatorState(engine, catalogue)),
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
    parser.add_argument("--voices", type=Path, help="folder of downloaded neural voices")
    arguments = parser.parse_args()
    try:
        asyncio.run(serve(arguments.port, arguments.voices))
    except OSError as error:
        print(f"tts: cannot start: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
