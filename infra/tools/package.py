"""Packs each built function into a zip that Cloud Functions can build.

python -m infra.tools.package [FUNCTION…] [--out DIR] [--deck-model-client CLIENT]

A zip holds a one-line `main.py`, the function's folder, of `shared` the modules that it can import
(see `reach.py`), and its locked requirements. Names are sorted, times and modes fixed, and nothing
is compressed: the same tree gives the same bytes on any machine. The hash of the content is in the
name, so what a change cannot reach keeps its name and is not deployed again.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from infra.local.cli.run import report_to_stderr
from infra.local.setup import console
from infra.local.setup.tools import deck_model_client, prepare_console_pages, requirements_file
from infra.tools.imports import ROOT, find_modules
from shared.pipeline import FUNCTIONS
from shared.runtime.settings import DECK_MODEL_CLIENTS

PACKAGES_DIR = ROOT / ".local" / "packages"
TFVARS = ROOT / "infra" / "terraform" / "packages.auto.tfvars.json"
ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The first moment that a zip can tell."""
FILE_MODE = 0o100644 << 16
EXCLUDED_SUFFIXES = (".in", ".md", ".pyc")
EXCLUDED_FOLDERS = ("__pycache__", "node_modules", "pictures")
SITE_FOLDER = "site"
"""Where built pages lie beside a function's code."""
HASH_DIGITS = 16


def collect_files(function: str, client: str = DECK_MODEL_CLIENTS[0]) -> dict[str, bytes]:
    """What goes into a function's zip, by name. `client` is the library that asks Gemini."""
    folder = Path("functions") / function
    beside = {path.parent for path in find_modules(function) if path.parts[0] == "shared"}
    data = _data(one for path in beside for one in (ROOT / path).glob("*"))
    data |= {one for one in _data((ROOT / folder).rglob("*")) if not _of_web(folder, one)}
    files = {
        path.as_posix(): (ROOT / path).read_bytes() for path in (*find_modules(function), *data)
    }
    if function == "console":
        files |= _pages(folder / SITE_FOLDER)
    files["main.py"] = f"from functions.{function}.main import main  # noqa: F401\n".encode()
    lock = requirements_file(function, client).name
    files["requirements.txt"] = (ROOT / folder / lock).read_bytes()
    return files


def _of_web(folder: Path, name: Path) -> bool:
    """Whether it is a source of pages: these are deployed as they were built."""
    return name.is_relative_to(folder / console.WEB_FOLDER.name)


def _pages(target: Path) -> dict[str, bytes]:
    built = prepare_console_pages(report_to_stderr)
    found = (path for path in built.rglob("*") if path.is_file())
    return {(target / path.relative_to(built)).as_posix(): path.read_bytes() for path in found}


def _data(found: Iterable[Path]) -> set[Path]:
    """Those files that are read at run time; code is found by who imports it."""
    names = ((path, path.relative_to(ROOT)) for path in found)
    return {
        name
        for path, name in names
        if path.is_file()
        and path.suffix not in (*EXCLUDED_SUFFIXES, ".py")
        and not path.name.startswith("requirements")
        and not any(part in EXCLUDED_FOLDERS or part.startswith(".") for part in name.parts)
    }


def write_zip(files: Mapping[str, bytes], target: Path) -> None:
    """Write a zip; whoever writes the same files again writes the same bytes."""
    draft = target.with_suffix(".new")
    with zipfile.ZipFile(draft, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, ZIP_EPOCH)
            # The platform that wrote it stands in a zip as well.
            entry.create_system, entry.external_attr = 3, FILE_MODE
            archive.writestr(entry, files[name])
    draft.replace(target)


def hash_files(files: Mapping[str, bytes]) -> str:
    """A name for exactly this content."""
    total = hashlib.sha256()
    for name in sorted(files):
        total.update(f"{name}\0{len(files[name])}\0".encode() + files[name])
    return total.hexdigest()[:HASH_DIGITS]


def package_functions(
    functions: Iterable[str], out: Path, client: str = DECK_MODEL_CLIENTS[0]
) -> dict[str, Path]:
    """Pack these functions into `out`; → function to zip. `client` is the library that asks
    Gemini."""
    out.mkdir(parents=True, exist_ok=True)
    made = {}
    for function in functions:
        files = collect_files(function, client)
        made[function] = out / f"{function}-{hash_files(files)}.zip"
        write_zip(files, made[function])
    return made


def render_tfvars(packages: Mapping[str, Path], client: str = DECK_MODEL_CLIENTS[0]) -> str:
    """The zips as Terraform reads them, by their paths below the project's root, and the library
    for Gemini that is in them: a function is never told to use another one."""
    paths = {name: path.relative_to(ROOT).as_posix() for name, path in sorted(packages.items())}
    return json.dumps({"packages": paths, "gemini_client": client}, indent=2) + "\n"


def main(arguments: list[str] | None = None) -> int:
    """Pack what is asked for; without names all of it, and tell Terraform."""
    built = [row.name for row in FUNCTIONS.values() if row.is_built]
    parser = argparse.ArgumentParser(prog="python -m infra.tools.package", description=__doc__)
    parser.add_argument(
        "functions", nargs="*", metavar="FUNCTION", help="default: all that is built"
    )
    parser.add_argument("--out", type=Path, default=PACKAGES_DIR, help="default: .local/packages")
    parser.add_argument(
        "--deck-model-client", choices=DECK_MODEL_CLIENTS, default=deck_model_client(),
        help="the library that asks Gemini; default: MOODREEL_DECK_MODEL_CLIENT or google-genai",
    )  # fmt: skip
    asked = parser.parse_args(arguments)
    if unknown := sorted(set(asked.functions) - set(built)):
        parser.error(f"no such function: {', '.join(unknown)}; there are {', '.join(built)}")
    client = asked.deck_model_client
    made = package_functions(asked.functions or built, asked.out, client)
    for path in made.values():
        sys.stdout.write(f"{path.name}  {path.stat().st_size / 1024:.0f} KB\n")
    if not asked.functions and asked.out == PACKAGES_DIR:
        TFVARS.write_text(render_tfvars(made, client))
    return 0


if __name__ == "__main__":
    sys.exit(main())
