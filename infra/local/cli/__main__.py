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
All ports are derived from MOODREEL_PORT_BASE (default {DEFAULT_BASE}). Two suites with different
bases can run at the same time. State and logs are in .local/suite-<base>/.
"""


def main(arguments: list[str] | None = None) -> int:
    """Runs one command. Returns the exit status."""
    # A shell starts a script's background jobs with SIGINT ignored, and Python keeps it ignored:
    # without this handler, Ctrl-C and `kill -INT` would end neither an installation nor a job.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    arguments = (sys.argv[1:] if arguments is None else arguments) or ["up"]
    if arguments[0] == "test":
        # argparse would parse pytest's options as its own.
        return _run_guarded(run_tests.run_tests, argparse.Namespace(pytest_arguments=arguments[1:]))
    if arguments[0] == "run":
        return _run_guarded(run.run, _run_parser().parse_intermixed_args(arguments[1:]))
    args = _parser().parse_args(arguments)
    return _run_guarded(args.run_command, args)


def _run_guarded(command: Callable[[argparse.Namespace], int], args: argparse.Namespace) -> int:
    """Runs a command and prints a SetupError on standard error. Returns the exit status."""
    try:
        return command(args)
    except SetupError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader closed the pipe (`logs | head`). This is not an error.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def report(line: str) -> None:
    """Prints one line and flushes it."""
    print(line, flush=True)


def up(args: argparse.Namespace) -> int:
    """Starts a suite and returns when it has stopped."""
    layout = SuiteLayout.from_env()
    if args.background:
        threading.Thread(target=_end_with_stdin, daemon=True).start()
    with hold_suite_lock(layout):
        if args.fresh:
            delete_state(layout)
        functions = select_functions(args.recipe)
        tools = prepare_tools([function.name for function in functions], report)
        report(f"Starting the local suite: project {PROJECT}, ports from {layout.base}.")

        async def serve() -> int:
            return await Suite(layout, tools, functions, report).run()

        return asyncio.run(serve())


def _end_with_stdin() -> None:
    """Stops the suite when standard input, held by the parent process, is closed."""
    while os.read(sys.stdin.fileno(), 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="emulator.sh",
        description="Runs the Moodreel pipeline on this machine with emulators.",
        epilog=EPILOG,
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    up_parser = commands.add_parser(
        "up", help="start a suite (default command); press Ctrl-C to stop it"
    )
    up_parser.add_argument(
        "--fresh", action="store_true", help="delete all state of earlier runs first"
    )
    up_parser.add_argument(
        "--recipe", choices=list(RECIPES), help="start only the services this recipe needs"
    )
    up_parser.add_argument("--background", action="store_true", help=argparse.SUPPRESS)
    up_parser.set_defaults(run_command=up)

    status_parser = commands.add_parser(
        "status", help="list the services; exit status 0 when all are running"
    )
    status_parser.add_argument("--json", action="store_true", help="print JSON")
    status_parser.set_defaults(run_command=status.status)

    watch_parser = commands.add_parser(
        "watch", help="show the pipeline live; press q or Ctrl-C to quit"
    )
    watch_parser.add_argument("--once", action="store_true", help="print one snapshot and exit")
    watch_parser.add_argument(
        "--every", type=float, default=1.0, metavar="S", help="refresh interval (default: 1)"
    )
    watch_parser.set_defaults(run_command=watch)

    fault_parser = commands.add_parser(
        "fault",
        help="inject faults into a service, a function or its messages; without options: list them",
    )
    fault.add_arguments(fault_parser)
    fault_parser.set_defaults(run_command=fault.fault)

    trace_parser = commands.add_parser("trace", help="show the spans of a job as a waterfall")
    trace_parser.add_argument("job", metavar="JOB", help="job id, or a prefix of it")
    trace_parser.set_defaults(run_command=waterfall.trace)

    commands.add_parser("stop", help="stop the suite").set_defaults(run_command=status.stop)

    commands.add_parser(
        "run",
        help="run one job and download its results; starts a suite when none is running",
        parents=[_run_parser()],
        add_help=False,
    )

    test_parser = commands.add_parser(
        "test",
        help="run the tests; --quick: lint, types and fast unit tests; other arguments go to "
        "pytest",
    )
    test_parser.add_argument("--quick", action="store_true")
    test_parser.add_argument("pytest_arguments", nargs="*", metavar="ARGUMENT")

    doctor_parser = commands.add_parser(
        "doctor", help="check the requirements and say how to install what is missing"
    )
    doctor_parser.set_defaults(run_command=doctor.doctor)

    lock_parser = commands.add_parser("lock", help="update the lock files")
    lock_parser.add_argument(
        "--upgrade", action="store_true", help="upgrade all packages to their newest versions"
    )
    lock_parser.set_defaults(run_command=lock.lock)

    logs_parser = commands.add_parser("logs", help="print the logs of the services")
    logs_parser.add_argument("service", nargs="?", help="print only this service's log")
    logs_parser.add_argument("-f", "--follow", action="store_true", help="wait for new lines")
    logs_parser.set_defaults(run_command=status.logs)
    return parser


def _run_parser() -> argparse.ArgumentParser:
    """Returns the parser of `run`. It is separate because `run` allows files before, between and
    after options."""
    parser = argparse.ArgumentParser(
        prog="emulator.sh run",
        description="Runs one job and downloads its results. Without a file, a recipe that takes "
        "a video gets a sample clip. Uses the running suite, or starts the services that the "
        "recipe needs.",
    )
    parser.add_argument("recipe", metavar="RECIPE", help=", ".join(RECIPES))
    parser.add_argument("files", nargs="*", metavar="FILE")
    parser.add_argument("--every", metavar="SECONDS", help="time between frames (default: 1)")
    parser.add_argument("--start", metavar="SECONDS", help="start of the range to process")
    parser.add_argument("--end", metavar="SECONDS", help="end of the range to process")
    parser.add_argument("--max-width", metavar="PIXELS", help="scale wider frames down")
    parser.add_argument("--format", metavar="FORMAT", help="frame format: jpeg or png")
    parser.add_argument("--quality", metavar="1-100", help="JPEG quality")
    parser.add_argument(
        "--consent",
        action="store_const",
        const="true",
        help="confirm that the people filmed agreed to have their expressions scored (required by "
        "emotions)",
    )
    parser.add_argument("--purpose", metavar="TEXT", help="what the emotion scores are for")
    parser.add_argument(
        "--no-smooth",
        dest="smooth",
        action="store_const",
        const="false",
        help="do not smooth emotion scores over time",
    )
    parser.add_argument(
        "--no-mirror",
        dest="mirror",
        action="store_const",
        const="false",
        help="score each face once, without its mirror image (less CPU time, less accurate)",
    )
    parser.add_argument("--prompt", metavar="TEXT", help="topic of the presentation")
    parser.add_argument("--source", metavar="FILE", help="source text for the presentation")
    parser.add_argument("--slides", metavar="3-40", help="number of slides (default: 8)")
    parser.add_argument(
        "--language", metavar="TAG", help="language, such as pt-BR (default: the prompt's)"
    )
    parser.add_argument("--tone", metavar="TEXT", help="tone, in a few words")
    parser.add_argument("--audience", metavar="TEXT", help="intended audience")
    parser.add_argument("--aspect", metavar="W:H", help="slide aspect ratio: 16:9, 9:16 or 1:1")
    parser.add_argument("--theme", metavar="NAME", help=f"slide theme: {', '.join(THEMES)}")
    parser.add_argument("--voice", metavar="NAME", help="Text-to-Speech voice")
    parser.add_argument("--speed", metavar="FACTOR", help="speaking rate, 0.25 to 2")
    parser.add_argument("--pitch", metavar="SEMITONES", help="voice pitch, -20 to 20")
    parser.add_argument("--pictures", metavar="WHOSE", help="slide pictures: all, own or none")
    parser.add_argument(
        "--stop-at", metavar="STAGE", help="deck: stop after the slides, before the film is made"
    )
    parser.add_argument("--transition", metavar="KIND", help="slide transition: cut or fade")
    parser.add_argument(
        "--subtitles", metavar="KIND", help="presentation subtitles: soft or burned"
    )
    parser.add_argument("--motion", metavar="KIND", help="motion over pictures: none or gentle")
    parser.add_argument(
        "--shape", metavar="SHAPE", help="shape of a still film: picture, 16:9, 9:16 or 1:1"
    )
    parser.add_argument("--resolution", metavar="LINES", help="film resolution: 720p or 1080p")
    parser.add_argument(
        "--loudness", metavar="KIND", help="loudness of a still film: keep or even (-16 LUFS)"
    )
    parser.add_argument(
        "--annotate",
        action="store_const",
        const="true",
        help="also make a video with boxes and labels around the faces",
    )
    parser.add_argument("--title", help="job title used in the email")
    parser.add_argument(
        "--out", default="out", metavar="DIR", help="folder for the results (default: out)"
    )
    parser.add_argument("--json", action="store_true", help="print the finished job as JSON")
    return parser


if __name__ == "__main__":
    sys.exit(main())
