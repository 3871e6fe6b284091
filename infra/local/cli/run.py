"""`run RECIPE [FILE…]`: runs one job over the public HTTP API and downloads its results."""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import shutil
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from infra.local.cli.download import download_artifacts
from infra.local.cli.inputs import collect_inputs, guess_content_type
from infra.local.cli.progress import ProgressDisplay, format_stage_times
from infra.local.cli.run_options import OPTIONS
from infra.local.cli.voices import check_narration, list_voices
from infra.local.client.api_client import ApiError, Client, TransferError, User
from infra.local.suite import suite_client
from infra.local.suite.layout import SUPPORT_SERVICES, SetupError, SuiteLayout
from infra.local.suite.ports import find_free_base, find_taken_ports
from infra.local.suite.suite import find_runner_pid
from shared.pipeline import FUNCTIONS, RECIPES, Recipe

_POLL_S = 0.3
_NOTIFICATION_TIMEOUT_S = 10.0
"""How long to wait for the email after a job has ended. The results do not depend on it."""
_SUITE_START_TIMEOUT_S = 300.0
"""How long to wait for a suite that another process is starting. It may be installing packages."""
_TERMINAL = ("done", "failed", "cancelled")


def run(args: argparse.Namespace) -> int:
    """Returns 0 when the job is done and its results are in --out, otherwise 1."""
    recipe = _find_recipe(args.recipe)
    if args.list_voices:
        return _list_voices(recipe, args)
    files = [Path(name) for name in args.files]
    missing = [str(path) for path in files if not path.is_file()]
    if missing:
        raise SetupError(f"File not found: {', '.join(missing)}.")
    options = {key: str(getattr(args, key)) for key in OPTIONS if getattr(args, key) is not None}
    layout = SuiteLayout.from_env()
    progress = ProgressDisplay()
    try:
        with (
            collect_inputs(recipe, files, args, report_to_stderr) as inputs,
            _use_suite(layout, recipe, find_optional_stages(recipe, options)) as layout,
        ):
            return _run_job(_client(layout), recipe, inputs, options, args, progress)
    except (ApiError, TransferError) as error:
        raise SetupError(str(error)) from error
    except (OSError, http.client.HTTPException) as error:
        raise SetupError(f"The local suite does not respond: {error}") from error


def _list_voices(recipe: Recipe, args: argparse.Namespace) -> int:
    check_narration(recipe)
    samples = None if args.samples is None else Path(args.samples)
    try:
        with _use_suite(SuiteLayout.from_env(), recipe) as layout:
            return list_voices(_client(layout), args.language, samples)
    except ApiError as error:
        raise SetupError(str(error)) from error
    except (OSError, http.client.HTTPException) as error:
        raise SetupError(f"The local suite does not respond: {error}") from error


def _client(layout: SuiteLayout) -> Client:
    user = User(layout.url("auth"), "local@moodreel.test", "local-only-password")
    return Client(layout.url("api"), user)


def _run_job(
    client: Client,
    recipe: Recipe,
    inputs: Mapping[str, Path],
    options: Mapping[str, str],
    args: argparse.Namespace,
    progress: ProgressDisplay,
) -> int:
    descriptions = {
        name: {
            "filename": path.name,
            "content_type": guess_content_type(path),
            "size_bytes": path.stat().st_size,
        }
        for name, path in inputs.items()
    }
    created = client.create_job(recipe.name, descriptions, options, _job_title(args))
    job_id = created["job"]["id"]
    try:
        for name, path in inputs.items():
            total = path.stat().st_size
            client.upload(
                created["uploads"][name],
                path,
                lambda done, name=path.name, total=total: progress.show_transfer(  # type: ignore[misc]
                    name, done, total
                ),
            )
            progress.finish()
        job = _follow(client, job_id, progress)
    except KeyboardInterrupt:
        with contextlib.suppress(ApiError, OSError):
            client.call("POST", f"/v1/jobs/{job_id}/cancel")
        print(f"Cancelled job {job_id}.", file=sys.stderr)
        raise
    paths = download_artifacts(client, job["artifacts"], Path(args.out), progress)
    if args.json:
        print(json.dumps(job, indent=2))
    else:
        print("\n".join([*map(str, paths), *format_stage_times(job["stages"])]))
        if job.get("voice"):
            print(f"Voice: {job['voice']}")
    for warning in job.get("warnings") or ():
        print(f"Note: {warning}", file=sys.stderr)
    if job["status"] == "done":
        return 0
    if job["status"] == "awaiting_review":
        print(_review_hint(client, job_id), file=sys.stderr)
        return 0
    error = job.get("error") or {}
    print(error.get("message") or f"The job was {job['status']}.", file=sys.stderr)
    return 1


def _review_hint(client: Client, job_id: str) -> str:
    deck = f"{client.api_url}/v1/jobs/{job_id}/deck"
    return (
        f"The deck is ready for review. PUT {deck} edits it, POST {deck}/release makes the film. "
        "If this command started the suite, the suite stops now. Run ./emulator.sh up to continue."
    )


def _follow(client: Client, job_id: str, progress: ProgressDisplay) -> dict[str, Any]:
    """Shows the job until it has ended and its email is sent or late. Returns the job."""
    ended: float | None = None
    while True:
        job = client.get_job(job_id)
        progress.show_job(job["status"], job["stages"])
        if job["status"] == "awaiting_review":
            break
        if job["status"] in _TERMINAL:
            ended = ended or time.monotonic()
            notified = job["stages"][-1]["state"] in ("done", "failed")
            if notified or time.monotonic() - ended > _NOTIFICATION_TIMEOUT_S:
                break
        time.sleep(_POLL_S)
    progress.finish()
    return job


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


def _job_title(args: argparse.Namespace) -> str | None:
    """Returns the job's title: of --title, the start of --prompt, or the file name of --text.

    None means that the job is named by its uploaded file.
    """
    if args.title:
        return str(args.title)
    if args.prompt is not None:
        return " ".join(args.prompt.split())[:80] or None
    return Path(args.source).stem[:80] or None if args.source is not None else None


def report_to_stderr(line: str) -> None:
    """Prints progress to standard error. Standard output is for the results."""
    print(line, file=sys.stderr, flush=True)
