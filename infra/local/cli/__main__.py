"""The commands of `./emulator.sh`."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
import threading
from collections.abc import Callable

from infra.local.cli import doctor, fault, lock, run, run_tests, status, waterfall
from infra.local.setup.tools import prepare_tools
from infra.local.suite.layout import DEFAULT_BASE, PROJECT, SetupError, SuiteLayout
from infra.local.suite.services import select_functions
from infra.local.suite.suite import Suite, delete_state, hold_suite_lock
from infra.local.watch.screen import watch
from shared.pipeline import RECIPES
from shared.recipes.films.deck_options import THEMES

EPILOG = f"""\
All ports come from one base, MOODREEL_PORT_BASE (default {DEFAULT_BASE}): with two bases, two
suites live side by side. State and logs lie under .local/suite-<base>/.
"""


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the exit status."""
    # A shell starts a script's background jobs with SIGINT ignored, and Python then keeps it
    # ignored: Ctrl-C and `kill -INT` would end neither an installation nor a job.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    given = (sys.argv[1:] if arguments is None else arguments) or ["up"]
    if given[0] == "test":
        # argparse would take pytest's options for its own.
        return _guarded(run_tests.run_tests, argparse.Namespace(pytest_arguments=given[1:]))
    if given[0] == "run":
        return _guarded(run.run, _run_parser().parse_intermixed_args(given[1:]))
    asked = _parser().parse_args(given)
    return _guarded(asked.run_command, asked)


