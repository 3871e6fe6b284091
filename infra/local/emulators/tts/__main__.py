"""`python -m infra.local.emulators.tts --port P`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from aiohttp import web

from infra.local.emulators.google_service import run_service
from infra.local.emulators.tts.app import EmulatorState, build_app
from infra.local.emulators.tts.espeak import Espeak
from infra.local.emulators.tts.neural_voices import find_voices
from infra.local.emulators.tts.voices import Catalogue


def main() -> int:
    """Runs the server. Returns 2 and prints the reason when it cannot start."""
    parser = argparse.ArgumentParser(
        prog="python -m infra.local.emulators.tts", description=__doc__
    )
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--voices", type=Path, help="folder of downloaded neural voices")
    arguments = parser.parse_args()

    def build() -> web.Application:
        # Raises OSError where the library of espeak-ng is missing.
        engine = Espeak()
        catalogue = Catalogue(engine.list_languages(), find_voices(arguments.voices))
        return build_app(EmulatorState(engine, catalogue))

    return run_service("tts", build, arguments.port)


if __name__ == "__main__":
    sys.exit(main())
