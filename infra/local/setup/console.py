"""The console's pages: bundled out of their sources and locked packages, once for each state."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

from infra.local.setup.installs import Report, clean_env, install_once, prepare_node_packages
from infra.local.suite.layout import LOCAL, ROOT, SetupError

WEB_FOLDER = ROOT / "functions" / "console" / "web"
BUILD_FOLDER = LOCAL / "console"
EXCLUDED_NAMES = ("node_modules",)


def read_sources() -> dict[str, bytes]:
    """Everything that the build reads, by its path below `web`."""
    found = (path for path in sorted(WEB_FOLDER.rglob("*")) if path.is_file())
    names = ((path, path.relative_to(WEB_FOLDER)) for path in found)
    return {
        name.as_posix(): path.read_bytes()
        for path, name in names
        if not any(part in EXCLUDED_NAMES or part.startswith(".") for part in name.parts)
    }


def build_console(node: Path, npm: list[str], report: Report) -> Path:
    """A copy of the sources with their packages beside them: where they are bundled and checked.

    Linked packages are named by where they are linked, so the bundle tells no path of a machine.
    """
    files = read_sources()
    total = hashlib.sha256()
    for name, data in files.items():
        total.update(f"{name}\0{len(data)}\0".encode() + data)
    folder = BUILD_FOLDER / total.hexdigest()[:16]

    def make(_lock: int) -> None:
        packages = prepare_node_packages(
            node, npm, WEB_FOLDER, "the console's packages (npm)", report
        )
        for name, data in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        (folder / "node_modules").symlink_to(packages)
        _run([str(node), "build.mjs", "site"], folder)

    install_once(folder, "the console's pages", make, report)
    return folder


def _run(command: list[str], folder: Path) -> None:
    done = subprocess.run(
        command, cwd=folder, env=clean_env(), capture_output=True, text=True, check=False
    )
    if done.returncode:
        told = (done.stderr or done.stdout).strip().splitlines()[:30]
        raise SetupError("\n".join(["The console could not be built:", *told]))