def _guarded(command: Callable[[argparse.Namespace], int], args: argparse.Namespace) -> int:
    """The exit status of a command; what went wrong is one sentence on standard error."""
    try:
        return command(args)
    except SetupError as problem:
        print(problem, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Whoever read us has gone (`logs | head`): that is no fault.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def report(line: str) -> None:
    """One line for the person, at once."""
    print(line, flush=True)


def up(args: argparse.Namespace) -> int:
    """Start a suite and stay until it is ended."""
    place = SuiteLayout.from_env()
    if args.background:
        threading.Thread(target=_end_with_stdin, daemon=True).start()
    with hold_suite_lock(place):
        if args.fresh:
            delete_state(place)
        rows = select_functions(args.recipe)
        tools = prepare_tools([row.name for row in rows], report)
        report(f"Starting the local cloud: project {PROJECT}, ports from {place.base}.")

        async def serve() -> int:
            return await Suite(place, tools, rows, report).run()

        return asyncio.run(serve())


def _end_with_stdin() -> None:
    """Stops the suite when standard input, held by the parent process, is closed."""
    while os.read(sys.stdin.fileno(), 4096):
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
    starting.add_argument("--background", action="store_true", help=argparse.SUPPRESS)
    starting.set_defaults(run_command=up)

    looked = commands.add_parser("status", help="what runs; exit status 0 when all of it answers")
    looked.add_argument("--json", action="store_true", help="for programs")
    looked.set_defaults(run_command=status.status)

    watched = commands.add_parser("watch", help="the chain while it works; q or Ctrl-C ends it")
    watched.add_argument("--once", action="store_true", help="print one picture and end")
    watched.add_argument("--every", type=float, default=1.0, metavar="S", help="default: 1")
    watched.set_defaults(run_command=watch)

    faulty = commands.add_parser(
        "fault", help="let a service, a function or its messages fail; alone: how often it did"
    )
    fault.add_arguments(faulty)
    faulty.set_defaults(run_command=fault.fault)

    traced = commands.add_parser("trace", help="a job's way through the functions, as a waterfall")
    traced.add_argument("job", metavar="JOB", help="its id, or the beginning of it")
    traced.set_defaults(run_command=waterfall.trace)

    commands.add_parser("stop", help="end the suite").set_defaults(run_command=status.stop)

    commands.add_parser(
        "run",
        help="one job from files to results; uses a suite that is up, or one of its own",
        parents=[_run_parser()],
        add_help=False,
    )

    tested = commands.add_parser(
        "test", help="run the tests; --quick: lint, types and fast unit tests; the rest to pytest"
    )
    tested.add_argument("--quick", action="store_true")
    tested.add_argument("pytest_arguments", nargs="*", metavar="ARGUMENT")

    examined = commands.add_parser("doctor", help="what was found, and how to get what is missing")
    examined.set_defaults(run_command=doctor.doctor)

    locked = commands.add_parser("lock", help="bring the lock files up to date")
    locked.add_argument("--upgrade", action="store_true", help="to the newest versions of all")
    locked.set_defaults(run_command=lock.lock)

    read = commands.add_parser("logs", help="what the services wrote")
    read.add_argument("service", nargs="?", help="only this one")
    read.add_argument("-f", "--follow", action="store_true", help="stay and print what comes")
    read.set_defaults(run_command=status.logs)
    return parser


def _run_parser() -> argparse.ArgumentParser:
    """On its own, because files may stand before, between and after the options."""
    parser = argparse.ArgumentParser(
        prog="emulator.sh run",
        description="One job from files to results. Without a file, a recipe that takes a video "
        "gets a sample clip. Uses a suite that is up, or starts what the recipe needs.",
    )
    parser.add_argument("recipe", metavar="RECIPE", help=", ".join(RECIPES))
    parser.add_argument("files", nargs="*", metavar="FILE")
    parser.add_argument("--every", metavar="SECONDS", help="one frame every so often (default 1)")
    parser.add_argument("--start", metavar="SECONDS", help="from here")
    parser.add_argument("--end", metavar="SECONDS", help="up to here")
    parser.add_argument("--max-width", metavar="PIXELS", help="scale wider frames down")
    parser.add_argument("--format", metavar="FORMAT", help="jpeg or png")
    parser.add_argument("--quality", metavar="1-100", help="of the JPEGs")
    parser.add_argument(
        "--consent",
        action="store_const",
        const="true",
        help="the people filmed agreed to have their expressions scored (emotions asks for it)",
    )
    parser.add_argument("--purpose", metavar="TEXT", help="what the emotion scores are for")
    parser.add_argument(
        "--no-smooth",
        dest="smooth",
        action="store_const",
        const="false",
        help="leave emotion scores as they are, frame by frame",
    )
    parser.add_argument(
        "--no-mirror",
        dest="mirror",
        action="store_const",
        const="false",
        help="score each face once, without its mirror image (less CPU time, less accurate)",
    )
    parser.add_argument("--prompt", metavar="TEXT", help="what a presentation is about")
    parser.add_argument("--source", metavar="FILE", help="text that it draws on")
    parser.add_argument("--slides", metavar="3-40", help="how many slides (default 8)")
    parser.add_argument("--language", metavar="TAG", help="such as pt-BR (default: the prompt's)")
    parser.add_argument("--tone", metavar="TEXT", help="how it shall sound, in a few words")
    parser.add_argument("--audience", metavar="TEXT", help="whom it is for")
    parser.add_argument("--aspect", metavar="W:H", help="of its slides: 16:9, 9:16 or 1:1")
    parser.add_argument("--theme", metavar="NAME", help=f"their look: {', '.join(THEMES)}")
    parser.add_argument("--voice", metavar="NAME", help="a voice of Text-to-Speech")
    parser.add_argument("--speed", metavar="FACTOR", help="of the voice, 0.25 to 2")
    parser.add_argument("--pitch", metavar="SEMITONES", help="of the voice, -20 to 20")
    parser.add_argument("--pictures", metavar="WHOSE", help="on its slides: all, own or none")
    parser.add_argument(
        "--stop-at", metavar="WHERE", help="deck: write the slides, and wait before the film"
    )
    parser.add_argument("--transition", metavar="HOW", help="between slides: cut or fade")
    parser.add_argument("--subtitles", metavar="HOW", help="of a film of slides: soft or burned")
    parser.add_argument("--motion", metavar="HOW", help="over a film's pictures: none or gentle")
    parser.add_argument("--shape", metavar="SHAPE", help="of a still: picture, 16:9, 9:16 or 1:1")
    parser.add_argument("--resolution", metavar="LINES", help="of a film: 720p or 1080p")
    parser.add_argument("--loudness", metavar="HOW", help="of a still: keep, or even (-16 LUFS)")
    parser.add_argument(
        "--annotate",
        action="store_const",
        const="true",
        help="also make a video with boxes and labels around the faces",
    )
    parser.add_argument("--title", help="what the job is called in the mail")
    parser.add_argument("--out", default="out", metavar="DIR", help="for results (default: out)")
    parser.add_argument("--json", action="store_true", help="print the job as JSON at the end")
    return parser


if __name__ == "__main__":
    sys.exit(main())
