"""WAV files, as the speech service returns them."""

from __future__ import annotations

import pytest

from shared.recipes.films.speech import SpeechAudio
from shared.recipes.films.wav import InvalidWav, from_wav, to_wav


def test_wav_round_trips() -> None:
    audio = SpeechAudio(bytes(range(256)) * 4, 24000)
    assert from_wav(to_wav(audio)) == audio


def test_wav_of_unknown_length_ends_with_its_bytes() -> None:
    wav = bytearray(to_wav(SpeechAudio(b"\1\2" * 50, 16000)))
    wav[40:44] = b"\xff\xff\xff\xff"
    assert from_wav(bytes(wav)).samples == 50


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"RIFF",
        b"RIFF\0\0\0\0WAVE",
        b"RIFF\0\0\0\0WAVEdata\4\0\0\0abcd",
        b"ID3" + bytes(60),
        to_wav(SpeechAudio(b"\0\0", 24000)).replace(b"\x01\x00\x01\x00", b"\x01\x00\x02\x00"),
        to_wav(SpeechAudio(b"\0\0", 24000))[:30],
        to_wav(SpeechAudio(b"\0\0", 96000)),
    ],
)
def test_invalid_wav_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidWav):
        from_wav(data)
