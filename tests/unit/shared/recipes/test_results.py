"""Typed results: stored under the names of their fields, and validated when they are read."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from shared.pipeline import FUNCTIONS, RECIPES, Bucket
from shared.recipes.captions.results import TranscriptResult
from shared.recipes.emotions.results import EmotionMoment, EmotionsResult, MoodPoint, PackedFrame
from shared.recipes.films.narration import Narration, SlideSpeech, SpokenSentence
from shared.recipes.media_info import MEDIA_INFO_NAME
from shared.recipes.record import InvalidRecord
from shared.recipes.results import (
    DeckResult,
    FilmResult,
    FramesPart,
    FramesResult,
    MissingResult,
    NarrationResult,
    SlideImage,
    SpeechPart,
    StageResult,
)
from shared.recipes.stored_object import Artifact, StoredObject
from shared.recipes.upload_results import PictureInfo, PromptInfo, SoundInfo, Upload, Uploads
from tests.fixtures.media.emotions import make_emotions_result, make_moment, make_scene
from tests.fixtures.media.faces import MEDIA_INFO

UPLOAD = StoredObject(Bucket.UPLOADS, "jobs/j/video.0", 7, 12, crc32c="AAAAAA==")
WORK = StoredObject(Bucket.WORK, "slides/j/a", 8, 13)
UPLOADS = Uploads(
    {
        "video": Upload(UPLOAD, "a.mp4", MEDIA_INFO),
        "picture1": Upload(UPLOAD, "a.jpg", PictureInfo("JPEG", 60, 40)),
        "music": Upload(UPLOAD, "a.mp3", SoundInfo("mp3", 44_100, 2, None)),
        "prompt": Upload(UPLOAD, "a.txt", PromptInfo(10, 0)),
    }
)
RESULTS: tuple[StageResult, ...] = (
    UPLOADS,
    FramesResult(12),
    make_emotions_result(
        moments=(make_moment(3),),
        mood=(MoodPoint(0.0, {"happy": 1.0}), MoodPoint(1.0, None)),
        scenes=(make_scene(2.0),),
        models=({"classifier": {"name": "a"}},),
    ),
    DeckResult(1, 0, 2, 3, 4, WORK, (SlideImage(WORK, 1280, 720),)),
    NarrationResult(WORK, 4.5, 1, 2, 30),
    TranscriptResult(WORK, "en-US", "fake/tones", 12, 3, 9.5, 2, 0),
    FilmResult(4.5, 1280, 720, "abc", 3, 1, 2),
    FilmResult(4.5, 1280, 720, "abc"),
)


@pytest.mark.parametrize("result", RESULTS, ids=lambda result: type(result).__name__)
def test_stage_result_round_trips(result: StageResult) -> None:
    facts = {result.STAGE: result.to_dict()}
    assert type(result).require(facts) == result
    assert type(result).require(facts).to_dict() == result.to_dict()


def test_every_required_stage_result_has_a_type() -> None:
    stages = {name for recipe in RECIPES.values() for name in recipe.result_stages}
    assert {result.STAGE for result in RESULTS} == stages
    assert stages <= FUNCTIONS.keys()


@pytest.mark.parametrize("kind", dict.fromkeys(type(result) for result in RESULTS))
def test_missing_result_is_none_or_raises(kind: type[StageResult]) -> None:
    assert kind.find({}) is None
    with pytest.raises(MissingResult, match=kind.STAGE):
        kind.require({})


@pytest.mark.parametrize("result", RESULTS[1:], ids=lambda result: type(result).__name__)
def test_result_without_a_field_is_refused(result: StageResult) -> None:
    stored = result.to_dict()
    for name in stored:
        if name in ("spec", "is_scored", "scene_count"):
            continue
        if not (isinstance(result, FilmResult) and name.startswith("s")):
            with pytest.raises(InvalidRecord, match=name):
                type(result).from_dict({key: v for key, v in stored.items() if key != name})


@pytest.mark.parametrize(
    ("changes", "location"),
    [
        ({"frames": "12"}, "EmotionsResult.frames"),
        ({"frames": True}, "EmotionsResult.frames"),
        ({"no_face_share": None}, "EmotionsResult.no_face_share"),
        ({"smooth": 1}, "EmotionsResult.smooth"),
        ({"share": [0.5]}, "EmotionsResult.share"),
        ({"share": {"happy": "much"}}, "EmotionsResult.share.happy"),
        ({"moments": {}}, "EmotionsResult.moments"),
        ({"moments": [3]}, r"EmotionsResult.moments\[0\]"),
        ({"mood": [{"time_s": 1.0}]}, "MoodPoint has no share"),
    ],
)
def test_field_of_another_type_is_refused_with_its_location(
    changes: dict[str, Any], location: str
) -> None:
    with pytest.raises(InvalidRecord, match=location):
        EmotionsResult.from_dict({**make_emotions_result().to_dict(), **changes})


def test_int_is_read_as_float_for_float_fields() -> None:
    """Firestore and JSON may return 4 for 4.0."""
    film = FilmResult.from_dict({"duration_s": 4, "width": 2, "height": 2})
    assert (film.duration_s, type(film.duration_s)) == (4.0, float)


def test_upload_is_stored_flat_with_nested_media_info() -> None:
    stored = UPLOADS.to_dict()
    common = {"object": UPLOAD.name, "generation": 7, "size_bytes": 12, "crc32c": "AAAAAA=="}
    assert stored["picture1"] == {
        "filename": "a.jpg", **common, "format": "JPEG", "width": 60, "height": 40,
    }  # fmt: skip
    assert stored["music"]["declared_duration_s"] is None
    assert stored["video"] == {"filename": "a.mp4", **common, "media_info": MEDIA_INFO.to_dict()}
    assert UPLOADS.input("video").file_info == {
        "filename": "a.mp4", "size_bytes": 12, "crc32c": "AAAAAA==", "generation": 7,
        "media_info": MEDIA_INFO_NAME,
    }  # fmt: skip


def test_missing_input_or_another_kind_of_input_raises() -> None:
    with pytest.raises(MissingResult, match="picture2"):
        UPLOADS.input("picture2")
    with pytest.raises(MissingResult, match="is not a video"):
        _ = UPLOADS.input("music").media_info
    with pytest.raises(MissingResult, match="is not a picture"):
        _ = UPLOADS.input("video").picture_info
    without_info = {k: v for k, v in UPLOADS.to_dict()["video"].items() if k != "media_info"}
    with pytest.raises(InvalidRecord, match="no info"):
        Upload.from_dict(without_info)


def test_duration_of_an_upload_is_the_declared_one() -> None:
    sound = replace(UPLOADS.input("music"), info=SoundInfo("mp3", 44_100, 2, 2.5))
    assert sound.duration_s == 2.5
    assert [upload.duration_s for upload in UPLOADS.inputs.values()] == [4.0, 0.0, 0.0, 0.0]


def test_silent_slide_has_no_rate_and_no_samples() -> None:
    silent = SpeechPart(1, (), 0, 0, 0)
    assert silent.to_dict() == {
        "slide": 1, "sentences": [], "hits": 0, "calls": 0, "characters": 0,
    }  # fmt: skip
    assert SpeechPart.from_dict(silent.to_dict()) == silent
    spoken = SpeechPart(1, (SpokenSentence("Hi.", 0, 9, (4,)),), 0, 1, 3, 24_000, 9)
    assert SpeechPart.from_dict(spoken.to_dict()) == spoken
    assert spoken.to_dict()["sentences"] == [{"text": "Hi.", "start": 0, "end": 9, "resumes": [4]}]


def test_narration_of_an_earlier_version_has_no_pauses_and_no_hashes() -> None:
    narration = Narration(
        (SlideSpeech("a", 1, 9, 24_000, 9, (SpokenSentence("Hi.", 0, 9, (4,)),), "hash"),)
    )
    assert Narration.from_json(narration.to_json()) == narration
    document = json.loads(narration.to_json())
    document["slides"][0]["sentences"] = [["Hi.", 0, 9]]
    del document["slides"][0]["content"]
    earlier = Narration.from_json(json.dumps(document).encode())
    assert earlier.slides[0].sentences == (SpokenSentence("Hi.", 0, 9),)
    assert earlier.slides[0].content == ""


def test_part_results_round_trip() -> None:
    frames = FramesPart(3, ("One frame is missing.",))
    assert FramesPart.from_dict(frames.to_dict()) == frames
    moment = make_moment(3, picture=PackedFrame("packs/a", 1, 100, 7))
    assert EmotionMoment.from_dict(moment.to_dict()) == moment
    assert moment.to_dict()["picture"] == {
        "object": "packs/a", "generation": 1, "offset": 100, "size_bytes": 7,
    }  # fmt: skip


def test_object_reference_is_bucket_name_generation_and_size() -> None:
    stored = StoredObject(Bucket.WORK, "a/b", 7, 12, "image/png", "AAAAAA==", "spec")
    reference = {"bucket": "work", "name": "a/b", "generation": 7, "size_bytes": 12}
    assert stored.to_dict() == reference
    assert StoredObject.from_dict(reference).version == stored.version
    for name in reference:
        with pytest.raises(ValueError, match=name):
            StoredObject.from_dict({key: v for key, v in reference.items() if key != name})
    with pytest.raises(ValueError, match="cellar"):
        StoredObject.from_dict({**reference, "bucket": "cellar"})


def test_artifact_round_trips_and_references_its_object() -> None:
    stored = StoredObject(Bucket.OUTPUTS, "jobs/j/k/a.zip", 7, 12, "application/zip")
    artifact = stored.to_artifact("frames.zip", "frames")
    assert artifact.stored_object == stored
    assert Artifact.from_dict(artifact.to_dict()) == artifact
