"""Runs hostile files as every input of every recipe of a local suite."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from infra.local.client.api_client import ApiError
from infra.local.suite.handle import SuiteHandle, run_suite
from infra.local.suite.layout import SuiteLayout
from infra.local.suite.ports import find_free_base
from shared.pipeline import RECIPES
from shared.recipes.films.prompt import Prompt
from tests.corpus.hostile.files import HostileFile
from tests.fixtures.media.clip_specs import CLIP_SPECS
from tests.fixtures.media.uploads import draw_quarters, encode_picture, make_sound_file

CONCURRENT_JOBS = 6
UNEXPECTED = "unexpected"
OPTIONS: Mapping[str, Mapping[str, str]] = {
    "emotions": {"consent": "true", "purpose": "research", "annotate": "true"},
    "recap": {"consent": "true", "purpose": "research", "slides": "3"},
    "presentation": {"slides": "3"},
}


@dataclass(frozen=True)
class RecipeOutcome:
    """The end of one job: `code` is "done", the code of its error, or the code of the request's
    error."""

    recipe: str
    input_name: str
    file: HostileFile
    code: str


def media_inputs() -> tuple[tuple[str, str], ...]:
    """Returns recipe and input of every input with media."""
    return tuple(
        (recipe.name, item.names[0])
        for recipe in RECIPES.values()
        for item in recipe.inputs
        if item.kinds != ("text",)
    )


def run_recipes(files: list[HostileFile]) -> tuple[list[RecipeOutcome], int]:
    """Returns the outcome of every file as every media input, and how often a process of a function
    was restarted."""
    layout = SuiteLayout(find_free_base())
    with run_suite(layout) as suite, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        samples = _write_samples(folder)
        with ThreadPoolExecutor(CONCURRENT_JOBS) as pool:
            jobs = [
                pool.submit(_run_job, suite, folder / str(number), samples, *target, file)
                for number, (target, file) in enumerate(product(media_inputs(), files))
            ]
            outcomes = [job.result() for job in jobs]
        restarts = sum(service["restarts"] for service in suite.services().values())
        return outcomes, restarts


def _write_samples(folder: Path) -> Mapping[str, Path]:
    samples = {
        "video": CLIP_SPECS["cfr30"].encode().path.read_bytes(),
        "picture": encode_picture(draw_quarters(240, 160), "JPEG"),
        "sound": make_sound_file("mp3", 1.0),
        "prompt": Prompt("How rivers carry sand to the sea").to_bytes(),
    }
    paths = {}
    for name, data in samples.items():
        paths[name] = folder / f"valid-{name}"
        paths[name].write_bytes(data)
    return paths


def _run_job(
    suite: SuiteHandle,
    path: Path,
    samples: Mapping[str, Path],
    recipe: str,
    input_name: str,
    file: HostileFile,
) -> RecipeOutcome:
    path.write_bytes(file.data or b"\0")
    required = [item.name for item in RECIPES[recipe].inputs if not item.optional]
    inputs = {name: samples[name] for name in required} | {input_name: path}
    client = suite.client()
    options = OPTIONS.get(recipe)
    try:
        job_id = suite.start_job(client, recipe, options=options, named_files=inputs)
        job: dict[str, Any] = suite.wait_for_job(client, job_id)
    except ApiError as error:
        return RecipeOutcome(recipe, input_name, file, error.code)
    finally:
        path.unlink()
    code = job["status"] if job["error"] is None else job["error"]["code"]
    return RecipeOutcome(recipe, input_name, file, code)


def report(outcomes: list[RecipeOutcome], restarts: int) -> Iterator[str]:
    """Yields the lines of the report: the codes of each input, and every unexpected end."""
    for recipe, input_name in media_inputs():
        codes: dict[str, int] = {}
        for outcome in outcomes:
            if (outcome.recipe, outcome.input_name) == (recipe, input_name):
                codes[outcome.code] = codes.get(outcome.code, 0) + 1
        counts = ", ".join(f"{code} {n}" for code, n in sorted(codes.items(), key=lambda c: -c[1]))
        yield f"{recipe}, {input_name}: {counts}"
    for outcome in outcomes:
        if outcome.code == UNEXPECTED:
            yield f"{outcome.recipe}, {outcome.input_name}, {outcome.file.name}: {UNEXPECTED}"
    yield f"{len(outcomes)} jobs; processes of functions that were restarted: {restarts}"
