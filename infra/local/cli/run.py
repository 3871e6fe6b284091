"""`run RECIPE [FILE…]`: one job from files to results, over the same HTTP as everybody."""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import mimetypes
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from infra.local.cli.download import download_artifacts
from infra.local.cli.progress import ProgressDisplay, format_stage_times
from infra.local.setup.installs import clean_env
from infra.local.setup.tools import prepare_python, requirements_file
from infra.local.suite import suite_client
from infra.local.suite.api_client import ApiError, Client, TransferError, User
from infra.local.suite.layout import ROOT, SUPPORT_SERVICES, SetupError, SuiteLayout
from infra.local.suite.ports import find_free_base, find_taken_ports
from infra.local.suite.suite import find_runner_pid
from shared.pipeline import FUNCTIONS, RECIPES, Recipe
from shared.recipes.films.prompt import Prompt

OPTIONS = (
    "every", "start", "end", "max_width", "format", "quality", "consent", "purpose", "smooth",
    "mirror", "annotate",
    "shape", "resolution", "loudness", "slides", "language", "tone", "audience", "aspect", "theme",
    "voice", "speed", "pitch", "transition", "subtitles", "motion", "pictures", "stop_at",
)  # fmt: skip
_POLL_S = 0.3
_LAST_STAGE_S = 10.0
"""How long after its end a job's mail is waited for; the results do not depend on it."""
_STARTING_S = 300.0
"""How long a suite that somebody else starts may take; it may be installing."""
_TERMINAL = ("done", "failed", "cancelled")

# The system's own list may lack these or read .ts as something else.
_TYPES = {
    ".mp4": "video/mp4",
    ".m4v": "video/x-m4v",
    ".mov": "video/quicktime",
    ".mkv": "video/x-matroska",
    ".webm": "video/webm",
    ".ts": "video/mp2t",
    ".m2ts": "video/mp2t",
    ".mpg": "video/mpeg",
    ".avi": "video/x-msvideo",
    ".webp": "image/webp",
    ".heic": "image/heic",
    ".heif": "image/heif",
    ".m4a": "audio/mp4",
    ".mp3": "audio/mpeg",
    ".wav": "audio/wav",
    ".ogg": "audio/ogg",
    ".opus": "audio/ogg",
    ".flac": "audio/flac",
}


def run(args: argparse.Namespace) -> int:
    """0 when the job is done and its results lie in --out; 1 otherwise."""
    recipe = _recipe(args.recipe)
    files = [Path(name) for name in args.files]
    missing = [str(path) for path in files if not path.is_file()]
    if missing:
        raise SetupError(f"There is no file {', '.join(missing)}.")
    options = {key: str(getattr(args, key)) for key in OPTIONS if getattr(args, key) is not None}
    place = SuiteLayout.from_env()
    progress = ProgressDisplay()
    try:
        with _given(recipe, files, args) as inputs, _suite(place, recipe) as place:
            user = User(place.url("auth"), "local@moodreel.test", "local-only-password")
            client = Client(place.url("api"), user)
            return _one_job(client, recipe, inputs, options, args, progress)
    except (ApiError, TransferError) as problem:
        raise SetupError(str(problem)) from problem
    except (OSError, http.client.HTTPException) as lost:
        raise SetupError(f"The local cloud does not answer: {lost}") from lost


