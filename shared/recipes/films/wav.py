"""Speech as RIFF WAVE: mono PCM of 16 bits. The reader treats files as untrusted.

Layout after Multimedia Programming Interface and Data Specifications 1.0, "Waveform Audio File
Format": chunks of a four-character name, a 32-bit length and a body padded to an even length.
"""

from __future__ import annotations

import struct

from shared.errors import PermanentError
from shared.recipes.films.speech import SpeechAudio

RATES_HZ = range(8_000, 48_001)
_PCM, _EXTENSIBLE = 1, 0xFFFE


class InvalidWav(PermanentError):
    """The bytes are not a WAV file with one channel of 16 bits per sample."""

    code = "not-speech"


def wav_header(rate_hz: int, samples: int) -> bytes:
    """Returns the 44 bytes that precede `samples` samples of mono PCM with 16 bits."""
    size = samples * 2
    return struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        b"RIFF", 36 + size, b"WAVE",
        b"fmt ", 16, _PCM, 1, rate_hz, rate_hz * 2, 2, 16,
        b"data", size,
    )  # fmt: skip


def to_wav(audio: SpeechAudio) -> bytes:
    """Returns a complete WAV file."""
    return wav_header(audio.rate_hz, audio.samples) + audio.pcm


def from_wav(data: bytes) -> SpeechAudio:
    """Parses a WAV file.

    A length that exceeds the file ends with the file: streams of unknown length are written so.
    Raises InvalidWav.
    """
    if len(data) < 12 or data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise InvalidWav
    rate_hz, at = 0, 12
    while at + 8 <= len(data):
        name, size = struct.unpack_from("<4sI", data, at)
        body = data[at + 8 : at + 8 + size]
        if name == b"fmt ":
            rate_hz = _parse_rate(body)
        if name == b"data":
            if not rate_hz:
                raise InvalidWav("The WAV file's sound comes before its format.")
            return SpeechAudio(body[: len(body) & ~1], rate_hz)
        at += 8 + size + (size & 1)
    raise InvalidWav("The WAV file holds no sound.")


def _parse_rate(body: bytes) -> int:
    if len(body) < 16:
        raise InvalidWav
    kind, channels, rate_hz, _, _, bits = struct.unpack_from("<HHIIHH", body)
    if kind not in (_PCM, _EXTENSIBLE) or channels != 1 or bits != 16 or rate_hz not in RATES_HZ:
        raise InvalidWav(
            f"The WAV file has format {kind}, {channels} channels, {bits} bits and {rate_hz} Hz; "
            "one channel of 16-bit PCM is wanted."
        )
    return int(rate_hz)
