"""The console's pages: bundled out of their sources and locked packages, once for each state."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

from infra.local.setup.installs import Say, clean_env, node_packages, once
from infra.local.suite.layout import LOCAL, ROOT, SetupError

WEB = ROOT / "functions" / "console" / "web"
FOLDER = LOCAL / "console"
LEFT_OUT = ("node_modules",)


def sources() -> dict[str, bytes]:
    """Everything that the build reads, by its path below `web`."""
    found = (path for path in sorted(WEB.rglob("*")) if path.is_file())
    names = ((path, path.relative_to(WEB)) for path in found)
    return {
        name.as_posix(): path.read_bytes()
        for path, name in names
        if not any(part in LEFT_OUT or part.startswith(".") for part in name.parts)
    }


def workshop(node: Path, npm: list[str], say: Say) -> Path:
    """A copy of the sources with their packages beside them: where they are bundled and checked.

    Linked packages are named by where they are linked, so the bundle tells no path of a machine.
    """
    files = sources()
    total = hashlib.sha256()
    for name, data in files.items():
        total.update(f"{name}\0{len(data)}\0".encode() + data)
    folder = FOLDER / total.hexdigest()[:16]

    def make(_lock: int) -> None:
        packages = node_packages(node, npm, WEB, "the console's packages (npm)", say)
        for name, data in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        (folder / "node_modules").symlink_to(packages)
        _run([str(node), "build.mjs", "site"], folder)

    once(folder, "the console's pages", make, say)
    return folder


def _run(command: list[str], folder: Path) -> None:
    done = subprocess.run(
        command, cwd=folder, env=clean_env(), capture_output=True, text=True, check=False
    )
    if done.returncode:
        told = (done.stderr or done.stdout).strip().splitlines()[:30]
        raise SetupError("\n".join(["The console could not be built:", *told]))