def _one_job(
    client: Client,
    recipe: Recipe,
    inputs: Mapping[str, Path],
    options: Mapping[str, str],
    args: argparse.Namespace,
    progress: ProgressDisplay,
) -> int:
    described = {
        name: {
            "filename": path.name,
            "content_type": guess_content_type(path),
            "size_bytes": path.stat().st_size,
        }
        for name, path in inputs.items()
    }
    made = client.create_job(recipe.name, described, options, _title(args))
    job_id = made["job"]["id"]
    try:
        for name, path in inputs.items():
            total = path.stat().st_size
            client.upload(
                made["uploads"][name],
                path,
                lambda done, what=path.name, total=total: progress.show_transfer(  # type: ignore[misc]
                    what, done, total
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
        f"The deck waits for you. PUT {deck} edits it, POST {deck}/release makes the film. A suite "
        "that was started by this command ends now: start one with ./emulator.sh up to go on."
    )


def _follow(client: Client, job_id: str, progress: ProgressDisplay) -> dict[str, Any]:
    """Show the job until it has ended, and its mail is out or late."""
    ended: float | None = None
    while True:
        job = client.get_job(job_id)
        progress.show_job(job["stages"])
        if job["status"] == "awaiting_review":
            break
        if job["status"] in _TERMINAL:
            ended = ended or time.monotonic()
            told = job["stages"][-1]["state"] in ("done", "failed")
            if told or time.monotonic() - ended > _LAST_STAGE_S:
                break
        time.sleep(_POLL_S)
    progress.finish()
    return job


def _recipe(name: str) -> Recipe:
    recipe = RECIPES.get(name)
    if recipe is None:
        raise SetupError(f"There is no recipe {name!r}. There are: {', '.join(RECIPES)}.")
    return recipe


@contextlib.contextmanager
def _suite(place: SuiteLayout, recipe: Recipe) -> Iterator[SuiteLayout]:
    """A suite that is up, or one for the time of this job; on other ports when its own are taken.

    Nobody but this command needs to know the ports of a suite that ends with it.
    """
    if find_runner_pid(place) is not None:
        suite_client.wait_until_ready(place, _STARTING_S)
        yield place
        return
    busy = find_taken_ports((name, place.port(name)) for name in (*SUPPORT_SERVICES, *FUNCTIONS))
    if not busy:
        with suite_client.run_in_background(place, recipe=recipe.name, output=sys.stderr):
            yield place
        return
    other = SuiteLayout(find_free_base())
    report_to_stderr(
        f"Already in use: port {', '.join(map(str, busy))}. Using ports from {other.base}."
    )
    try:
        with suite_client.run_in_background(other, recipe=recipe.name, output=sys.stderr):
            yield other
    finally:
        shutil.rmtree(other.folder, ignore_errors=True)


@contextlib.contextmanager
def _given(
    recipe: Recipe, files: list[Path], args: argparse.Namespace
) -> Iterator[dict[str, Path]]:
    """The files by the names of the recipe's inputs; a sample clip when a video is not given, and
    a file of its own for a prompt that was given as words."""
    names = [one.name for one in recipe.inputs if not one.optional]
    if args.prompt is not None:
        if names != ["prompt"] or len(files) > _most_files(recipe) - 1:
            raise SetupError("--prompt is for recipes that take a prompt, and instead of a file.")
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "prompt.txt"
            path.write_bytes(_prompt(args).to_bytes())
            yield _by_kind(recipe, [path, *files])
        return
    if not files and names == ["video"]:
        with tempfile.TemporaryDirectory() as folder:
            clip = Path(folder) / "sample.mp4"
            _make_sample(clip)
            yield {"video": clip}
        return
    if not len(names) <= len(files) <= _most_files(recipe):
        wanted = [f"[{one.name}]" if one.optional else one.name for one in recipe.inputs]
        raise SetupError(
            f"The recipe {recipe.name} takes {len(names)} file(s): {', '.join(wanted)}; "
            f"{len(files)} given."
        )
    yield _by_kind(recipe, files)


def _prompt(args: argparse.Namespace) -> Prompt:
    """What --prompt says, and the text of --source."""
    if args.source is None:
        return Prompt(args.prompt)
    try:
        return Prompt(args.prompt, Path(args.source).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as wrong:
        raise SetupError(f"{args.source} is no text in UTF-8: {wrong}") from wrong


def _title(args: argparse.Namespace) -> str | None:
    """What the job is called: a prompt's first words, since its file has no name of its own."""
    if args.title or args.prompt is None:
        return str(args.title) if args.title else None
    return " ".join(args.prompt.split())[:80] or None


def _by_kind(recipe: Recipe, files: list[Path]) -> dict[str, Path]:
    """Each file to the first input that takes its media type, in any order; what fits nowhere
    goes to what is left, and the API says what is wrong with it."""
    left = list(files)
    given: dict[str, Path] = {}
    for one in recipe.inputs:
        fits = [path for path in left if guess_content_type(path).partition("/")[0] in one.kinds]
        for name, path in zip(one.names, fits, strict=False):
            given[name] = path
            left.remove(path)
    unmet = [name for one in recipe.inputs for name in one.names if name not in given]
    return given | dict(zip(unmet, left, strict=False))


def _most_files(recipe: Recipe) -> int:
    return sum(one.max_count for one in recipe.inputs)


def _make_sample(path: Path) -> None:
    """Ten seconds of video, made in an environment that has PyAV and numpy."""
    python = prepare_python(
        requirements_file("frame_extraction"), "the sample clip", report_to_stderr
    )
    code = "import sys, pathlib; from infra.local.cli.sample_clip import write_sample_clip; "
    code += "write_sample_clip(pathlib.Path(sys.argv[1]), duration_s=10)"
    made = subprocess.run(
        [str(python), "-c", code, str(path)],
        env=clean_env({"PYTHONPATH": str(ROOT)}),
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        raise SetupError(f"The sample clip could not be made: {made.stderr.strip()[-300:]}")


def report_to_stderr(line: str) -> None:
    """Progress goes to standard error: standard output is for the results."""
    print(line, file=sys.stderr, flush=True)


def guess_content_type(path: Path) -> str:
    """The media type by the file's ending."""
    known = _TYPES.get(path.suffix.lower()) or mimetypes.guess_type(path.name)[0]
    return known or "application/octet-stream"
