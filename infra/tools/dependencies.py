"""The direct dependencies of the functions, as a table for the README.

The functions of each package are read from their requirement files; purposes and notes are defined
here. LICENCES.md also lists indirect dependencies.
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
        "the framework of Cloud Functions, locally and in the cloud",
    ),
    "google-cloud-firestore": ("jobs, stages, units", ""),
    "google-cloud-pubsub": ("messages between stages", ""),
    "google-cloud-speech": ("speech recognition", ""),
    "google-cloud-storage": ("uploads and results", ""),
    "google-cloud-texttospeech": ("speech", ""),
    "google-genai": (
        "client for Gemini, which writes decks and draws pictures",
        "the default: on Vertex AI with the function's own service account, or on the Gemini "
        "Developer API with `GEMINI_API_KEY`",
    ),
    "google-generativeai": (
        "client for Gemini, which writes decks",
        "**out of support since November 2025** and superseded by google-genai; selectable with "
        "`MOODREEL_DECK_MODEL_CLIENT=google-generativeai`, with an API key only. It requires "
        "protobuf 5 and older versions of Google's other clients, so it has its own "
        "environment. Its FutureWarning is not suppressed",
    ),
    "cryptography": (
        "encrypts passwords of cameras, secrets of webhooks, and URLs of inputs and results",
        "with HPKE (RFC 9180)",
    ),
    "firebase-admin": ("ID tokens and accounts", ""),
    "flask": ("requests and responses", "comes with functions-framework"),
    "jinja2": ("templates of emails and of the share page", "comes with flask"),
    "pydantic": ("schemas of requests and responses", ""),
    "pyjwt": ("signature of erasure receipts", ""),
    "requests": ("sign-in with a password", ""),
    "av": (
        "decodes and encodes video and audio",
        "contains FFmpeg with x264 and x265 (GPL); 18.1 on every Python; 19 changed the API",
    ),
    "opencv-python-headless": ("faces, scaling, JPEG", ""),
    "fonttools": ("reads the outlines of icons", "the fonts depend on it too"),
    "lucide": (
        "icons of slides",
        "SVG files of Lucide (ISC, partly MIT); its code is not imported",
    ),
    "python-pptx": ("writes decks for PowerPoint", "with lxml; imported when a deck is drawn"),
    "typst": (
        "writes decks as tagged PDF files",
        "the compiler of Typst (Apache-2.0) as a module of 80 MB; imported when a deck is drawn",
    ),
    "markdown-it-py": ("finds Markdown in the answers of the model", ""),
    "webrtcvad-wheels": (
        "finds speech in a sound",
        "the detector of WebRTC; maintained builds of webrtcvad for every Python",
    ),
    "numpy": ("pictures and audio as arrays", ""),
    "scenedetect-headless": (
        "finds the scenes of recaps",
        "PySceneDetect without a GUI (BSD-3-Clause); only its measure of changes is used",
    ),
    "pillow": ("pictures, slides, text", "with Raqm for right-to-left scripts"),
    "pi-heif": ("reads HEIC", "no encoder"),
    "justmytype-*": ("fonts of all drawn text", "Open Font License"),
    "manimgx-fonts": ("emoji, symbols and nine more scripts", "Noto, Open Font License"),
    "protobuf": ("messages of google-generativeai", "not imported directly; pinned below 6"),
}


def find_dependents() -> dict[str, set[str]]:
    """Returns the functions that require each package, by package. A package that only an
    alternative requirement file lists has the function with that file's name."""
    dependents: dict[str, set[str]] = defaultdict(set)
    for path in sorted(ROOT.glob("functions/*/requirements.in")):
        for name in _read_names(path):
            dependents[name].add(f"`{path.parent.name}`")
    for path in sorted(ROOT.glob("functions/*/requirements-*.in")):
        for name in _read_names(path):
            function = f"`{path.parent.name}`"
            if function not in dependents[name]:
                dependents[name].add(f"{function} with {path.stem.removeprefix('requirements-')}")
    return dependents


def render_table() -> str:
    """Returns one row per package. Raises ValueError if a package has no purpose in PURPOSES, or
    a purpose has no package."""
    dependents = find_dependents()
    if differences := sorted(dependents.keys() ^ PURPOSES.keys()):
        raise ValueError(
            f"infra/tools/dependencies.py and the requirement files differ: {differences}"
        )
    all_functions = {f"`{path.parent.name}`" for path in ROOT.glob("functions/*/requirements.in")}
    lines = ["| package | purpose | functions | notes |", "| --- | --- | --- | --- |"]
    for name, (purpose, note) in PURPOSES.items():
        functions = _format_dependents(dependents[name], all_functions)
        lines.append(f"| {name} | {purpose} | {functions} | {note} |")
    return "\n".join(lines)


def _format_dependents(dependents: set[str], all_functions: set[str]) -> str:
    missing = all_functions - dependents
    if not missing:
        return "all"
    if len(missing) < 3:
        return f"all but {', '.join(sorted(missing))}"
    return ", ".join(sorted(dependents))


def _read_names(path: Path) -> set[str]:
    """Returns the packages of a requirement file and of the files that it includes."""
    names: set[str] = set()
    for line in path.read_text().splitlines():
        if line.startswith("-r "):
            names |= _read_names(path.parent / line.removeprefix("-r ").strip())
        elif match := _NAME.match(line):
            name = match[0].lower()
            names.add("justmytype-*" if name.startswith("justmytype-") else name)
    return names
