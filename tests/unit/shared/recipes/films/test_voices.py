"""Problems of a chosen voice and language, from the list of voices."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.ports.models import VoiceOverloaded
from shared.recipes.films.voices import Voice, choose_voice, find_voice_problems
from shared.runtime.service_lists import RETRY_AFTER, VALID_FOR, VoiceList
from shared.runtime.settings import Settings

VOICES = tuple(
    Voice(f"{code}-Standard-{suffix}", (code,))
    for code in ("en-US", "en-GB", "de-DE", "cmn-CN", "yue-HK", "nb-NO", "pt-BR", "sr-RS")
    for suffix in "AC"
)


@pytest.mark.parametrize(
    ("language", "voice"),
    [
        ("", ""),
        ("en", ""),
        ("en-AU", ""),
        ("", "de-DE-Standard-A"),
        ("en", "en-GB-Standard-C"),
        ("zh", "cmn-CN-Standard-A"),
        ("zh", "yue-HK-Standard-A"),
        ("zh-Hant-HK", "yue-HK-Standard-A"),
        ("no", "nb-NO-Standard-A"),
        ("nn", ""),
        ("pt-PT", "pt-BR-Standard-A"),
        ("sr-Latn", "sr-RS-Standard-C"),
    ],
)
def test_voice_and_language_that_fit(language: str, voice: str) -> None:
    assert find_voice_problems(language, voice, VOICES) == []


@pytest.mark.parametrize(
    ("language", "voice", "problems"),
    [
        (
            "",
            "en-US-Nobody",
            {
                "voice": "There is no voice en-US-Nobody; voices are en-US-Standard-A, "
                "en-US-Standard-C, en-GB-Standard-A and en-GB-Standard-C."
            },
        ),
        (
            "de",
            "en-US-Nobody",
            {
                "voice": "There is no voice en-US-Nobody; voices are de-DE-Standard-A and "
                "de-DE-Standard-C."
            },
        ),
        (
            "",
            "xx-XX-Nobody",
            {
                "voice": "There is no voice xx-XX-Nobody; voices are en-US-Standard-A, "
                "en-US-Standard-C, en-GB-Standard-A, en-GB-Standard-C, de-DE-Standard-A, "
                "de-DE-Standard-C and 10 more."
            },
        ),
        (
            "de",
            "en-US-Standard-A",
            {
                "voice": "The voice en-US-Standard-A speaks en-US, not de; voices for de are "
                "de-DE-Standard-A and de-DE-Standard-C."
            },
        ),
        (
            "zh-HK",
            "cmn-CN-Standard-A",
            {
                "voice": "The voice cmn-CN-Standard-A speaks cmn-CN, not zh-HK; voices for zh-HK "
                "are yue-HK-Standard-A and yue-HK-Standard-C."
            },
        ),
        (
            "ja",
            "",
            {
                "language": "No voice speaks ja; there are voices for cmn, de, en, nb, pt, sr and "
                "yue."
            },
        ),
    ],
)
def test_voice_or_language_that_does_not_fit(
    language: str, voice: str, problems: dict[str, str]
) -> None:
    assert dict(find_voice_problems(language, voice, VOICES)) == problems


def test_voices_are_fetched_once_an_hour_and_kept_during_an_outage() -> None:
    now, events = [datetime(2026, 1, 1, tzinfo=UTC)], []
    answers: list[Any] = [VoiceOverloaded("no"), VOICES, VoiceOverloaded("no"), VOICES[:2]]

    def fetch() -> tuple[Voice, ...]:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return tuple(answer)

    class Clock:
        def now(self) -> datetime:
            return now[0]

        def sleep(self, seconds: float) -> None:
            now[0] += timedelta(seconds=seconds)

    def log(event: str, /, **_details: Any) -> None:
        events.append(event)

    voices = VoiceList(fetch, Clock(), log)
    assert (voices.read(), voices.read(), len(answers)) == ((), (), 3)
    now[0] += RETRY_AFTER
    assert (voices.read(), voices.read(), len(answers)) == (VOICES, VOICES, 2)
    now[0] += VALID_FOR
    assert (voices.read(), len(answers)) == (VOICES, 1)
    now[0] += RETRY_AFTER
    assert (voices.read(), answers) == (VOICES[:2], [])
    assert events == ["voices.unavailable"] * 2


def make_voices(*names: str) -> tuple[Voice, ...]:
    return tuple(Voice(name, ("-".join(name.split("-")[:2]),)) for name in names)


@pytest.mark.parametrize(
    ("name", "technology"),
    [
        ("en-US-Neural2-C", "Neural2"),
        ("cmn-CN-Standard-A", "Standard"),
        ("en-US-Chirp3-HD-Achernar", "Chirp3-HD"),
        ("en-US-Chirp-HD-D", "Chirp-HD"),
        ("en-US-Neural-Joe", "Neural"),
        ("en-US-Casual-K", "Casual"),
        ("Achernar", ""),
    ],
)
def test_name_of_a_voice_states_its_technology(name: str, technology: str) -> None:
    voice = Voice(name, ("en-US",))
    assert voice.technology == technology
    assert voice.is_neural == (technology != "Standard")


CLOUD = make_voices(
    "en-AU-Neural2-A", "en-US-Chirp3-HD-Kore", "en-US-Standard-A", "en-US-Wavenet-B",
    "en-US-Neural2-C", "en-US-Neural2-D", "en-GB-Wavenet-A", "pt-PT-Wavenet-A", "pt-BR-Wavenet-A",
    "es-US-Neural2-A", "es-ES-Standard-A", "cmn-CN-Wavenet-A", "yue-HK-Standard-A",
    "xh-ZA-Chirp3-HD-Kore",
)  # fmt: skip


@pytest.mark.parametrize(
    ("language", "preference", "name"),
    [
        ("en", ("Neural2", "Wavenet", "Standard"), "en-US-Neural2-C"),
        ("en", ("wavenet", "Standard"), "en-US-Wavenet-B"),
        ("en-GB", ("Neural2", "Wavenet"), "en-GB-Wavenet-A"),
        ("en-NZ", ("Neural2", "Wavenet"), "en-AU-Neural2-A"),
        ("en", (), "en-US-Chirp3-HD-Kore"),
        ("pt", ("Wavenet",), "pt-BR-Wavenet-A"),
        ("es", ("Neural2", "Standard"), "es-ES-Standard-A"),
        ("zh", ("Standard", "Wavenet"), "cmn-CN-Wavenet-A"),
        ("zh-HK", ("Wavenet",), "yue-HK-Standard-A"),
        ("xh", ("Neural2",), "xh-ZA-Chirp3-HD-Kore"),
        ("ja", ("Neural2",), None),
    ],
)
def test_voice_is_chosen_by_region_then_by_technology(
    language: str, preference: tuple[str, ...], name: str | None
) -> None:
    voice = choose_voice(language, CLOUD, preference)
    assert (voice and voice.name) == name


def test_default_preference_is_neural_before_standard() -> None:
    local = make_voices("en-US-Standard-A", "en-US-Neural-Joe", "de-DE-Standard-A")
    chosen = [
        choose_voice(language, voices, Settings.voice_preference)
        for language, voices in (("en", local), ("de", local), ("en", CLOUD))
    ]
    assert [voice and voice.name for voice in chosen] == [
        "en-US-Neural-Joe", "de-DE-Standard-A", "en-US-Neural2-C",
    ]  # fmt: skip
