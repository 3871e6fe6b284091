"""The build of the console: reproducible, small and without external resources."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from infra.local.setup.console import VIEWER_FOLDER, WEB_FOLDER
from infra.local.setup.installs import clean_env
from infra.local.setup.tools import find_node_and_npm, prepare_console_build

FIRST_PAGE_MAX_BYTES = 80_000
"""With gzip."""
PICTURE_MAX_BYTES = 60_000
SAMPLE_CLIP_MAX_BYTES = 300_000


def ignore_message(_: str) -> None:
    pass


@pytest.fixture(scope="module")
def workshop() -> Path:
    return prepare_console_build(ignore_message)


def run_node(folder: Path, *arguments: str) -> None:
    path, _ = find_node_and_npm(ignore_message)
    process = subprocess.run(
        [str(path), *arguments],
        cwd=folder, env=clean_env(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert process.returncode == 0, process.stdout[-4000:] + process.stderr[-4000:]


def test_builds_in_different_folders_are_identical(workshop: Path, tmp_path: Path) -> None:
    other = tmp_path / "somewhere" / "else"
    shutil.copytree(WEB_FOLDER, other, ignore=shutil.ignore_patterns("node_modules"))
    (other / "node_modules").symlink_to((workshop / "node_modules").resolve())
    run_node(other, "build.mjs", "site", VIEWER_FOLDER)
    for name in ("site", VIEWER_FOLDER):
        first, second = (contents(folder / name) for folder in (workshop, other))
        assert first.keys() == second.keys()
        assert [file for file, data in first.items() if data != second[file]] == []
    # What Swagger UI contains is named beside it.
    assert {"viewer.js", "style.css", "LICENSE.txt", "NOTICE.txt"} <= first.keys()


def contents(site: Path) -> dict[str, bytes]:
    files = (path for path in site.rglob("*") if path.is_file())
    return {path.relative_to(site).as_posix(): path.read_bytes() for path in files}


@pytest.mark.parametrize("page", ["home", "sign-in"])
def test_first_page_stays_below_its_transfer_size_limit(workshop: Path, page: str) -> None:
    files = contents(workshop / "site")
    loaded, queue = set[str](), ["index.html"]
    while queue:
        name = queue.pop()
        text = files[name].decode()
        # Files that the document names, static imports of its scripts, and the code of the page.
        references = set(re.findall(r'(?:src|href)="/([^"]+)"', text))
        imports = re.findall(r'(?:from|import)"\./([^"]+)"', text)
        references |= {f"assets/{file}" for file in imports if not file.endswith(".webp")}
        if name == "index.html":
            references |= {file for file in files if re.fullmatch(rf"assets/{page}-\w+\.js", file)}
        queue += references - loaded
        loaded |= references
    assert any(name.startswith("assets/style-") for name in loaded)
    assert any(name.startswith(f"assets/{page}-") for name in loaded)
    sizes = {name: len(files.get(f"{name}.gz", files[name])) for name in loaded}
    assert sum(sizes.values()) < FIRST_PAGE_MAX_BYTES, sizes
    # Firestore's library is loaded only after the sign-in.
    assert not any(b"google.firestore" in files[name] for name in loaded)


def test_pictures_and_sample_clip_stay_below_their_size_limits(workshop: Path) -> None:
    sizes = {name: len(data) for name, data in contents(workshop / "site").items()}
    pictures = [size for name, size in sizes.items() if name.endswith(".webp")]
    [clip] = [size for name, size in sizes.items() if name.endswith(".mp4")]
    assert len(pictures) == 3
    assert max(pictures) <= PICTURE_MAX_BYTES
    assert clip <= SAMPLE_CLIP_MAX_BYTES


def test_page_loads_no_external_resource(workshop: Path) -> None:
    page = (workshop / "site" / "index.html").read_text()
    assert re.findall(r'(?:src|href)="(?!/)', page) == []
    assert not re.search(r"<script(?![^>]*(src=|application/json))|<style|\son\w+=", page)
    assert "url(http" not in next((workshop / "site" / "assets").glob("style-*.css")).read_text()


def test_package_lock_names_no_registry() -> None:
    assert "resolved" not in (WEB_FOLDER / "package-lock.json").read_text()
