"""Jobs of `still` with their two uploads, for tests of films."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from functions.stitching.join import copy_results
from functions.stitching.render import render_film
from functions.upload_trigger.picture import examine_picture
from functions.upload_trigger.sound import examine_sound
from shared.jobs.model import Job
from shared.jobs.units.outcomes import UnitDone
from shared.pipeline import Bucket
from shared.recipes.upload_results import Upload, Uploads
from tests.fixtures.stage_harness import StageHarness, make_job

SPECS: tuple[dict[str, Any], ...] = ({"film": "still"},)


def make_still_job(harness: StageHarness, picture: bytes, sound: bytes, **options: str) -> Job:
    """Returns a job with two examined uploads."""
    number = len(harness.list_names(Bucket.UPLOADS)) + 1
    name = f"jobs/{number:020d}/"
    stored_picture = harness.put_object(Bucket.UPLOADS, name + "picture.0", picture, "image/jpeg")
    stored_sound = harness.put_object(Bucket.UPLOADS, name + "sound.0", sound, "audio/mpeg")
    uploads = Uploads(
        {
            "picture": Upload(
                stored_picture, "a.jpg", examine_picture(harness.objects, stored_picture)
            ),
            "sound": Upload(stored_sound, "a.mp3", examine_sound(harness.objects, stored_sound)),
        }
    )
    facts = {Uploads.STAGE: uploads.to_dict()}
    return make_job("still", number=number, options=options, facts=facts)


def run_stitching(harness: StageHarness, job: Job, folder: Path) -> tuple[UnitDone, Path]:
    done = harness.run_stage("stitching", render_film, copy_results, SPECS, job)
    path = folder / "film.mp4"
    path.write_bytes(
        harness.read_artifact(
            next(artifact for artifact in done.artifacts if artifact.kind == "film")
        )
    )
    return done, path
