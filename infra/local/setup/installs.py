"""Environments in `.local`, made once for each distinct set of requirements and then only found.

Several invocations at the same time are safe: whoever comes second waits at the lock and finds the
work done. A folder counts only when its stamp is there, so a cut-off installation is begun anew.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from infra.local.setup.requirements import split_logical_lines
from infra.local.suite.layout import LOCAL, ROOT, SetupError

REQUIREMENTS_FOLDER = Path(__file__).resolve().parents[1]
_STAMP = "moodreel-complete"

Report = Callable[[str], None]


def clean_env(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Our environment without what would leak into a child: another venv, real credentials.

    Without PYTHONDONTWRITEBYTECODE, so that the first import compiles and later ones are fast.
    """
    dropped = (
        "PYTHONDONTWRITEBYTECODE",
        "PYTHONHOME",
        "PYTHONPATH",
        "VIRTUAL_ENV",
        "GOOGLE_APPLICATION_CREDENTIALS",
        "GEMINI_API_KEY",
        "GOOGLE_API_KEY",
        "GOOGLE_GENAI_USE_VERTEXAI",
        "K_SERVICE",
    )
    env = {key: value for key, value in os.environ.items() if key not in dropped}
    return {**env, **(extra or {})}


@contextlib.contextmanager
def hold_lock(path: Path, on_wait: Callable[[], None]) -> Iterator[int]:
    """Hold an exclusive lock on `path` (made when absent); gives its file descriptor.

    `waiting` is called when somebody else holds it.

    An installer inherits it: when we are killed, nobody else begins before the installer ends.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            on_wait()
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield handle.fileno()


def environment_folder(requirements: Path) -> Path:
    """The folder of the environment of a lock file, installed or not.

    It depends on the pins with their hashes and on this Python, not on comments: files with the
    same pins share an environment.
    """
    lines = "\n".join(split_logical_lines(requirements.read_text()))
    identity = f"{sys.version_info[:2]} {sys.platform}\n{lines}"
    return LOCAL / "env" / hashlib.sha256(identity.encode()).hexdigest()[:16]


def is_installed(folder: Path) -> bool:
    """Whether a folder was completed, and its interpreter (if it has one) still exists."""
    python = folder / "bin" / "python"
    return (folder / _STAMP).exists() and (python.exists() or not python.is_symlink())


def prepare_environment(requirements: Path, purpose: str, report: Report) -> Path:
    """The folder of an environment with exactly these requirements; installs it when absent."""
    folder = environment_folder(requirements)

    def install(lock: int) -> None:
        uv = find_uv(report)
        make = [uv, "venv", "--quiet", "--no-project", "--python", sys.executable, str(folder)]
        _run(make, lock)
        python = str(folder / "bin" / "python")
        # No --compile-bytecode: it costs 14 s, and the first import does the same work.
        sync = [uv, "pip", "sync", "--quiet", "--require-hashes", "--python", python]
        _run([*sync, str(requirements)], lock)

    install_once(folder, f"Python packages for {purpose}", install, report)
    return folder


def prepare_node_packages(
    node: Path, npm: list[str], home: Path, label: str, report: Report
) -> Path:
    """The folder `node_modules` with exactly what the package-lock.json in `home` says."""
    pinned = (home / "package-lock.json").read_bytes()
    folder = LOCAL / "node" / hashlib.sha256(pinned).hexdigest()[:16]

    def install(lock: int) -> None:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(home / name, folder / name)
        # Scripts of packages are not run: nothing that we use needs one.
        command = [*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        path = f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}"
        _run(command, lock, cwd=folder, env={"PATH": path})

    install_once(folder, label, install, report)
    return folder / "node_modules"


def find_uv(report: Report) -> str:
    """uv from PATH, otherwise the pinned one in `.local/tools`."""
    known = shutil.which("uv")
    if known:
        return known
    folder = LOCAL / "tools"
    pin = REQUIREMENTS_FOLDER / "requirements-uv.txt"

    def install(lock: int) -> None:
        made = subprocess.run(
            [sys.executable, "-m", "venv", str(folder)], capture_output=True, check=False
        )
        if made.returncode:
            raise SetupError(
                "Python's venv module does not work here. Install it (on Debian and Ubuntu: "
                f"apt-get install python3-venv) or put uv on PATH, then try again. "
                f"Interpreter: {sys.executable}."
            )
        pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet"]
        # The lock file also has the hash of the source distribution, whose build needs Rust.
        _run([*pip, "--require-hashes", "--only-binary=:all:", "-r", str(pin)], lock)

    install_once(folder, "uv", install, report)
    return str(folder / "bin" / "uv")


def install_once(folder: Path, label: str, install: Callable[[int], None], report: Report) -> None:
    """Fill `folder` by `install` (given the lock's descriptor) unless it is complete already."""
    if is_installed(folder):
        return
    lock_file = folder.with_name(folder.name + ".lock")
    with hold_lock(
        lock_file, lambda: report(f"Waiting for another terminal to install {label} …")
    ) as lock:
        if is_installed(folder):
            return
        begin = time.monotonic()
        report(f"Installing {label} …")
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        install(lock)
        (folder / _STAMP).touch()
        report(f"Installed {label} in {time.monotonic() - begin:.0f} s.")


def _run(
    command: list[str], lock: int, *, cwd: Path = ROOT, env: Mapping[str, str] | None = None
) -> None:
    done = subprocess.run(
        command,
        cwd=cwd,
        env=clean_env(env),
        pass_fds=(lock,),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        told = (done.stderr or done.stdout).strip().splitlines()[-15:]
        raise SetupError("\n".join(["This failed: " + " ".join(command), *told]))
