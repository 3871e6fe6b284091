"""Captions of the local neural voice by the local recognizer: words, and times of sentences."""

from __future__ import annotations

import functools
import io
import itertools
import json
import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from functions.speech_recognition.join import NO_SPEECH, NO_WORDS, write_transcript
from functions.speech_recognition.part import recognize_window
from functions.upload_trigger.media import examine_media
from infra.local.emulators.tts.audio import resample
from infra.local.setup.voices import prepare_voices
from shared.adapters.text_to_speech import create_speech_synthesizer
from shared.entrypoints import bootstrap
from shared.jobs.units.outcomes import UnitDone
from shared.pipeline import Bucket
from shared.ports.speech_recognition import SAMPLE_RATE_HZ, SpeechRecognizer
from shared.recipes.captions.transcript import Transcript
from shared.recipes.films.speech import SpeechAudio, SpeechSettings
from shared.recipes.upload_results import Upload, Uploads
from tests.fixtures.gcs.server import GcsEmulator
from tests.fixtures.models.tts import run_tts_emulator
from tests.fixtures.recognition.word_errors import (
    count_word_errors,
    match_words,
    normalize_words,
)
from tests.fixtures.stage_harness import StageHarness, make_job

pytestmark = pytest.mark.slow
SENTENCES = (
    "Plants take in carbon dioxide from the air and turn it into sugar.",
    "She asked him where the keys were.",
    "Rain is expected in the north this afternoon, with strong winds along the coast.",
    "Please remember to close the window before you leave the office tonight.",
)
PAUSE_S = 0.6
MAX_WORD_ERROR_RATE = 0.05
MAX_TIME_ERROR_S = 0.15


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[GcsEmulator]:
    server = GcsEmulator(tmp_path).start()
    yield server
    server.close()


@pytest.fixture
def harness(
    storage: GcsEmulator, recognizer: SpeechRecognizer, monkeypatch: pytest.MonkeyPatch
) -> StageHarness:
    monkeypatch.setattr(bootstrap, "recognizer", lambda: recognizer)
    return StageHarness.create(storage)


@pytest.mark.extended
def test_captions_of_a_narration_have_its_words_and_times(
    harness: StageHarness, recognizer: SpeechRecognizer
) -> None:
    data, times = narrate()
    # Borders within a sentence.
    done, files = caption(harness, data, [0, 6, 12, None])
    transcript = Transcript.from_json(files["transcript.json"])
    check_words(transcript, times)
    assert done.warnings == ()
    assert "Rain is expected" in files["captions.vtt"].decode().replace("\n", " ")
    assert json.loads(files["transcript.json"])["engine"] == recognizer.engine


def test_captions_of_8_khz_have_the_same_words_and_times(harness: StageHarness) -> None:
    data, times = narrate()
    with wave.open(io.BytesIO(data)) as file:
        rate_hz, samples = file.getframerate(), file.readframes(file.getnframes())
    half = resample(SpeechAudio(samples, rate_hz), 8000)
    done, files = caption(harness, to_wav(half.pcm, 8000), [0, None])
    check_words(Transcript.from_json(files["transcript.json"]), times)
    assert done.warnings == ()


def test_music_without_words_gives_empty_captions_and_says_so(harness: StageHarness) -> None:
    """A melody of tones with overtones, which decay and change each half second, over a drum."""
    time = np.arange(SAMPLE_RATE_HZ * 10) / SAMPLE_RATE_HZ
    root = 220 * 2 ** ((time * 2).astype(int) * 5 % 12 / 12)
    parts = [np.sin(2 * np.pi * root * part * time) / part for part in (1, 1.25, 1.5, 2, 3)]
    drum = np.random.default_rng(1).normal(size=len(time)) * np.exp(-40 * (time % 0.5))
    sound = np.exp(-4 * (time % 0.5)) * np.sum(parts, axis=0) + drum
    samples = np.round(sound / np.abs(sound).max() * 20_000).astype("<i2")
    done, files = caption(harness, to_wav(samples.tobytes(), SAMPLE_RATE_HZ), [0, None])
    assert files["captions.vtt"] == b"WEBVTT\n"
    assert done.warnings in ((NO_SPEECH,), (NO_WORDS,))


def caption(
    harness: StageHarness, data: bytes, borders: list[int | None]
) -> tuple[UnitDone, dict[str, bytes]]:
    """Runs speech_recognition with windows between these times. Returns its result and files."""
    stored = harness.put_object(Bucket.UPLOADS, "jobs/1/media.0", data, "audio/wav")
    upload = Upload(stored, "a.wav", examine_media(harness.objects, stored, 60))
    facts = {Uploads.STAGE: Uploads({"media": upload}).to_dict()}
    job = make_job("captions", options={"language": "auto", "video": "none"}, facts=facts)
    specs = tuple(
        {"window": number, "begin_s": begin, "end_s": end}
        for number, (begin, end) in enumerate(itertools.pairwise(borders))
    )
    done = harness.run_stage("speech_recognition", recognize_window, write_transcript, specs, job)
    return done, {item.name: harness.read_artifact(item) for item in done.artifacts}


@functools.cache
def narrate() -> tuple[bytes, list[tuple[float, float]]]:
    """Returns a WAV, and the start and end of the sound of each sentence in seconds."""
    messages: list[str] = []
    python = prepare_voices(messages.append)
    assert python is not None, messages
    parts, times, rate_hz = list[bytes](), list[tuple[float, float]](), 0
    emulators: Iterator[object] = run_tts_emulator(python)
    for emulator in emulators:
        synthesizer = create_speech_synthesizer(emulator.url)  # type: ignore[attr-defined]
        for sentence in SENTENCES:
            speech = synthesizer.synthesize(sentence, SpeechSettings("en-US"))
            rate_hz = speech.rate_hz
            parts.append(bytes(2 * round(PAUSE_S * rate_hz)))
            begin_s = sum(map(len, parts)) / 2 / rate_hz
            loud = np.flatnonzero(np.abs(np.frombuffer(speech.pcm, np.int16)) > 300)
            times.append((begin_s + loud[0] / rate_hz, begin_s + loud[-1] / rate_hz))
            parts.append(speech.pcm)
    return to_wav(b"".join(parts), rate_hz), times


def to_wav(pcm: bytes, rate_hz: int) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate_hz)
        out.writeframes(pcm)
    return file.getvalue()


def check_words(transcript: Transcript, times: list[tuple[float, float]]) -> None:
    heard = [
        (text, word)
        for segment in transcript.segments
        for word in segment.words
        for text in normalize_words(word.text)
    ]
    expected = normalize_words(" ".join(SENTENCES))
    texts = [text for text, _ in heard]
    assert count_word_errors(expected, texts) <= MAX_WORD_ERROR_RATE * len(expected), texts
    matches = match_words(expected, texts)
    first = 0
    for sentence, (start_s, end_s) in zip(SENTENCES, times, strict=True):
        last = first + len(normalize_words(sentence)) - 1
        if first in matches:
            assert abs(heard[matches[first]][1].start_s - start_s) <= MAX_TIME_ERROR_S, sentence
        if last in matches:
            assert abs(heard[matches[last]][1].end_s - end_s) <= MAX_TIME_ERROR_S, sentence
        first = last + 1
