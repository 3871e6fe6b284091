"""The input files of `run`: their number, and the sample clip in place of a missing video."""

from __future__ import annotations

import argparse
import contextlib
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from infra.local.setup.installs import Report, clean_env
from infra.local.setup.tools import prepare_python, requirements_file
from infra.local.suite.layout import ROOT, SetupError
from shared.pipeline import Recipe


@contextlib.contextmanager
def collect_files(recipe: Recipe, args: argparse.Namespace, report: Report) -> Iterator[list[Path]]:
    """Yields the files of a job. A missing video is replaced by a sample clip.

    Raises:
        SetupError: A file does not exist, or the recipe takes another number of files.
    """
    files = [Path(name) for name in args.files]
    texts = [Path(args.source)] if args.source is not None else []
    missing = [str(path) for path in (*files, *texts) if not path.is_file()]
    if missing:
        raise SetupError(f"File not found: {', '.join(missing)}.")
    required = [input_.name for input_ in recipe.inputs if not input_.optional]
    if not files and required == ["video"]:
        with tempfile.TemporaryDirectory() as folder:
            clip = Path(folder) / "sample.mp4"
            _make_sample(clip, report)
            yield [clip]
        return
    has_prompt = args.prompt is not None or args.source is not None
    if has_prompt and required != ["prompt"]:
        raise SetupError("Use --prompt and --text only with a recipe that takes a prompt.")
    most = sum(input_.max_count for input_ in recipe.inputs) - has_prompt
    if not len(required) - has_prompt <= len(files) <= most:
        names = [f"[{input_.name}]" if input_.optional else input_.name for input_ in recipe.inputs]
        raise SetupError(
            f"The recipe {recipe.name} needs {len(required)} file(s): {', '.join(names)}. "
            f"You passed {len(files)}."
        )
    yield files


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
