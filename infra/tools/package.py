"""Packages each function as a zip that Cloud Functions can build.

python -m infra.tools.package [FUNCTION…] [--out DIR] [--deck-model-client CLIENT]
                              [--illustrator NAME]

A zip contains a one-line `main.py`, the function's folder, the modules of `shared` that the
function can import (see `imports.py`), and its locked requirements. A module that a setting names
is imported by that name, so the package has to know it: see `Choices`. Names are sorted, times and
modes are fixed, and nothing is compressed, so the same source tree gives the same bytes on any
machine. The name contains the hash of the content: an unchanged function is not deployed again.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from infra.local.cli.run import report_to_stderr
from infra.local.setup import console
from infra.local.setup.tools import deck_model_client, prepare_console_build, requirements_file
from infra.tools.imports import ROOT, find_modules
from shared.pipeline import FUNCTIONS
from shared.runtime.models.deck_models import (
    DECK_MODEL_CLIENTS,
    GEMINI_ILLUSTRATOR,
    split_illustrator,
)

PACKAGES_DIR = ROOT / ".local" / "packages"
TFVARS = ROOT / "infra" / "terraform" / "packages.auto.tfvars.json"
ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip can store."""
FILE_MODE = 0o100644 << 16
EXCLUDED_SUFFIXES = (".in", ".md", ".pyc")
EXCLUDED_FOLDERS = ("__pycache__", "node_modules", "pictures")
SITE_FOLDER = "site"
"""Folder of the built pages in the function's folder."""
TEMPLATES_FOLDER = "templates"
"""Folder of the templates of a package of `shared`."""
VIEWER_FOLDER = "viewer"
"""Folder of the built viewer beside the API's documentation."""
HASH_DIGITS = 16
ILLUSTRATED_FUNCTION = "slide_generation"
"""The only function that uses an illustrator."""


@dataclass(frozen=True)
class Choices:
    """Settings that decide what packages contain. Terraform sets them to the same values.

    Attributes:
        client: the client library for Gemini.
        illustrator: MOODREEL_ILLUSTRATOR. That of the operator is a module of
            `functions.slide_generation` or `shared`; its requirements are in the lock file.
    """

    client: str = DECK_MODEL_CLIENTS[0]
    illustrator: str = ""

    def check(self) -> None:
        """Raises ValueError with the reason why a package with these choices would not work."""
        if self.illustrator == GEMINI_ILLUSTRATOR and self.client != DECK_MODEL_CLIENTS[0]:
            raise ValueError(f"the illustrator gemini needs {DECK_MODEL_CLIENTS[0]}")
        for module in self.dynamic_modules(ILLUSTRATED_FUNCTION):
            try:
                find_modules(ILLUSTRATED_FUNCTION, (module,))
            except FileNotFoundError as error:
                raise ValueError(str(error)) from error

    def dynamic_modules(self, function: str) -> tuple[str, ...]:
        """Returns the modules that a function imports by their names in the settings. Raises
        ValueError for an invalid name."""
        own = self.illustrator not in ("", GEMINI_ILLUSTRATOR)
        if function != ILLUSTRATED_FUNCTION or not own:
            return ()
        return (split_illustrator(self.illustrator)[0],)


DEFAULTS = Choices()


def collect_files(function: str, choices: Choices = DEFAULTS) -> dict[str, bytes]:
    """Returns the files of a function's zip, by name."""
    folder = Path("functions") / function
    modules = find_modules(function, choices.dynamic_modules(function))
    packages = {path.parent for path in modules if path.parts[0] == "shared"}
    data = _select_data(file for package in packages for file in (ROOT / package).glob("*"))
    data |= _select_data(
        file for package in packages for file in (ROOT / package / TEMPLATES_FOLDER).rglob("*")
    )
    own_data = _select_data((ROOT / folder).rglob("*"))
    data |= {name for name in own_data if not _is_page_source(folder, name)}
    files = {path.as_posix(): (ROOT / path).read_bytes() for path in (*modules, *data)}
    if function == "console":
        files |= _read_built(SITE_FOLDER, folder / SITE_FOLDER)
    if function == "api":
        files |= _read_built(console.VIEWER_FOLDER, folder / "documentation" / VIEWER_FOLDER)
    files["main.py"] = f"from functions.{function}.main import main  # noqa: F401\n".encode()
    lock = requirements_file(function, choices.client).name
    files["requirements.txt"] = (ROOT / folder / lock).read_bytes()
    return files


