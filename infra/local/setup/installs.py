"""Installs environments in `.local`, once for each distinct set of requirements.

Concurrent invocations are safe: the second one waits for the lock and finds the installation. A
folder is valid only with its stamp file, so an interrupted installation starts again.
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
    """Returns the environment for a child process, without virtualenvs and real credentials.

    PYTHONDONTWRITEBYTECODE is removed as well, so that later imports are fast.
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
    """Holds an exclusive lock on `path`, which is created when missing. Yields its descriptor.

    `on_wait` is called when another process holds the lock. Installers inherit the descriptor: if
    this process is killed, the lock is held until the installer ends.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as lock_file:
        try:
            fcntl.flock(lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            on_wait()
            fcntl.flock(lock_file, fcntl.LOCK_EX)
        yield lock_file.fileno()


def environment_folder(requirements: Path) -> Path:
    """Returns the folder of a lock file's environment, installed or not.

    It depends on the pins, their hashes and the Python version, but not on comments: files with
    the same pins share an environment.
    """
    lines = "\n".join(split_logical_lines(requirements.read_text()))
    identity = f"{sys.version_info[:2]} {sys.platform}\n{lines}"
    return LOCAL / "env" / hashlib.sha256(identity.encode()).hexdigest()[:16]


def is_installed(folder: Path) -> bool:
    """Whether the installation is complete and its interpreter, if any, exists."""
    python = folder / "bin" / "python"
    return (folder / _STAMP).exists() and (python.exists() or not python.is_symlink())


def prepare_environment(requirements: Path, purpose: str, report: Report) -> Path:
    """Installs an environment with exactly these requirements if it is missing. Returns its
    folder."""
    folder = environment_folder(requirements)

    def install(lock: int) -> None:
        uv = find_uv(report)
        create = [uv, "venv", "--quiet", "--no-project", "--python", sys.executable, str(folder)]
        _run(create, lock)
        python = str(folder / "bin" / "python")
        # No --compile-bytecode: it costs 14 s, and the first import does the same work.
        sync = [uv, "pip", "sync", "--quiet", "--require-hashes", "--python", python]
        _run([*sync, str(requirements)], lock)

    install_once(folder, f"Python packages for {purpose}", install, report)
    return folder


def prepare_node_packages(
    node: Path, npm: list[str], home: Path, label: str, report: Report
) -> Path:
    """Installs the packages of the package-lock.json in `home` if they are missing.

    Returns the folder `node_modules`.
    """
    lock_file = (home / "package-lock.json").read_bytes()
    folder = LOCAL / "node" / hashlib.sha256(lock_file).hexdigest()[:16]

    def install(lock: int) -> None:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(home / name, folder / name)
        # No package needs its install scripts, so they are not run.
        command = [*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        search_path = f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}"
        _run(command, lock, cwd=folder, env={"PATH": search_path})

    install_once(folder, label, install, report)
    return folder / "node_modules"


def find_uv(report: Report) -> str:
    """Returns uv from PATH, or installs the pinned version in `.local/tools`.

    Raises SetupError when Python has no venv module.
    """
    on_path = shutil.which("uv")
    if on_path:
        return on_path
    folder = LOCAL / "tools"
    requirements = REQUIREMENTS_FOLDER / "requirements-uv.txt"

    def install(lock: int) -> None:
        completed = subprocess.run(
            [sys.executable, "-m", "venv", str(folder)], capture_output=True, check=False
        )
        if completed.returncode:
            raise SetupError(
                "Python's venv module does not work. Install it (Debian and Ubuntu: "
                "apt-get install python3-venv) or put uv on PATH, then try again. "
                f"Interpreter: {sys.executable}."
            )
        pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet"]
        # Wheels only: building the source distribution needs Rust.
        _run([*pip, "--require-hashes", "--only-binary=:all:", "-r", str(requirements)], lock)

    install_once(folder, "uv", install, report)
    return str(folder / "bin" / "uv")


def install_once(folder: Path, label: str, install: Callable[[int], None], report: Report) -> None:
    """Calls `install` with the lock's descriptor to fill `folder`, unless it is complete."""
    if is_installed(folder):
        return
    lock_file = folder.with_name(folder.name + ".lock")
    with hold_lock(
        lock_file, lambda: report(f"Waiting for another process to install {label} …")
    ) as lock:
        if is_installed(folder):
            return
        started_at = time.monotonic()
        report(f"Installing {label} …")
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        install(lock)
        (folder / _STAMP).touch()
        report(f"Installed {label} in {time.monotonic() - started_at:.0f} s.")


def _run(
    command: list[str], lock: int, *, cwd: Path = ROOT, env: Mapping[str, str] | None = None
) -> None:
    completed = subprocess.run(
        command,
        cwd=cwd,
        env=clean_env(env),
        pass_fds=(lock,),
        capture_output=True,
        text=True,
        check=False,
    )
    if completed.returncode:
        output = (completed.stderr or completed.stdout).strip().splitlines()[-15:]
        raise SetupError("\n".join(["Command failed: " + " ".join(command), *output]))
