"""The packages that functions ask for by name, as a table for the README.

Which function uses a package is read from the functions' requirement files; purposes and notes
stand here. What these packages bring along is in LICENCES.md.
"""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[2]
_NAME = re.compile(r"^[A-Za-z0-9._-]+")

PURPOSES: dict[str, tuple[str, str]] = {
    "functions-framework": (
        "runs a function",
        "the framework of Cloud Functions, here and in the cloud",
    ),
    "google-cloud-firestore": ("jobs, stages, units", ""),
    "google-cloud-pubsub": ("messages between stages", ""),
    "google-cloud-storage": ("uploads and results", ""),
    "google-cloud-texttospeech": ("speech", ""),
    "google-genai": (
        "Gemini writes decks",
        "the default: by Vertex AI with the function's own service account, or by the Gemini "
        "Developer API with `GEMINI_API_KEY`",
    ),
    "google-generativeai": (
        "Gemini writes decks",
        "**out of support since November 2025** and superseded by google-genai; selectable with "
        "`MOODREEL_DECK_MODEL_CLIENT=google-generativeai`, with an API key only. It holds "
        "protobuf at 5 and Google's other clients at versions of that time, so it has an "
        "environment of its own. Its FutureWarning is not silenced",
    ),
    "firebase-admin": ("ID tokens and accounts", ""),
    "flask": ("requests and responses", "comes with functions-framework"),
    "pydantic": ("schemas of requests and responses", ""),
    "pyjwt": ("the receipt's signature after an erasure", ""),
    "requests": ("signing in with a password", ""),
    "av": (
        "decodes and encodes video and sound",
        "brings FFmpeg with x264 and x265 (GPL); 18.1 on every Python, 19 changed the API",
    ),
    "opencv-python-headless": ("faces, scaling, JPEG", ""),
    "numpy": ("pictures and sound as arrays", ""),
    "pillow": ("pictures, slides, text", "with Raqm for right-to-left scripts"),
    "pi-heif": ("reads HEIC", "no encoder"),
    "justmytype-*": ("fonts of slides, charts and subtitles", "Open Font License"),
    "protobuf": ("messages of google-generativeai", "imported by no code here; below 6 for it"),
}


def find_users() -> dict[str, set[str]]:
    """Package → the functions that ask for it. What only another set of requirements asks for has
    `function` with that set's name."""
    found: dict[str, set[str]] = defaultdict(set)
    for path in sorted(ROOT.glob("functions/*/requirements.in")):
        for name in _names(path):
            found[name].add(f"`{path.parent.name}`")
    for path in sorted(ROOT.glob("functions/*/requirements-*.in")):
        for name in _names(path):
            usual = f"`{path.parent.name}`"
            if usual not in found[name]:
                found[name].add(f"{usual} with {path.stem.removeprefix('requirements-')}")
    return found


def render_table() -> str:
    """A row a package. Raises ValueError when a package has no purpose here, or a purpose no
    package."""
    found = find_users()
    if wrong := sorted(found.keys() ^ PURPOSES.keys()):
        raise ValueError(f"infra/tools/dependencies.py and the requirement files differ: {wrong}")
    every = {f"`{path.parent.name}`" for path in ROOT.glob("functions/*/requirements.in")}
    lines = ["| package | what for | where | note |", "| --- | --- | --- | --- |"]
    for name, (purpose, note) in PURPOSES.items():
        lines.append(f"| {name} | {purpose} | {_where(found[name], every)} | {note} |")
    return "\n".join(lines)


def _where(some: set[str], every: set[str]) -> str:
    missing = every - some
    if not missing:
        return "all"
    if len(missing) < 3:
        return f"all but {', '.join(sorted(missing))}"
    return ", ".join(sorted(some))


def _names(path: Path) -> set[str]:
    """The packages that a requirement file asks for, with those of the files that it includes."""
    found: set[str] = set()
    for line in path.read_text().splitlines():
        if line.startswith("-r "):
            found |= _names(path.parent / line.removeprefix("-r ").strip())
        elif match := _NAME.match(line):
            name = match[0].lower()
            found.add("justmytype-*" if name.startswith("justmytype-") else name)
    return found
