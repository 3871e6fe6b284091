"""A unit whose attempt ended after it wrote its objects repeats no work."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from functions.frame_extraction import join as frames_join
from functions.frame_extraction import part as frames_part
from functions.frame_extraction.extraction_result import ExtractionResult, parse_extraction_result
from functions.slide_generation import join as slides_join
from functions.slide_generation.deck.deck_sources import write_deck
from functions.slide_generation.deck.deck_store import encode_deck
from functions.slide_generation.drawing import job_slides
from functions.slide_generation.drawing.renderer import SlideRenderer
from functions.stitching.deck_inputs import DeckInputs
from functions.stitching.film import deck_film, segment_cache, still_film
from functions.stitching.inputs import FilmInputs
from functions.stitching.join import copy_results
from functions.stitching.render import render_film
from functions.upload_trigger import intake
from functions.upload_trigger.probes.video import probe
from shared.jobs.model import Job
from shared.pipeline import Bucket
from shared.recipes.frames.options import FrameOptions
from shared.recipes.frames.windows import plan_windows
from shared.recipes.upload_results import Upload, Uploads
from tests.fakes.job_store import MemoryJobStore
from tests.fixtures.call_counts import CallCounts
from tests.fixtures.media.clip_specs import CLIP_SPECS
from tests.fixtures.media.clips import damage_clip
from tests.fixtures.media.uploads import make_rotated_jpeg, make_sound_file
from tests.fixtures.stage_harness import StageHarness, make_input, make_job
from tests.unit.functions.stitching.film.deck_jobs import SPECS as DECK_FILM
from tests.unit.functions.stitching.film.deck_jobs import make_deck, make_presentation_job
from tests.unit.functions.stitching.film.still_jobs import make_still_job, run_stitching

pytestmark = pytest.mark.slow


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> CallCounts:
    return CallCounts(monkeypatch)


def make_frames_job(harness: StageHarness, clip: Path) -> tuple[Job, tuple[dict[str, Any], ...]]:
    """Returns a job of an examined video, and its windows."""
    data = clip.read_bytes()
    stored = harness.put_object(Bucket.UPLOADS, "jobs/1/video.0", data, "video/mp4")
    media_info = probe(io.BytesIO(data), len(data))
    options = FrameOptions.parse({"every": "1"})
    facts = {Uploads.STAGE: Uploads({"video": Upload(stored, "a.mp4", media_info)}).to_dict()}
    windows = plan_windows(media_info, options, max_frames=1000)
    job = make_job("frames", options=options.to_dict(), facts=facts)
    return job, tuple(window.to_dict() for window in windows)


def truncated_clip() -> Path:
    clip = CLIP_SPECS["mpegts"].encode()
    return damage_clip(clip, "60 percent", lambda data: data[: len(data) * 6 // 10])


@pytest.mark.parametrize("kind", ["intact", "truncated"])
def test_frame_extraction_decodes_a_window_once(
    harness: StageHarness, calls: CallCounts, kind: str
) -> None:
    clip = CLIP_SPECS["cfr30"].encode().path if kind == "intact" else truncated_clip()
    job, windows = make_frames_job(harness, clip)
    calls.watch(frames_part, "run_in_sandbox")
    calls.watch(frames_join, "ImageDecoder", "render_manifest", "render_frames_csv")

    def run() -> Any:
        return harness.run_stage(
            "frame_extraction", frames_part.extract_pack, frames_join.join_packs, windows, job
        )

    first = run()
    assert calls.take()["run_in_sandbox"] >= len(windows)
    second = run()
    assert calls.take() == {}
    assert second == first


def test_warnings_of_an_adopted_window_are_kept(
    harness: StageHarness, calls: CallCounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, windows = make_frames_job(harness, CLIP_SPECS["cfr30"].encode().path)
    parse = parse_extraction_result

    def parse_with_warning(value: bytes) -> Any:
        return ExtractionResult(parse(value).index, ("Frames may be missing.",))

    monkeypatch.setattr(frames_part, "parse_extraction_result", parse_with_warning)
    calls.watch(frames_part, "run_in_sandbox")
    store = MemoryJobStore()
    plan = harness.make_stage("frame_extraction", windows)
    context = harness.make_context("frame_extraction", plan.part_ids[0], plan, job, store)
    first = frames_part.extract_pack(context)
    calls.take()
    second = frames_part.extract_pack(context)
    assert calls.take() == {}
    assert second.warnings == first.warnings == ("Frames may be missing.",)
    assert (second.facts, second.artifacts) == (first.facts, first.artifacts)
    assert (first.adopted, second.adopted) == (False, True)


def test_upload_trigger_probes_a_video_once(harness: StageHarness, calls: CallCounts) -> None:
    data = CLIP_SPECS["cfr30"].encode().path.read_bytes()
    stored = harness.put_object(Bucket.UPLOADS, "jobs/1/video.0", data, "video/mp4")
    job = make_job("frames", options={"every": "1"}, inputs=(make_input("video", stored, "a.mp4"),))
    calls.watch(intake, "probe_in_sandbox")
    plan = harness.make_stage("upload_trigger", ({"input": "video"},))
    context = harness.make_context("upload_trigger", "video", plan, job, MemoryJobStore())
    first = intake.examine_upload(context)
    assert calls.take() == {"probe_in_sandbox": 1}
    second = intake.examine_upload(context)
    assert calls.take() == {}
    assert (second.facts, second.artifacts) == (first.facts, first.artifacts)


def test_slide_generation_draws_and_packs_a_slide_once(
    harness: StageHarness, calls: CallCounts
) -> None:
    stored = harness.put_object(
        Bucket.WORK, "decks/1.json", encode_deck(make_deck(3)), "application/json"
    )
    specs = ({"deck": "edited", "stored": stored.to_dict()},)
    calls.watch(SlideRenderer, "render")
    calls.watch(job_slides, "encode_png", "read_object")

    def run() -> Any:
        return harness.run_stage(
            "slide_generation", write_deck, slides_join.draw_slides, specs, make_job("presentation")
        )

    first = run()
    assert calls.take() == {"render": 3, "encode_png": 3, "read_object": 3}
    second = run()
    assert calls.take() == {}
    assert second.artifacts == first.artifacts


def test_stitching_of_a_still_reads_its_inputs_once(
    harness: StageHarness, calls: CallCounts, tmp_path: Path
) -> None:
    job = make_still_job(harness, make_rotated_jpeg(1), make_sound_file("mp3"))
    calls.watch(FilmInputs, "decode_sound", "read_fitted")
    calls.watch(still_film, "encode_segment", "encode_poster")
    first, _ = run_stitching(harness, job, tmp_path)
    assert calls.take()["decode_sound"] >= 1
    second, _ = run_stitching(harness, job, tmp_path)
    assert calls.take() == {}
    assert second == first


def test_stitching_of_a_deck_reads_its_inputs_once(
    harness: StageHarness, calls: CallCounts
) -> None:
    job = make_presentation_job(harness)
    calls.watch(DeckInputs, "read_slide", "read_speech")
    calls.watch(deck_film, "encode_poster")
    calls.watch(segment_cache, "encode_segment")

    def run() -> Any:
        return harness.run_stage("stitching", render_film, copy_results, DECK_FILM, job)

    first = run()
    assert calls.take()["encode_segment"] >= 3
    second = run()
    assert calls.take() == {}
    assert second.artifacts == first.artifacts
    assert second.facts == {**first.facts, "scenes_encoded": 0, "scenes_reused": 3}
