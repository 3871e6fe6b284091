"""The input files of `run`: assigns files to the inputs of a recipe."""

from __future__ import annotations

import argparse
import contextlib
import mimetypes
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from infra.local.setup.installs import Report, clean_env
from infra.local.setup.tools import prepare_python, requirements_file
from infra.local.suite.layout import ROOT, SetupError
from shared.pipeline import Recipe
from shared.recipes.films.prompt import Prompt

# The system's MIME table may lack these, or map .ts to another type.
_CONTENT_TYPES = {
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


@contextlib.contextmanager
def collect_inputs(
    recipe: Recipe, files: list[Path], args: argparse.Namespace, report: Report
) -> Iterator[dict[str, Path]]:
    """Yields the files by the names of the recipe's inputs.

    A missing video is replaced by a sample clip. The text of --prompt is written to a file.
    """
    required = [input_.name for input_ in recipe.inputs if not input_.optional]
    if args.prompt is not None:
        if required != ["prompt"] or len(files) > _max_files(recipe) - 1:
            raise SetupError(
                "Use --prompt only with a recipe that takes a prompt, and without a prompt file."
            )
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "prompt.txt"
            path.write_bytes(_build_prompt(args).to_bytes())
            yield _assign_files(recipe, [path, *files])
        return
    if not files and required == ["video"]:
        with tempfile.TemporaryDirectory() as folder:
            clip = Path(folder) / "sample.mp4"
            _make_sample(clip, report)
            yield {"video": clip}
        return
    if not len(required) <= len(files) <= _max_files(recipe):
        names = [f"[{input_.name}]" if input_.optional else input_.name for input_ in recipe.inputs]
        raise SetupError(
            f"The recipe {recipe.name} needs {len(required)} file(s): {', '.join(names)}. "
            f"You passed {len(files)}."
        )
    yield _assign_files(recipe, files)


def _build_prompt(args: argparse.Namespace) -> Prompt:
    """Returns the prompt from --prompt and the text of --source."""
    if args.source is None:
        return Prompt(args.prompt)
    try:
        return Prompt(args.prompt, Path(args.source).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SetupError(f"{args.source} is not UTF-8 text: {error}") from error


def _assign_files(recipe: Recipe, files: list[Path]) -> dict[str, Path]:
    """Assigns each file to the first input that accepts its media type, in any order.

    Files without a match go to the remaining inputs, and the API reports the error.
    """
    remaining = list(files)
    assigned: dict[str, Path] = {}
    for input_ in recipe.inputs:
        matches = [
            path for path in remaining if guess_content_type(path).partition("/")[0] in input_.kinds
        ]
        for name, path in zip(input_.names, matches, strict=False):
            assigned[name] = path
            remaining.remove(path)
    missing = [name for input_ in recipe.inputs for name in input_.names if name not in assigned]
    return assigned | dict(zip(missing, remaining, strict=False))


def _max_files(recipe: Recipe) -> int:
    return sum(input_.max_count for input_ in recipe.inputs)


def _make_sample(path: Path, report: Report) -> None:
    """Writes ten seconds of video, with an environment that has PyAV and numpy."""
    python = prepare_python(requirements_file("frame_extraction"), "the sample clip", report)
    code = "import sys, pathlib; from infra.local.cli.sample_clip import write_sample_clip; "
    code += "write_sample_clip(pathlib.Path(sys.argv[1]), duration_s=10)"
    completed = subprocess.run(
        [str(python), "-c", code, str(path)],
        env=clean_env({"PYTHONPATH": str(ROOT)}),
        capture_output=True,
        text=True,
        check=False,
    )
    if completed.returncode:
        raise SetupError(f"Could not make the sample clip: {completed.stderr.strip()[-300:]}")


def guess_content_type(path: Path) -> str:
    """Returns the media type for the file's extension."""
    content_type = _CONTENT_TYPES.get(path.suffix.lower()) or mimetypes.guess_type(path.name)[0]
    return content_type or "application/octet-stream"
