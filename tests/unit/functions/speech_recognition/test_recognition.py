"""Tests of speech_recognition: a job's words, in the time of its media, each once."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import av
import pytest

from functions.speech_recognition.join import NO_SPEECH, write_transcript
from functions.speech_recognition.part import recognize_window
from functions.upload_trigger.media import examine_media
from functions.upload_trigger.probes.video import probe
from shared.entrypoints import bootstrap
from shared.jobs.model import Job
from shared.jobs.units.outcomes import UnitDone
from shared.media.containers.range_file import RangeFile
from shared.media.errors import NoSound
from shared.pipeline import Bucket
from shared.ports.speech_recognition import SAMPLE_RATE_HZ, RecognitionOverloaded
from shared.recipes.captions.results import TranscriptResult
from shared.recipes.captions.transcript import Transcript
from shared.recipes.upload_results import Upload, Uploads
from tests.fakes.tone_recognizer import ToneRecognizer
from tests.fixtures.media.tone_words import (
    WORD_S,
    ToneWord,
    regular_words,
    render_words,
    write_media,
)
from tests.fixtures.stage_harness import StageHarness, make_job

WINDOWS: tuple[Mapping[str, Any], ...] = (
    {"window": 0, "begin_s": 0, "end_s": 9},
    {"window": 1, "begin_s": 9, "end_s": 20},
    {"window": 2, "begin_s": 20},
)
ONE_WINDOW: tuple[Mapping[str, Any], ...] = ({"window": 0, "begin_s": 0},)
WORDS = regular_words(60)
DURATION_S = 34.0


@pytest.fixture
def recognizer(monkeypatch: pytest.MonkeyPatch) -> ToneRecognizer:
    fake = ToneRecognizer()
    monkeypatch.setattr(bootstrap, "recognizer", lambda: fake)
    return fake


def captions_job(harness: StageHarness, data: bytes, **options: str) -> Job:
    """A job whose upload has these bytes and was examined."""
    number = len(harness.list_names(Bucket.UPLOADS)) + 1
    name = f"jobs/{number:020d}/media.0"
    stored = harness.put_object(Bucket.UPLOADS, name, data, "video/mp4")
    info = examine_media(harness.objects, stored, 4 * 3600)
    facts = {Uploads.STAGE: Uploads({"media": Upload(stored, "a.mp4", info)}).to_dict()}
    values = {"language": "auto", "video": "none", **options}
    return make_job("captions", number=number, options=values, facts=facts)


def run(
    harness: StageHarness, job: Job, specs: tuple[Mapping[str, Any], ...] = ONE_WINDOW
) -> tuple[UnitDone, Transcript]:
    done = harness.run_stage("speech_recognition", recognize_window, write_transcript, specs, job)
    return done, Transcript.from_json(read(harness, done, "transcript.json"))


def read(harness: StageHarness, done: UnitDone, name: str) -> bytes:
    return harness.read_artifact(next(item for item in done.artifacts if item.name == name))


def assert_words(
    transcript: Transcript,
    expected: Sequence[ToneWord],
    offset_s: float = 0,
    within_s: float = 0.04,
) -> None:
    words = [word for segment in transcript.segments for word in segment.words]
    assert [word.text for word in words] == [word.text for word in expected]
    for word, tone in zip(words, expected, strict=True):
        assert word.start_s == pytest.approx(tone.start_s + offset_s, abs=within_s)
        assert word.end_s == pytest.approx(tone.start_s + WORD_S + offset_s, abs=within_s)


def wav(words: Sequence[ToneWord], duration_s: float) -> bytes:
    samples = render_words(words, duration_s)
    return write_media(samples, SAMPLE_RATE_HZ, "wav", "pcm_s16le")


def test_words_of_all_windows_are_joined_without_doubled_or_lost_ones(
    harness: StageHarness, recognizer: ToneRecognizer
) -> None:
    recognizer.mark = "."
    samples = render_words(WORDS, DURATION_S)
    data = write_media(samples, SAMPLE_RATE_HZ, "mp4", "aac", video_s=DURATION_S)
    done, transcript = run(harness, captions_job(harness, data), WINDOWS)
    stripped = Transcript("", "", transcript.segments)
    texts = [word.text for segment in stripped.segments for word in segment.words]
    assert texts == [f"{word.text}." for word in WORDS]
    assert len(recognizer.requests) > len(WINDOWS) - 1
    assert done.warnings == ()
    assert [item.name for item in done.artifacts] == [
        "captions.vtt", "captions.srt", "transcript.txt", "transcript.json",
    ]  # fmt: skip
    result = TranscriptResult.from_dict(done.facts or {})
    assert (result.words, result.language, result.engine) == (60, "en-US", "fake/tones")
    assert "w1" not in json.dumps(done.facts)


@pytest.mark.parametrize(
    ("container", "codec", "options"),
    [
        ("wav", "pcm_s16le", {}),
        ("mp3", "mp3", {}),
        ("matroska", "libopus", {}),
        ("ogg", "libopus", {}),
        ("mpegts", "aac", {"video_s": DURATION_S}),
        ("avi", "mp3", {"video_s": DURATION_S}),
    ],
)
def test_times_are_right_in_every_container(
    harness: StageHarness,
    recognizer: ToneRecognizer,
    container: str,
    codec: str,
    options: Mapping[str, Any],
) -> None:
    rate_hz = 48_000 if codec == "libopus" else 16_000
    samples = render_words(WORDS, DURATION_S, rate_hz)
    data = write_media(samples, rate_hz, container, codec, **options)
    _, transcript = run(harness, captions_job(harness, data), WINDOWS)
    assert recognizer.requests
    assert_words(transcript, WORDS, within_s=0.08)


@pytest.mark.parametrize(("container", "codec"), [("mp4", "aac"), ("matroska", "aac")])
def test_captions_are_in_the_time_of_the_video_when_the_sound_begins_later(
    harness: StageHarness, recognizer: ToneRecognizer, container: str, codec: str
) -> None:
    words = regular_words(20)
    samples = render_words(words, 12)
    data = write_media(samples, SAMPLE_RATE_HZ, container, codec, sound_starts_s=2.5, video_s=15)
    specs = ({"window": 0, "begin_s": 0, "end_s": 8}, {"window": 1, "begin_s": 8})
    _, transcript = run(harness, captions_job(harness, data), specs)
    assert recognizer.requests
    assert_words(transcript, words, offset_s=2.5, within_s=0.08)


@pytest.mark.parametrize(
    ("rate_hz", "layout", "codec"), [(8_000, "mono", "pcm_s16le"), (48_000, "5.1", "flac")]
)
def test_telephone_and_surround_sound_are_recognized(
    harness: StageHarness, recognizer: ToneRecognizer, rate_hz: int, layout: str, codec: str
) -> None:
    words = regular_words(16)
    samples = render_words(words, 10, rate_hz, level=0.1)
    container = "wav" if codec.startswith("pcm") else "flac"
    data = write_media(samples, rate_hz, container, codec, layout=layout)
    _, transcript = run(harness, captions_job(harness, data))
    assert recognizer.requests
    assert_words(transcript, words)


def test_two_languages_have_segments_of_their_own_and_a_warning(
    harness: StageHarness, recognizer: ToneRecognizer
) -> None:
    recognizer.german_from = 20
    english = regular_words(8)
    german = [replace(word, number=word.number + 20) for word in regular_words(5, first_s=9)]
    done, transcript = run(harness, captions_job(harness, wav([*english, *german], 14)))
    assert_words(transcript, [*english, *german])
    assert [segment.language for segment in transcript.segments] == ["en-US", "de-DE"]
    assert transcript.language == "en-US"
    assert done.warnings == (
        "More than one language was recognized: en (8 words), de (5 words). Each passage of up to "
        "28 s is recognized in one; choose a language if only one is spoken.",
    )


def test_silence_gives_empty_captions_and_a_warning(
    harness: StageHarness, recognizer: ToneRecognizer
) -> None:
    done, transcript = run(harness, captions_job(harness, wav([], 5)))
    assert recognizer.requests == []
    assert done.warnings == transcript.warnings == (NO_SPEECH,)
    assert read(harness, done, "captions.vtt") == b"WEBVTT\n"
    assert read(harness, done, "captions.srt") == read(harness, done, "transcript.txt") == b""


def test_long_pauses_are_not_sent(harness: StageHarness, recognizer: ToneRecognizer) -> None:
    words = [*regular_words(6), *regular_words(6, first_s=20)]
    _, transcript = run(harness, captions_job(harness, wav(words, 40)))
    assert_words(transcript, words)
    sent_s = sum(len(request.samples) for request in recognizer.requests) / 2 / SAMPLE_RATE_HZ
    assert 5 < sent_s < 13


def test_speech_without_pauses_is_cut_between_words(
    harness: StageHarness, recognizer: ToneRecognizer
) -> None:
    words = regular_words(160, gap_s=0.2, sentence=1000)
    _, transcript = run(harness, captions_job(harness, wav(words, 82)))
    assert len(recognizer.requests) == 4
    assert_words(transcript, words)


def test_a_part_that_was_done_is_adopted(harness: StageHarness, recognizer: ToneRecognizer) -> None:
    job = captions_job(harness, wav(WORDS, DURATION_S))
    first, _ = run(harness, job, WINDOWS)
    made = len(recognizer.requests)
    again, _ = run(harness, job, WINDOWS)
    assert len(recognizer.requests) == made
    assert again.artifacts == first.artifacts


def test_another_attempt_repeats_no_request(
    harness: StageHarness, recognizer: ToneRecognizer
) -> None:
    words = [*regular_words(6), *regular_words(6, first_s=12)]
    job = captions_job(harness, wav(words, 20))
    recognizer.failures = [None, RecognitionOverloaded()]
    with pytest.raises(RecognitionOverloaded):
        run(harness, job)
    done, transcript = run(harness, job)
    assert_words(transcript, words)
    assert len(recognizer.requests) == 2
    assert TranscriptResult.from_dict(done.facts or {}).hits == 1


def test_words_are_never_logged(harness: StageHarness, recognizer: ToneRecognizer) -> None:
    recognizer.mark = "-secret"
    run(harness, captions_job(harness, wav(regular_words(6), 5)))
    assert harness.log.events
    assert "secret" not in repr(harness.log.events)


def test_a_video_without_sound_is_refused_before_any_work(harness: StageHarness) -> None:
    with pytest.raises(NoSound):
        captions_job(harness, silent_video())


def silent_video() -> bytes:
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as out:
        stream: Any = out.add_stream("libx264", rate=10)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        out.mux(stream.encode(av.VideoFrame(64, 64, "yuv420p")))
        out.mux(stream.encode(None))
    return file.getvalue()


def test_sound_that_is_damaged_from_some_point_on_is_recognized_before_it(
    harness: StageHarness, recognizer: ToneRecognizer
) -> None:
    data = bytearray(wav_flac(WORDS, DURATION_S))
    half = len(data) // 2
    data[half:] = bytes(byte ^ 0x5A for byte in data[half:])
    done, transcript = run(harness, captions_job(harness, bytes(data)), WINDOWS)
    words = [word.text for segment in transcript.segments for word in segment.words]
    assert words[:20] == [word.text for word in WORDS[:20]]
    assert recognizer.requests
    assert transcript.warnings == done.warnings


def wav_flac(words: Sequence[ToneWord], duration_s: float) -> bytes:
    return write_media(render_words(words, duration_s), SAMPLE_RATE_HZ, "flac", "flac")


@pytest.mark.parametrize(("video", "copies"), [("burned", []), ("both", ["captioned.mp4"])])
def test_burned_in_captions_are_drawn_by_the_next_stage(
    harness: StageHarness, recognizer: ToneRecognizer, video: str, copies: list[str]
) -> None:
    data = write_media(
        render_words(regular_words(6), 4), SAMPLE_RATE_HZ, "mp4", "aac", video_s=4,
        size=(192, 108),
    )  # fmt: skip
    job = captions_job(harness, data, video=video)
    job = replace(job, stages={"stitching": "waiting"})
    done, _ = run(harness, job)
    assert recognizer.requests
    assert done.plan == {"stitching": ({"film": "captions", "begin_s": 0},)}
    assert [item.name for item in done.artifacts][4:] == copies


@pytest.mark.parametrize("with_sound", [True, False])
def test_transcript_of_emotions_plans_the_frames(
    harness: StageHarness, recognizer: ToneRecognizer, *, with_sound: bool
) -> None:
    """A video without sound has an empty transcript there, and a warning."""
    words = regular_words(6)
    data = write_media(render_words(words, 4), SAMPLE_RATE_HZ, "mp4", "aac", video_s=4)
    if not with_sound:
        data = silent_video()
    stored = harness.put_object(Bucket.UPLOADS, f"jobs/{with_sound}/video.0", data, "video/mp4")
    info = probe(RangeFile(lambda at, size: data[at : at + size], len(data)), len(data))
    facts = {Uploads.STAGE: Uploads({"video": Upload(stored, "a.mp4", info)}).to_dict()}
    options = {"consent": True, "purpose": "research", "every": "1", "transcript": True}
    stages = {"speech_recognition": "running"}
    job = make_job("emotions", number=70 + with_sound, options=options, facts=facts, stages=stages)
    done, transcript = run(harness, job)
    assert set(done.plan or {}) == {"frame_extraction", "emotion_scoring"}
    if with_sound:
        assert recognizer.requests
        assert_words(transcript, words, within_s=0.08)
    else:
        assert done.warnings == (NO_SPEECH,)
