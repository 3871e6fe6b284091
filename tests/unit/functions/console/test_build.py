"""The console's pages as they are built: small, of our own files alone, and the same everywhere."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from infra.local.setup.console import WEB_FOLDER
from infra.local.setup.installs import clean_env
from infra.local.setup.tools import find_node_and_npm, prepare_console_build

FIRST_PAGE_MOST_BYTES = 200_000


def say(_: str) -> None:
    pass


@pytest.fixture(scope="module")
def workshop() -> Path:
    return prepare_console_build(say)


def node(folder: Path, *arguments: str) -> None:
    path, _ = find_node_and_npm(say)
    done = subprocess.run(
        [str(path), *arguments],
        cwd=folder, env=clean_env(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]


def test_two_builds_in_different_places_give_the_same_bytes(workshop: Path, tmp_path: Path) -> None:
    other = tmp_path / "somewhere" / "else"
    shutil.copytree(WEB_FOLDER, other, ignore=shutil.ignore_patterns("node_modules"))
    (other / "node_modules").symlink_to((workshop / "node_modules").resolve())
    node(other, "build.mjs", "site")
    ours, theirs = (contents(folder / "site") for folder in (workshop, other))
    assert ours.keys() == theirs.keys()
    assert [name for name, data in ours.items() if data != theirs[name]] == []


def contents(site: Path) -> dict[str, bytes]:
    found = (one for one in site.rglob("*") if one.is_file())
    return {one.relative_to(site).as_posix(): one.read_bytes() for one in found}


def test_the_first_page_is_small_on_the_way(workshop: Path) -> None:
    files = contents(workshop / "site")
    wanted, front = set[str](), ["index.html"]
    while front:
        name = front.pop()
        text = files[name].decode()
        # What a page names and what a script needs before it runs; then the front page itself.
        found = set(re.findall(r'(?:src|href)="/([^"]+)"', text))
        found |= {f"assets/{one}" for one in re.findall(r'(?:from|import)"\./([^"]+)"', text)}
        if name == "index.html":
            found |= {one for one in files if re.fullmatch(r"assets/home-\w+\.js", one)}
        front += found - wanted
        wanted |= found
    assert any(name.startswith("assets/style-") for name in wanted)
    assert any(name.startswith("assets/home-") for name in wanted)
    sizes = {name: len(files.get(f"{name}.br", files[name])) for name in wanted}
    assert sum(sizes.values()) < FIRST_PAGE_MOST_BYTES, sizes
    # Documents of the ledger are listened to by who is signed in alone.
    assert not any(b"google.firestore" in files[name] for name in wanted)


def test_no_page_asks_for_anything_elsewhere(workshop: Path) -> None:
    page = (workshop / "site" / "index.html").read_text()
    assert re.findall(r'(?:src|href)="(?!/)', page) == []
    assert not re.search(r"<script(?![^>]*(src=|application/json))|<style|\son\w+=", page)
    assert "url(http" not in next((workshop / "site" / "assets").glob("style-*.css")).read_text()


def test_the_lock_names_no_registry() -> None:
    assert "resolved" not in (WEB_FOLDER / "package-lock.json").read_text()
