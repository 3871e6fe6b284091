"""`python -m infra.local.emulators.gemini --port P --project ID`."""

from __future__ import annotations

import argparse
import sys

from infra.local.emulators.gemini.app import EmulatorState, build_app
from infra.local.emulators.gemini.auth import Authenticator
from infra.local.emulators.google_service import run_service


def main() -> int:
    """Runs the server. Returns 2 and prints the reason when it cannot start."""
    parser = argparse.ArgumentParser(
        prog="python -m infra.local.emulators.gemini", description=__doc__
    )
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--project", required=True, help="project of the Vertex AI models")
    arguments = parser.parse_args()
    authenticator = Authenticator(arguments.project)
    return run_service("gemini", lambda: build_app(EmulatorState(), authenticator), arguments.port)


if __name__ == "__main__":
    sys.exit(main())
