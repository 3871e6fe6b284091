"""The media type of a file, by its first bytes and its extension."""

from __future__ import annotations

import mimetypes
from pathlib import Path

# The system's MIME table may lack these, or map .ts to another type.
_CONTENT_TYPES = {
    ".mp4": "video/mp4",
    ".m4v": "video/x-m4v",
    ".mov": "video/quicktime",
    ".mkv": "video/x-matroska",
    ".webm": "video/webm",
    ".ts": "video/mp2t",
    ".m2ts": "video/mp2t",
    ".mts": "video/mp2t",
    ".m2t": "video/mp2t",
    ".vob": "video/mpeg",
    ".mod": "video/mpeg",
    ".mpg": "video/mpeg",
    ".avi": "video/x-msvideo",
    ".webp": "image/webp",
    ".heic": "image/heic",
    ".heif": "image/heif",
    ".m4a": "audio/mp4",
    ".m4b": "audio/mp4",
    ".mp3": "audio/mpeg",
    ".wav": "audio/wav",
    ".ogg": "audio/ogg",
    ".opus": "audio/ogg",
    ".flac": "audio/flac",
    ".aac": "audio/aac",
    ".ac3": "audio/ac3",
    ".amr": "audio/amr",
    ".caf": "audio/x-caf",
    ".mka": "audio/x-matroska",
    ".wma": "audio/x-ms-wma",
    ".wmv": "video/x-ms-wmv",
}

_HEAD_BYTES = 4096
_SIGNATURES = {
    b"\xff\xd8\xff": "image/jpeg",
    b"\x89PNG": "image/png",
    b"GIF8": "image/gif",
    b"\0\0\1\xba": "video/mpeg",
    b"\0\0\1\xb3": "video/mpeg",
    b"FLV\1": "video/x-flv",
    b"ID3": "audio/mpeg",
    b"fLaC": "audio/flac",
    b"#!AMR": "audio/amr",
    b"caff": "audio/x-caf",
    b".snd": "audio/basic",
    b"wvpk": "audio/x-wavpack",
    b"TTA1": "audio/x-tta",
    b"\x0b\x77": "audio/ac3",
    b"\xff\xf1": "audio/aac",
    b"\xff\xf9": "audio/aac",
    b"\xff\xfb": "audio/mpeg",
    b"\xff\xf3": "audio/mpeg",
}
_CONTAINERS = {
    b"\x1aE\xdf\xa3": "video/webm",
    b"OggS": "audio/ogg",
    b"\x30\x26\xb2\x75": "audio/x-ms-wma",
}
_BRANDS = {
    b"qt  ": "video/quicktime",
    b"M4A ": "audio/mp4",
    b"M4B ": "audio/mp4",
    b"heic": "image/heic",
    b"heix": "image/heic",
    b"mif1": "image/heif",
    b"avif": "image/avif",
}
"""The major brands of MP4 (ISO/IEC 14496-12) that have a media type of their own."""
_FORMS = {
    b"WEBP": "image/webp",
    b"WAVE": "audio/wav",
    b"AVI ": "video/x-msvideo",
    b"AIFF": "audio/aiff",
    b"AIFC": "audio/aiff",
}
_TS_SYNC = ((0, 188), (4, 192))
"""Where the first packet of MPEG-TS begins, and the length of a packet; M2TS puts a time before."""
ANIMATED_TYPES = ("image/gif", "image/webp")
"""Types of pictures that can be a video."""


def guess_content_type(path: Path) -> str:
    """Returns the media type by the first bytes of the file, or else by its extension."""
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except OSError:
        head = b""
    named = type_of_name(path.name)
    return _detect_content_type(head, named or "") or named or "application/octet-stream"


def type_of_name(name: str) -> str | None:
    """Returns the media type by the extension, or None if it is not known."""
    return _CONTENT_TYPES.get(Path(name).suffix.lower()) or mimetypes.guess_type(name)[0]


def _detect_content_type(head: bytes, named: str) -> str | None:
    """Returns the media type of a file that begins with `head`, or None if it is not known.

    `named` is the type by the extension, which is more exact for a container of several types.
    """
    if any(head[start : start + 2 * step + 1 : step] == b"G" * 3 for start, step in _TS_SYNC):
        return "video/mp2t"
    if head[:4] in (b"RIFF", b"FORM"):
        return _FORMS.get(head[8:12])
    if head[4:8] == b"ftyp" and head[8:12] in _BRANDS:
        return _BRANDS[head[8:12]]
    container = "video/mp4" if head[4:8] == b"ftyp" else _CONTAINERS.get(head[:4])
    if container is not None:
        return named if named.startswith(("video/", "audio/")) else container
    return next((kind for start, kind in _SIGNATURES.items() if head.startswith(start)), None)
