"""`run RECIPE [FILE…]`: runs a job with the client's command, over a running suite or a new one."""

from __future__ import annotations

import argparse
import contextlib
import http.client
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from infra.client import CLIENT_FOLDER
from infra.local.cli.inputs import collect_files
from infra.local.cli.run_options import OPTIONS
from infra.local.client.api_client import ApiError, User
from infra.local.setup.installs import clean_env
from infra.local.setup.tools import prepare_python
from infra.local.suite import suite_client
from infra.local.suite.layout import SUPPORT_SERVICES, SetupError, SuiteLayout
from infra.local.suite.ports import find_free_base, find_taken_ports
from infra.local.suite.suite import find_runner_pid
from shared.pipeline import FUNCTIONS, RECIPES, Recipe

NARRATING_STAGE = "text_to_speech"
_SUITE_START_TIMEOUT_S = 300.0
"""How long to wait for a suite that another process is starting. It may be installing packages."""


def run(args: argparse.Namespace) -> int:
    """Returns the exit code of the client's command: 0 when the job is done and its results are in
    --out."""
    recipe = _find_recipe(args.recipe)
    options = {key: str(getattr(args, key)) for key in OPTIONS if getattr(args, key) is not None}
    layout = SuiteLayout.from_env()
    try:
        if args.list_voices:
            check_narration(recipe)
            with _use_suite(layout, recipe) as used:
                return _run_client(used, _voices_command(args))
        with (
            collect_files(recipe, args, report_to_stderr) as files,
            _use_suite(layout, recipe, find_optional_stages(recipe, options)) as used,
        ):
            return _run_client(used, run_command(recipe, files, args))
    except ApiError as error:
        raise SetupError(str(error)) from error
    except (OSError, http.client.HTTPException) as error:
        raise SetupError(f"The local suite does not respond: {error}") from error


def run_command(recipe: Recipe, files: Sequence[Path], args: argparse.Namespace) -> list[str]:
    """Returns the arguments of the client's command that runs a job."""
    command = ["run", recipe.name, "--out", args.out, *(["--json"] if args.json else [])]
    for name, value in (("title", args.title), ("prompt", args.prompt), ("text", args.source)):
        command += [f"--{name}={value}"] if value is not None else []
    for name in OPTIONS:
        value = getattr(args, name)
        command += [] if value is None else [f"--{name.replace('_', '-')}={value}"]
    # A name such as `--a.mp4` would be an option.
    return [*command, *(f"./{file}" if str(file).startswith("-") else str(file) for file in files)]


def check_narration(recipe: Recipe) -> None:
    """Raises SetupError for a recipe without narration."""
    if NARRATING_STAGE not in recipe.stages:
        raise SetupError(f"{recipe.name} has no narration, so there are no voices to list.")


def _voices_command(args: argparse.Namespace) -> list[str]:
    language = [] if args.language is None else [f"--language={args.language}"]
    samples = [] if args.samples is None else [f"--samples={args.samples}"]
    return ["voices", *language, *samples, *(["--json"] if args.json else [])]


def _run_client(layout: SuiteLayout, arguments: Sequence[str]) -> int:
    """Runs the client's command as the user of the local suite. Returns its exit code."""
    requirements = CLIENT_FOLDER / "requirements.txt"
    python = prepare_python(requirements, "the client", report_to_stderr)
    user = User(layout.url("auth"), "local@moodreel.test", "local-only-password")
    user.sign_in()
    env = {
        "PYTHONPATH": str(CLIENT_FOLDER),
        "MOODREEL_URL": layout.url("api"),
        # An ID token is valid for an hour, which a long job may exceed.
        "MOODREEL_REFRESH_TOKEN": user.refresh_token,
        "MOODREEL_API_KEY": "",
    }
    process = subprocess.Popen(
        [python, "-P", "-m", "moodreel", *arguments],
        env=clean_env(env),
        # Ctrl-C on a terminal would reach the command twice, and a second one ends its cancel.
        process_group=0,
    )
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            process.send_signal(signal.SIGINT)


def _find_recipe(name: str) -> Recipe:
    recipe = RECIPES.get(name)
    if recipe is None:
        raise SetupError(f"There is no recipe {name!r}. Choose one of: {', '.join(RECIPES)}.")
    return recipe


def find_optional_stages(recipe: Recipe, options: Mapping[str, str]) -> list[str]:
    """Returns the optional stages that options of the command line choose."""
    return [
        row.name
        for row in recipe.optional_stages
        if options.get(row.option) in {str(value).lower() for value in row.values}
    ]


@contextlib.contextmanager
def _use_suite(
    layout: SuiteLayout, recipe: Recipe, optional_stages: Sequence[str] = ()
) -> Iterator[SuiteLayout]:
    """Yields the running suite, or starts one for this job.

    When the ports are in use, the new suite gets other ports: only this command uses it.
    """
    if find_runner_pid(layout) is not None:
        suite_client.wait_until_ready(layout, _SUITE_START_TIMEOUT_S)
        yield layout
        return
    busy = find_taken_ports((name, layout.port(name)) for name in (*SUPPORT_SERVICES, *FUNCTIONS))
    if not busy:
        with suite_client.run_in_background(
            layout, recipe=recipe.name, optional_stages=optional_stages, output=sys.stderr
        ):
            yield layout
        return
    other = SuiteLayout(find_free_base())
    report_to_stderr(
        f"Already in use: port {', '.join(map(str, busy))}. Using ports from {other.base} instead."
    )
    try:
        with suite_client.run_in_background(
            other, recipe=recipe.name, optional_stages=optional_stages, output=sys.stderr
        ):
            yield other
    finally:
        shutil.rmtree(other.folder, ignore_errors=True)


def report_to_stderr(line: str) -> None:
    """Prints progress to standard error. Standard output is for the results."""
    print(line, file=sys.stderr, flush=True)
