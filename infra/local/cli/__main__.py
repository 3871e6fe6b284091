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
from infra.local.cli.run_options import build_run_parser
from infra.local.setup.tools import prepare_tools
from infra.local.suite.keys import create_keys
from infra.local.suite.layout import DEFAULT_BASE, PROJECT, SetupError, SuiteLayout
from infra.local.suite.services import select_functions
from infra.local.suite.suite import Suite, delete_state, hold_suite_lock
from infra.local.watch.screen import watch
from shared.pipeline import PIPELINE_STAGES, RECIPES

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
        return _run_guarded(run.run, build_run_parser().parse_intermixed_args(arguments[1:]))
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
        functions = select_functions(args.recipe, args.stage)
        tools = prepare_tools([function.name for function in functions], report)
        create_keys(layout, tools)
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
    up_parser.add_argument(
        "--stage",
        action="append",
        default=[],
        choices=PIPELINE_STAGES,
        help="with --recipe: an optional stage of the recipe whose services are also started",
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
        parents=[build_run_parser()],
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


if __name__ == "__main__":
    sys.exit(main())
