"""Checks the first bytes of an untrusted file before FFmpeg reads it."""

from __future__ import annotations

import struct

from shared.media.errors import EmptyFile, NoVideoStream, PlaylistRefused
from shared.media.limits import check_size

HEAD_BYTES = 4096
PLAYLIST_SIGNATURES = (
    b"#EXTM3U",
    b"ffconcat",
    b"[playlist]",
    b"[Reference]",
    b"v=0",
    b"<?xml",
    b"<MPD",
    b"<smil",
    b"<asx",
)
_SOUND_SIGNATURES = (
    b"ID3",
    b"fLaC",
    b"\xff\xfb",
    b"\xff\xf3",
    b"\xff\xf1",
    b"\xff\xf9",
    b"FORM",
    b"#!AMR",
)


def check_head(head: bytes) -> None:
    """Raises an error of `shared.media.errors` for an empty file, a playlist, a file with sound
    only, and pictures that are too large."""
    if not head:
        raise EmptyFile
    check_size(*_declared_size(head))
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if text.startswith(PLAYLIST_SIGNATURES):
        raise PlaylistRefused
    if head.startswith(_SOUND_SIGNATURES) or (head.startswith(b"RIFF") and head[8:12] == b"WAVE"):
        raise NoVideoStream


def _declared_size(head: bytes) -> tuple[int, int]:
    """Returns width and height for formats whose size FFmpeg does not report after refusing it:
    GIF89a §18 and the main header of an AVI. Returns 0 for other formats."""
    if head.startswith(b"GIF8"):
        return struct.unpack("<HH", head[6:10].ljust(4, b"\0"))
    if head[:4] == b"RIFF" and head[24:28] == b"avih":
        return struct.unpack("<II", head[64:72].ljust(8, b"\0"))
    return 0, 0
