"""The commands of `./emulator.sh`."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
import threading
from collections.abc import Callable

from infra.local import looking
from infra.local.layout import DEFAULT_BASE, PROJECT, Place, SetupError
from infra.local.services import rows_to_start
from infra.local.suite import Suite, held, wipe
from infra.local.tools import prepare
from shared.domain.pipeline import RECIPES

EPILOG = f"""\
All ports come from one base, MOODREEL_PORT_BASE (default {DEFAULT_BASE}): with two bases, two suites
live side by side. State and logs lie under .local/suite-<base>/.
"""


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the exit status."""
    given = sys.argv[1:] if arguments is None else arguments
    asked = _parser().parse_args(given or ["up"])
    command: Callable[[argparse.Namespace], int] = asked.run_command
    try:
        return command(asked)
    except SetupError as problem:
        print(problem, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Whoever read us has gone (`logs | head`): that is no fault.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def say(line: str) -> None:
    """One line for the person, at once."""
    print(line, flush=True)


def up(asked: argparse.Namespace) -> int:
    """Start a suite and stay until it is ended."""
    place = Place.from_env()
    if asked.leash:
        threading.Thread(target=_end_with_stdin, daemon=True).start()
    with held(place):
        if asked.fresh:
            wipe(place)
        rows = rows_to_start(asked.recipe)
        tools = prepare([row.name for row in rows], say)
        say(f"Starting the local cloud: project {PROJECT}, ports from {place.base}.")

        async def serve() -> int:
            return await Suite(place, tools, rows, say).run()

        return asyncio.run(serve())


def _end_with_stdin() -> None:
    """Whoever started us on a leash holds our standard input; when it closes, we end."""
    while sys.stdin.buffer.read(4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="emulator.sh",
        description="Moodreel on one machine: the whole chain over emulators.",
        epilog=EPILOG,
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    starting = commands.add_parser(
        "up", help="start a suite and stay (default); Ctrl-C ends all of it"
    )
    starting.add_argument("--fresh", action="store_true", help="forget all state of an earlier run")
    starting.add_argument("--recipe", choices=list(RECIPES), help="only what this recipe needs")
    starting.add_argument("--leash", action="store_true", help=argparse.SUPPRESS)
    starting.set_defaults(run_command=up)

    looked = commands.add_parser("status", help="what runs; exit status 0 when all of it answers")
    looked.add_argument("--json", action="store_true", help="for programs")
    looked.set_defaults(run_command=looking.status)

    commands.add_parser("stop", help="end the suite").set_defaults(run_command=looking.stop)

    read = commands.add_parser("logs", help="what the services wrote")
    read.add_argument("service", nargs="?", help="only this one")
    read.add_argument("-f", "--follow", action="store_true", help="stay and print what comes")
    read.set_defaults(run_command=looking.logs)
    return parser


if __name__ == "__main__":
    sys.exit(main())
