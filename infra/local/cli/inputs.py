"""The input files of `run`: assigns files to the inputs of a recipe."""

from __future__ import annotations

import argparse
import contextlib
import mimetypes
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
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
    ".mts": "video/mp2t",
    ".m2t": "video/mp2t",
    ".vob": "video/mpeg",
    ".mod": "video/mpeg",
    ".mpg": "video/mpeg",
    ".avi": "video/x-msvideo",
    ".webp": "image/webp",
    ".heic": "image/heic",
    ".heif": "image/heif",
    ".m4a": "audio/mp4",
    ".m4b": "audio/mp4",
    ".mp3": "audio/mpeg",
    ".wav": "audio/wav",
    ".ogg": "audio/ogg",
    ".opus": "audio/ogg",
    ".flac": "audio/flac",
    ".aac": "audio/aac",
    ".ac3": "audio/ac3",
    ".amr": "audio/amr",
    ".caf": "audio/x-caf",
    ".mka": "audio/x-matroska",
    ".wma": "audio/x-ms-wma",
    ".wmv": "video/x-ms-wmv",
}

_HEAD_BYTES = 4096
_SIGNATURES = {
    b"\xff\xd8\xff": "image/jpeg",
    b"\x89PNG": "image/png",
    b"GIF8": "image/gif",
    b"\0\0\1\xba": "video/mpeg",
    b"\0\0\1\xb3": "video/mpeg",
    b"FLV\1": "video/x-flv",
    b"ID3": "audio/mpeg",
    b"fLaC": "audio/flac",
    b"#!AMR": "audio/amr",
    b"caff": "audio/x-caf",
    b".snd": "audio/basic",
    b"wvpk": "audio/x-wavpack",
    b"TTA1": "audio/x-tta",
    b"\x0b\x77": "audio/ac3",
    b"\xff\xf1": "audio/aac",
    b"\xff\xf9": "audio/aac",
    b"\xff\xfb": "audio/mpeg",
    b"\xff\xf3": "audio/mpeg",
}
_CONTAINERS = {
    b"\x1aE\xdf\xa3": "video/webm",
    b"OggS": "audio/ogg",
    b"\x30\x26\xb2\x75": "audio/x-ms-wma",
}
_BRANDS = {
    b"qt  ": "video/quicktime",
    b"M4A ": "audio/mp4",
    b"M4B ": "audio/mp4",
    b"heic": "image/heic",
    b"heix": "image/heic",
    b"mif1": "image/heif",
    b"avif": "image/avif",
}
"""The major brands of MP4 (ISO/IEC 14496-12) that have a media type of their own."""
_FORMS = {
    b"WEBP": "image/webp",
    b"WAVE": "audio/wav",
    b"AVI ": "video/x-msvideo",
    b"AIFF": "audio/aiff",
    b"AIFC": "audio/aiff",
}
_TS_SYNC = ((0, 188), (4, 192))
"""Where the first packet of MPEG-TS begins, and the length of a packet; M2TS puts a time before."""
_ANIMATED_TYPES = ("image/gif", "image/webp")
_OTHER_KINDS = {"video": ("audio",), "audio": ("video",)}
"""A container of sound can have pictures, and a film a sound to be used."""


@contextlib.contextmanager
def collect_inputs(
    recipe: Recipe, files: list[Path], args: argparse.Namespace, report: Report
) -> Iterator[dict[str, Path]]:
    """Yields the files by the names of the recipe's inputs.

    A missing video is replaced by a sample clip. --prompt and --text are written to one file.
    """
    required = [input_.name for input_ in recipe.inputs if not input_.optional]
    if args.prompt is not None or args.source is not None:
        if required != ["prompt"] or len(files) > _max_files(recipe) - 1:
            raise SetupError(
                "Use --prompt and --text only with a recipe that takes a prompt, and without a "
                "prompt file."
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
    """Returns the prompt from --prompt and the text of --text, of which one may be missing."""
    if args.source is None:
        return Prompt(args.prompt)
    try:
        return Prompt(args.prompt or "", Path(args.source).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SetupError(f"{args.source} is not UTF-8 text: {error}") from error


def _assign_files(recipe: Recipe, files: list[Path]) -> dict[str, Path]:
    """Assigns each file to the first input that takes its likeliest media type, in any order.

    Then the required inputs get files that they can take as well: an animated picture or a sound
    file can be a video, and a video can be a sound. Files without a match go to the remaining
    inputs, and upload_trigger reports the error. A required input that is still empty gets the
    file of an optional one.
    """
    remaining = list(files)
    assigned: dict[str, Path] = {}

    def assign(names: Iterable[str], matches: list[Path]) -> None:
        free = [name for name in names if name not in assigned]
        for name, path in zip(free, matches, strict=False):
            assigned[name] = path
            remaining.remove(path)

    for input_ in recipe.inputs:
        assign(input_.names, [path for path in remaining if _find_kinds(path)[0] in input_.kinds])
    required = [input_ for input_ in recipe.inputs if not input_.optional]
    for input_ in required:
        suitable = [path for path in remaining if set(_find_kinds(path)) & set(input_.kinds)]
        assign(input_.names, suitable)
    for inputs in (required, recipe.inputs):
        assign((name for input_ in inputs for name in input_.names), list(remaining))
    for input_ in required:
        if input_.name not in assigned:
            # An optional input has the only file that it can take.
            taken = [name for name, path in assigned.items()
                     if recipe.find_input(name) not in required
                     and set(_find_kinds(path)) & set(input_.kinds)]  # fmt: skip
            if taken:
                assigned[input_.name] = assigned.pop(taken[0])
    return assigned


def _find_kinds(path: Path) -> tuple[str, ...]:
    """Returns the top-level media types that a file can have; the likeliest one first."""
    content_type = guess_content_type(path)
    kind = content_type.partition("/")[0]
    if content_type in _ANIMATED_TYPES:
        return kind, "video"
    return (kind, *_OTHER_KINDS.get(kind, ()))


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
    """Returns the media type by the first bytes of the file, or else by its extension."""
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except OSError:
        head = b""
    named = _CONTENT_TYPES.get(path.suffix.lower()) or mimetypes.guess_type(path.name)[0]
    return _detect_content_type(head, named or "") or named or "application/octet-stream"


def _detect_content_type(head: bytes, named: str) -> str | None:
    """Returns the media type of a file that begins with `head`, or None if it is not known.

    `named` is the type by the extension, which is more exact for a container of several types.
    """
    if any(head[start : start + 2 * step + 1 : step] == b"G" * 3 for start, step in _TS_SYNC):
        return "video/mp2t"
    if head[:4] in (b"RIFF", b"FORM"):
        return _FORMS.get(head[8:12])
    if head[4:8] == b"ftyp" and head[8:12] in _BRANDS:
        return _BRANDS[head[8:12]]
    container = "video/mp4" if head[4:8] == b"ftyp" else _CONTAINERS.get(head[:4])
    if container is not None:
        return named if named.startswith(("video/", "audio/")) else container
    return next((kind for start, kind in _SIGNATURES.items() if head.startswith(start)), None)
