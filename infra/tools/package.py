"""Packs each built function into a zip that Cloud Functions can build.

python -m infra.tools.package [FUNCTION…] [--out DIR] [--slide-model-client CLIENT]

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

from infra.local.cli.run import say_aside
from infra.local.setup import console
from infra.local.setup.tools import console_pages, requirements_of, slide_model_client
from infra.tools.imports import ROOT, modules
from shared.pipeline import STAGES
from shared.runtime.settings import SLIDE_MODEL_CLIENTS

OUT = ROOT / ".local" / "packages"
TFVARS = ROOT / "infra" / "terraform" / "packages.auto.tfvars.json"
EPOCH = (1980, 1, 1, 0, 0, 0)
"""The first moment that a zip can tell."""
MODE = 0o100644 << 16
NOT_DEPLOYED = (".in", ".md", ".pyc")
LEFT_OUT = ("__pycache__", "node_modules", "pictures")
SITE = "site"
"""Where built pages lie beside a function's code."""
HASH_DIGITS = 16


def contents(function: str, client: str = SLIDE_MODEL_CLIENTS[0]) -> dict[str, bytes]:
    """What goes into a function's zip, by name. `client` is the library that asks Gemini."""
    folder = Path("functions") / function
    beside = {path.parent for path in modules(function) if path.parts[0] == "shared"}
    data = _data(one for path in beside for one in (ROOT / path).glob("*"))
    data |= {one for one in _data((ROOT / folder).rglob("*")) if not _of_web(folder, one)}
    files = {path.as_posix(): (ROOT / path).read_bytes() for path in (*modules(function), *data)}
    if function == "console":
        files |= _pages(folder / SITE)
    files["main.py"] = f"from functions.{function}.main import main  # noqa: F401\n".encode()
    lock = requirements_of(function, client).name
    files["requirements.txt"] = (ROOT / folder / lock).read_bytes()
    return files


def _of_web(folder: Path, name: Path) -> bool:
    """Whether it is a source of pages: these are deployed as they were built."""
    return name.is_relative_to(folder / console.WEB.name)


def _pages(target: Path) -> dict[str, bytes]:
    built = console_pages(say_aside)
    found = (path for path in built.rglob("*") if path.is_file())
    return {(target / path.relative_to(built)).as_posix(): path.read_bytes() for path in found}


def _data(found: Iterable[Path]) -> set[Path]:
    """Those files that are read at run time; code is found by who imports it."""
    names = ((path, path.relative_to(ROOT)) for path in found)
    return {
        name
        for path, name in names
        if path.is_file()
        and path.suffix not in (*NOT_DEPLOYED, ".py")
        and not path.name.startswith("requirements")
        and not any(part in LEFT_OUT or part.startswith(".") for part in name.parts)
    }


def pack(files: Mapping[str, bytes], target: Path) -> None:
    """Write a zip; whoever writes the same files again writes the same bytes."""
    draft = target.with_suffix(".new")
    with zipfile.ZipFile(draft, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, EPOCH)
            # The platform that wrote it stands in a zip as well.
            entry.create_system, entry.external_attr = 3, MODE
            archive.writestr(entry, files[name])
    draft.replace(target)


def digest(files: Mapping[str, bytes]) -> str:
    """A name for exactly this content."""
    total = hashlib.sha256()
    for name in sorted(files):
        total.update(f"{name}\0{len(files[name])}\0".encode() + files[name])
    return total.hexdigest()[:HASH_DIGITS]


def package(
    functions: Iterable[str], out: Path, client: str = SLIDE_MODEL_CLIENTS[0]
) -> dict[str, Path]:
    """Pack these functions into `out`; → function to zip. `client` is the library that asks
    Gemini."""
    out.mkdir(parents=True, exist_ok=True)
    made = {}
    for function in functions:
        files = contents(function, client)
        made[function] = out / f"{function}-{digest(files)}.zip"
        pack(files, made[function])
    return made


def tfvars(made: Mapping[str, Path], client: str = SLIDE_MODEL_CLIENTS[0]) -> str:
    """The zips as Terraform reads them, by their paths below the project's root, and the library
    for Gemini that is in them: a function is never told to use another one."""
    paths = {name: path.relative_to(ROOT).as_posix() for name, path in sorted(made.items())}
    return json.dumps({"packages": paths, "gemini_client": client}, indent=2) + "\n"


def main(arguments: list[str] | None = None) -> int:
    """Pack what is asked for; without names all of it, and tell Terraform."""
    built = [row.name for row in STAGES.values() if row.built]
    parser = argparse.ArgumentParser(prog="python -m infra.tools.package", description=__doc__)
    parser.add_argument(
        "functions", nargs="*", metavar="FUNCTION", help="default: all that is built"
    )
    parser.add_argument("--out", type=Path, default=OUT, help="default: .local/packages")
    parser.add_argument(
        "--slide-model-client", choices=SLIDE_MODEL_CLIENTS, default=slide_model_client(),
        help="the library that asks Gemini; default: MOODREEL_SLIDE_MODEL_CLIENT or google-genai",
    )  # fmt: skip
    asked = parser.parse_args(arguments)
    if unknown := sorted(set(asked.functions) - set(built)):
        parser.error(f"no such function: {', '.join(unknown)}; there are {', '.join(built)}")
    client = asked.slide_model_client
    made = package(asked.functions or built, asked.out, client)
    for path in made.values():
        sys.stdout.write(f"{path.name}  {path.stat().st_size / 1024:.0f} KB\n")
    if not asked.functions and asked.out == OUT:
        TFVARS.write_text(tfvars(made, client))
    return 0


if __name__ == "__main__":
    sys.exit(main())
