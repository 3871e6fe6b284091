"""`python -m infra.local.emulators.stt --port P`."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from infra.local.emulators.google_service import run_service
from infra.local.emulators.stt.app import EmulatorState, build_app
from infra.local.emulators.stt.models import find_models


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
    state = EmulatorState(find_models(arguments.models))
    return run_service("stt", lambda: build_app(state), arguments.port)


if __name__ == "__main__":
    sys.exit(main())
