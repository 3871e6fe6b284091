"""Options of captions, windows of speech, and transcripts as they are stored."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shared.recipes.captions.options import CaptionOptions, parse_spoken_language
from shared.recipes.captions.results import WINDOW_S, SpeechWindow, plan_speech_windows
from shared.recipes.captions.transcript import (
    Segment,
    SpokenWords,
    Transcript,
    Word,
    format_clock,
)
from shared.recipes.option_values import InvalidOptions

TRANSCRIPT = Transcript(
    "en",
    "fake/tones",
    (Segment("Hi there.", 1, 2, "en", (Word("Hi", 1, 1.4, 0.5), Word("there.", 1.5, 2))),),
    ("A warning.",),
)


def test_options_round_trip() -> None:
    options = CaptionOptions.parse({"language": "PT-br", "video": "soft"})
    assert options == CaptionOptions("pt-BR", "soft")
    assert CaptionOptions.parse(options.to_dict()) == options
    assert CaptionOptions.parse({"language": None}) == CaptionOptions("auto", "none")


def test_all_errors_of_options_are_reported_at_once() -> None:
    with pytest.raises(InvalidOptions) as raised:
        CaptionOptions.parse({"language": "english!", "video": "hard", "voice": "x"})
    assert [name for name, _ in raised.value.problems] == ["voice", "language", "video"]


@pytest.mark.parametrize("tag", ["auto", "en", "cmn-Hans-CN", "es-419", "yue"])
def test_language_tags_are_accepted(tag: str) -> None:
    assert parse_spoken_language(tag) == tag


@pytest.mark.parametrize(
    ("duration_s", "count"), [(0, 1), (1, 1), (300, 1), (300.5, 2), (3600, 12)]
)
def test_windows_cover_the_sound_and_the_last_one_is_open(duration_s: float, count: int) -> None:
    windows = [SpeechWindow.from_dict(spec) for spec in plan_speech_windows(duration_s)]
    assert len(windows) == count
    assert [window.begin_s for window in windows] == [n * WINDOW_S for n in range(count)]
    assert [window.end_s for window in windows] == [n * WINDOW_S for n in range(1, count)] + [None]


def test_transcript_round_trips() -> None:
    assert Transcript.from_json(TRANSCRIPT.to_json()) == TRANSCRIPT


def test_transcript_of_another_schema_is_refused() -> None:
    data = TRANSCRIPT.to_json().replace(b"transcript/1", b"transcript/2")
    with pytest.raises(ValueError, match="transcript/2"):
        Transcript.from_json(data)


def test_speaker_is_written_only_if_it_is_known() -> None:
    assert b"speaker" not in TRANSCRIPT.to_json()
    segment = replace(TRANSCRIPT.segments[0], speaker="0-0.1")
    spoken = replace(TRANSCRIPT, segments=(segment,))
    assert Transcript.from_json(spoken.to_json()) == spoken


@pytest.mark.parametrize(("seconds", "text"), [(5, "0:05"), (125.9, "2:05"), (3725, "1:02:05")])
def test_clock_times_are_short(seconds: float, text: str) -> None:
    assert format_clock(seconds) == text


def test_each_word_is_in_one_of_the_ranges_that_follow_each_other() -> None:
    words = SpokenWords(TRANSCRIPT)
    assert [words.between(second, second + 0.5) for second in (0.5, 1, 1.5, 2)] == [
        "", "Hi", "there.", "",
    ]  # fmt: skip
