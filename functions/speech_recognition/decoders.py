"""Decodes the sound of uploads, in sandbox processes."""

from __future__ import annotations

from shared.media.audio.sound_range import decode_range
from shared.media.audio.time_range import SoundRange
from shared.media.sandbox.child import SandboxIO


def decode_range_in_sandbox(sandbox_io: SandboxIO, wanted: SoundRange, rate_hz: int) -> bytes:
    """Writes the samples of a range, mono, 16-bit. Returns "incomplete" if the rest of the range
    cannot be decoded.

    Raises the errors of `decode_range`.
    """
    decoded = decode_range(sandbox_io.file, wanted, rate_hz)
    sandbox_io.write(decoded.samples.data.cast("B"))
    return b"" if decoded.is_complete else b"incomplete"