def _is_page_source(folder: Path, name: Path) -> bool:
    """Whether a file is a source of the console's pages, of which only the build is deployed."""
    return name.is_relative_to(folder / console.WEB_FOLDER.name)


def _read_built(name: str, target: Path) -> dict[str, bytes]:
    """Returns the files of a folder that the build of the console writes."""
    folder = prepare_console_build(report_to_stderr) / name
    files = (path for path in folder.rglob("*") if path.is_file())
    return {(target / path.relative_to(folder)).as_posix(): path.read_bytes() for path in files}


def _select_data(paths: Iterable[Path]) -> set[Path]:
    """Returns the files that are read at run time. Code is selected by its imports instead."""
    names = ((path, path.relative_to(ROOT)) for path in paths)
    return {
        name
        for path, name in names
        if path.is_file()
        and path.suffix not in (*EXCLUDED_SUFFIXES, ".py")
        and not path.name.startswith("requirements")
        and not any(part in EXCLUDED_FOLDERS or part.startswith(".") for part in name.parts)
    }


def write_zip(files: Mapping[str, bytes], target: Path) -> None:
    """Writes a zip. The same files give the same bytes."""
    draft = target.with_suffix(".new")
    with zipfile.ZipFile(draft, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, ZIP_EPOCH)
            # A zip also stores the platform that wrote it; 3 is Unix.
            entry.create_system, entry.external_attr = 3, FILE_MODE
            archive.writestr(entry, files[name])
    draft.replace(target)


def hash_files(files: Mapping[str, bytes]) -> str:
    """Returns a hash of names and content, of HASH_DIGITS hex digits."""
    digest = hashlib.sha256()
    for name in sorted(files):
        digest.update(f"{name}\0{len(files[name])}\0".encode() + files[name])
    return digest.hexdigest()[:HASH_DIGITS]


def package_functions(
    functions: Iterable[str], out: Path, choices: Choices = DEFAULTS
) -> dict[str, Path]:
    """Writes the zips of these functions to `out`. Returns them by function."""
    out.mkdir(parents=True, exist_ok=True)
    packages = {}
    for function in functions:
        files = collect_files(function, choices)
        packages[function] = out / f"{function}-{hash_files(files)}.zip"
        write_zip(files, packages[function])
    return packages


def render_tfvars(packages: Mapping[str, Path], choices: Choices = DEFAULTS) -> str:
    """Returns Terraform variables: the paths of the zips, relative to the project root, and the
    choices that they were packaged with."""
    paths = {name: path.relative_to(ROOT).as_posix() for name, path in sorted(packages.items())}
    variables = {
        "packages": paths,
        "gemini_client": choices.client,
        "illustrator": choices.illustrator,
    }
    return json.dumps(variables, indent=2) + "\n"


def main(arguments: list[str] | None = None) -> int:
    """Packages the named functions. Without names, packages all and writes Terraform variables."""
    parser = argparse.ArgumentParser(prog="python -m infra.tools.package", description=__doc__)
    parser.add_argument("functions", nargs="*", metavar="FUNCTION", help="default: all functions")
    parser.add_argument("--out", type=Path, default=PACKAGES_DIR, help="default: .local/packages")
    parser.add_argument(
        "--deck-model-client", choices=DECK_MODEL_CLIENTS, default=deck_model_client(),
        help="client library for Gemini; default: MOODREEL_DECK_MODEL_CLIENT or google-genai",
    )  # fmt: skip
    parser.add_argument(
        "--illustrator", metavar="NAME", default=os.environ.get("MOODREEL_ILLUSTRATOR", ""),
        help="draws pictures for slides: gemini, or module:factory in functions/slide_generation; "
        "default: MOODREEL_ILLUSTRATOR or nobody",
    )  # fmt: skip
    args = parser.parse_args(arguments)
    if unknown := sorted(set(args.functions) - set(FUNCTIONS)):
        parser.error(f"unknown function: {', '.join(unknown)}; available: {', '.join(FUNCTIONS)}")
    choices = Choices(args.deck_model_client, args.illustrator)
    try:
        choices.check()
    except ValueError as error:
        parser.error(f"argument --illustrator: {error}")
    packages = package_functions(args.functions or list(FUNCTIONS), args.out, choices)
    for path in packages.values():
        sys.stdout.write(f"{path.name}  {path.stat().st_size / 1024:.0f} KB\n")
    if not args.functions and args.out == PACKAGES_DIR:
        TFVARS.write_text(render_tfvars(packages, choices))
    return 0


if __name__ == "__main__":
    sys.exit(main())
