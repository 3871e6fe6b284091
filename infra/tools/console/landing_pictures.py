"""The pictures of the landing page: results of jobs that a local suite runs on the sample clip
and on a prompt.

python -m infra.tools.console.landing_pictures     writes functions/console/web/src/media/*.webp
"""

from __future__ import annotations

import argparse
import io
import shutil
import tempfile
from pathlib import Path

import av
from PIL import Image

from infra.local.client.api_client import Client
from infra.local.client.http import request
from infra.local.setup.console import WEB_FOLDER
from infra.local.suite.handle import SuiteHandle, run_suite
from infra.local.suite.layout import SuiteLayout
from infra.local.suite.ports import find_free_base
from infra.tools.console.sample_media import SAMPLE_CLIP
from shared.recipes.films.prompt import Prompt

FOLDER = WEB_FOLDER / "src" / "media"
WIDTH = 960
QUALITY = 72
RECAP_FRAME = 125
"""The frame of the recap that is shown: one of its second clip."""
TITLE = "Why the sea is salty"
PROMPT = Prompt(
    TITLE,
    "Rain washes salt out of rocks. Rivers carry it to the sea. The sun takes the water, and the"
    " salt stays.",
)


def write_pictures(suite: SuiteHandle, folder: Path) -> None:
    """Runs a job of each recipe, and writes a picture of its result to the folder."""
    client = suite.client()
    with tempfile.TemporaryDirectory() as temporary:
        prompt = Path(temporary) / "prompt.txt"
        prompt.write_bytes(PROMPT.to_bytes())
        film = {"slides": "4", "theme": "meadow"}
        jobs = {
            "frames": suite.start_job(client, "frames", SAMPLE_CLIP, options={"every": "1"}),
            "recap": suite.start_job(client, "recap", SAMPLE_CLIP, options={"length": "15"}),
            "slides": suite.start_job(client, "presentation", prompt, options=film, title=TITLE),
        }
    for job in jobs.values():
        suite.wait_for_job(client, job)
    sheet = _read_result(client, jobs["frames"], "contact_sheet.jpg")
    write_picture(Image.open(io.BytesIO(sheet)), folder / "frames.webp")
    write_picture(
        frame_of_film(_read_result(client, jobs["recap"], "film.mp4")), folder / "recap.webp"
    )
    poster = _read_result(client, jobs["slides"], "poster.jpg")
    write_picture(Image.open(io.BytesIO(poster)), folder / "slides.webp")


def frame_of_film(data: bytes) -> Image.Image:
    """Returns the frame RECAP_FRAME of a film."""
    with av.open(io.BytesIO(data), "r") as container:
        for number, frame in enumerate(container.decode(video=0)):
            if number == RECAP_FRAME:
                return Image.fromarray(frame.to_ndarray(format="rgb24"))
    raise ValueError(f"the film has fewer than {RECAP_FRAME} frames")


def write_picture(image: Image.Image, path: Path) -> None:
    """Writes a picture as WebP, WIDTH pixels wide."""
    height = round(image.height * WIDTH / image.width)
    reduced = image.convert("RGB").resize((WIDTH, height), Image.Resampling.LANCZOS)
    reduced.save(path, "WEBP", quality=QUALITY, method=6)


def _read_result(client: Client, job: str, name: str) -> bytes:
    link = client.call("GET", f"/v1/jobs/{job}/artifacts/{name}/link")
    return request("GET", link["url"]).body


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__).parse_args()
    layout = SuiteLayout(find_free_base())
    with run_suite(layout) as running:
        write_pictures(running, FOLDER)
    shutil.rmtree(layout.folder)
