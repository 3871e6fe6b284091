"""The inputs and options of the jobs over a local suite."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import infra.client  # noqa: F401 - makes moodreel importable
from infra.local.client.api_client import Client
from infra.local.suite.handle import SuiteHandle
from moodreel.files.content_types import guess_content_type
from shared.recipes.films.prompt import Prompt
from tests.chaos.matrix.cells import Cell
from tests.fixtures.media.clip_specs import CLIP_SPECS
from tests.fixtures.media.faces import SAD_TO_HAPPY_VIDEO, needs_models
from tests.fixtures.media.uploads import make_rotated_jpeg, make_sound_file
from tests.fixtures.suite.captions_job import write_spoken_sentence

SCORED = {"consent": "true", "purpose": "research", "every": "1"}
OPTIONS: Mapping[str, Mapping[str, str]] = {
    "frames": {"every": "0.5"},
    "emotions": SCORED,
    "recap": SCORED,
    "presentation": {"slides": "3"},
    "still": {},
    "captions": {"language": "en"},
}


def runnable_recipes() -> list[str]:
    """Returns the recipes whose models and videos are on this machine."""
    without = () if not needs_models.args[0] else ("emotions", "recap")
    return [name for name in OPTIONS if name not in without]


def write_inputs(recipe: str, folder: Path, suite: SuiteHandle) -> dict[str, Path]:
    """Writes the inputs of a recipe to a folder. Returns their paths by name."""
    match recipe:
        case "frames":
            return {"video": CLIP_SPECS["cfr30"].encode().path}
        case "emotions" | "recap":
            return {"video": SAD_TO_HAPPY_VIDEO}
        case "presentation":
            prompt = folder / "prompt.txt"
            prompt.write_bytes(Prompt("Why the sky of Mars is red").to_bytes())
            return {"prompt": prompt}
        case "captions":
            return {"media": write_spoken_sentence(suite, folder, with_pictures=True)}
    picture, sound = folder / "photo.jpg", folder / "song.wav"
    picture.write_bytes(make_rotated_jpeg(1))
    sound.write_bytes(make_sound_file("wav", 1))
    return {"picture": picture, "sound": sound}


def create_job(
    client: Client, cell: Cell, inputs: Mapping[str, Path]
) -> tuple[str, dict[str, Any]]:
    """Creates the job of a cell. Returns its id and its upload URLs by input."""
    descriptions = {
        name: {
            "filename": path.name,
            "content_type": guess_content_type(path),
            "size_bytes": path.stat().st_size,
        }
        for name, path in inputs.items()
    }
    options = {**OPTIONS[cell.recipe], **{name: str(value).lower() for name, value in cell.options}}
    created = client.create_job(cell.recipe, descriptions, options)
    return str(created["job"]["id"]), created["uploads"]
