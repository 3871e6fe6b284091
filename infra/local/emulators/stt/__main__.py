"""`python -m infra.local.emulators.stt --port P`."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from pathlib import Path

from aiohttp import web

from infra.local.emulators.stt.app import EmulatorState, build_app
from infra.local.emulators.stt.models import find_models

HOST = "127.0.0.1"


async def serve(port: int, models: Path | None) -> None:
    """Runs the server until SIGINT or SIGTERM, with the downloaded models in a folder."""
    runner = web.AppRunner(
        build_app(EmulatorState(find_models(models))),
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
        prog="python -m infra.local.emulators.stt", description=__doc__
    )
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--models", type=Path, help="folder of downloaded models")
    arguments = parser.parse_args()
    # Nothing is downloaded at run time.
    os.environ["HF_HUB_OFFLINE"] = "1"
    try:
        asyncio.run(serve(arguments.port, arguments.models))
    except OSError as error:
        print(f"stt: cannot start: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
