"""Decodes the sound of uploads, in sandbox processes."""

from __future__ import annotations

from shared.media.audio.sound_range import decode_range
from shared.media.audio.time_range import SoundRange
from shared.media.reencoding.joined_sound import decode_joined_range
from shared.media.sandbox.child import SandboxIO
from shared.recipes.media_info import MediaInfo


def decode_range_in_sandbox(
    sandbox_io: SandboxIO, wanted: SoundRange, rate_hz: int, joined: MediaInfo | None
) -> bytes:
    """Writes the samples of a range, mono, 16-bit. Returns "incomplete" if the rest of the range
    cannot be decoded.

    Args:
        joined: The facts of a video that consists of several recordings.

    Raises the errors of `decode_range` and of `decode_joined_range`.
    """
    decoded = (
        decode_range(sandbox_io.file, wanted, rate_hz)
        if joined is None
        else decode_joined_range(sandbox_io.file, joined, wanted, rate_hz)
    )
    sandbox_io.write(decoded.samples.data.cast("B"))
    return b"" if decoded.is_complete else b"incomplete"
