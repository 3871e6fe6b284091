"""Builds the console's pages from their sources and locked packages, once per version."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

from infra.local.setup.installs import Report, clean_env, install_once, prepare_node_packages
from infra.local.suite.layout import LOCAL, ROOT, SetupError

WEB_FOLDER = ROOT / "functions" / "console" / "web"
BUILD_FOLDER = LOCAL / "console"
VIEWER_FOLDER = "viewer-site"
"""The folder of the built viewer of the API's documentation, beside that of the pages."""
EXCLUDED_NAMES = ("node_modules",)


def read_sources() -> dict[str, bytes]:
    """Returns the content of every source file, by its path below `web`."""
    files = (path for path in sorted(WEB_FOLDER.rglob("*")) if path.is_file())
    relative_paths = ((path, path.relative_to(WEB_FOLDER)) for path in files)
    return {
        name.as_posix(): path.read_bytes()
        for path, name in relative_paths
        if not any(part in EXCLUDED_NAMES or part.startswith(".") for part in name.parts)
    }


def build_console(node: Path, npm: list[str], report: Report) -> Path:
    """Builds the console. Returns the folder with a copy of the sources and their packages.

    Packages are linked next to the sources, so that the bundle contains no paths of this machine.
    """
    files = read_sources()
    digest = hashlib.sha256()
    for name, data in files.items():
        digest.update(f"{name}\0{len(data)}\0".encode() + data)
    folder = BUILD_FOLDER / digest.hexdigest()[:16]

    def build(_lock: int) -> None:
        packages = prepare_node_packages(
            node, npm, WEB_FOLDER, "the console's packages (npm)", report
        )
        for name, data in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        (folder / "node_modules").symlink_to(packages)
        _run([str(node), "build.mjs", "site", VIEWER_FOLDER], folder)

    install_once(folder, "the console's pages", build, report)
    return folder


def _run(command: list[str], folder: Path) -> None:
    completed = subprocess.run(
        command, cwd=folder, env=clean_env(), capture_output=True, text=True, check=False
    )
    if completed.returncode:
        output = (completed.stderr or completed.stdout).strip().splitlines()[:30]
        raise SetupError("\n".join(["Could not build the console:", *output]))
