"""`run RECIPE --list-voices`: lists the voices of films, and saves their samples."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from infra.local.client.api_client import ApiError, Client
from infra.local.suite.layout import SetupError
from shared.pipeline import Recipe

NARRATING_STAGE = "text_to_speech"


def check_narration(recipe: Recipe) -> None:
    """Raises SetupError for a recipe without narration."""
    if NARRATING_STAGE not in recipe.stages:
        raise SetupError(f"{recipe.name} has no narration, so there are no voices to list.")


def list_voices(client: Client, language: str | None, samples: Path | None) -> int:
    """Prints one line per voice, with `*` before the one that speaks the language by default.

    Args:
        language: A BCP-47 tag; None for all voices.
        samples: The folder in which a sample of each voice is saved.

    Returns:
        The exit status: 1 if no voice speaks the language.
    """
    path = "/v1/voices" + (f"?language={quote(language)}" if language else "")
    listed = client.call("GET", path)
    for voice in listed["voices"]:
        print(format_voice(voice, is_default=voice["name"] == listed["default"]))
    if not listed["voices"]:
        print(f"No voice speaks {language}.")
        return 1
    if samples is not None:
        samples.mkdir(parents=True, exist_ok=True)
        for voice in listed["voices"]:
            _save_sample(client, voice, samples)
    return 0


def format_voice(voice: Mapping[str, Any], *, is_default: bool) -> str:
    """Returns a line such as `* en-US-Neural-Joe   en-US   male   neural`."""
    languages = ", ".join(voice["languages"])
    gender = voice["gender"] or "–"
    mark = "*" if is_default else " "
    return f"{mark} {voice['name']:<28} {languages:<8} {gender:<8} {voice['kind']}"


def _save_sample(client: Client, voice: Mapping[str, Any], folder: Path) -> None:
    response = client.send("GET", voice["sample_url"])
    if response.status != 200:
        raise ApiError(response.status, "no-sample", f"{voice['name']} has no sample now: "
                       f"{response.json().get('detail', response.status)}")  # fmt: skip
    target = folder / f"{voice['name']}.wav"
    target.write_bytes(response.body)
    print(target)
