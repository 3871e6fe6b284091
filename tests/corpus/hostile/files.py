"""Hostile files of each kind of input, and mutations of valid ones."""

from __future__ import annotations

import io
import random
import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from PIL import Image

from tests.corpus import invalid
from tests.corpus.byte_edits import make_box, make_full_box, patch_bytes, resize_jpeg_headers
from tests.corpus.mutation import mutate
from tests.fixtures.media.uploads import (
    draw_quarters,
    encode_heic,
    encode_picture,
    make_png_header,
    make_sound_file,
    resize_heic_header,
)

KINDS = ("video", "picture", "sound")


@dataclass(frozen=True)
class HostileFile:
    """A file, and the kind of input as which it could be uploaded."""

    kind: str
    name: str
    data: bytes


def list_files(kind: str, url: str) -> Iterator[HostileFile]:
    """Yields the files of a kind. Those that refer to other files refer to `url`, which no decoder
    may call."""
    if kind == "video":
        for row in invalid.list_files():
            yield HostileFile(kind, row.name, row.make(url))
        return
    files = _pictures() if kind == "picture" else _sounds(url)
    for name, data in {**files, **_scripts(url)}.items():
        yield HostileFile(kind, name, data)


def list_mutations(kind: str, count: int, seed: int = 1) -> Iterator[HostileFile]:
    """Yields mutations of valid pictures or sounds, always the same ones for a seed."""
    valid = _valid_pictures() if kind == "picture" else _valid_sounds()
    for number in range(count):
        rng = random.Random(f"{kind} {seed} {number}")
        name, other = rng.choice(sorted(valid)), rng.choice(sorted(valid))
        data = mutate(valid[name], valid[other], rng)
        yield HostileFile(kind, f"{seed}-{number}-{name}", data)


def _valid_pictures() -> Mapping[str, bytes]:
    image = draw_quarters(240, 160)
    return {
        "jpeg": encode_picture(image, "JPEG"),
        "progressive": encode_picture(image, "JPEG", progressive=True),
        "png": encode_picture(image.convert("RGBA"), "PNG"),
        "palette": encode_picture(image.convert("P"), "PNG"),
        "webp": encode_picture(image, "WEBP"),
        "heic": encode_heic(image, 6),
    }


def _valid_sounds() -> Mapping[str, bytes]:
    kinds = ("mp3", "wav", "m4a", "ogg", "opus", "flac", "float-wav", "webm", "mono-8k")
    return {kind: make_sound_file(kind, 1.0) for kind in kinds}


def _scripts(url: str) -> Mapping[str, bytes]:
    """Files of any kind that name another file."""
    port = url.rpartition(":")[2]
    text = {
        "HLS": f"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n{url}/a.ts\n#EXT-X-ENDLIST\n",
        "HLS after a line": f"\n\n#EXTM3U\n#EXTINF:5,\n{url}/a.ts\n",
        "ffconcat": f"ffconcat version 1.0\nfile '{url}/a'\n",
        "PLS": f"[playlist]\nFile1={url}/a\nNumberOfEntries=1\n",
        "SDP": f"v=0\nc=IN IP4 127.0.0.1\nm=audio {port} RTP/AVP 0\na=control:{url}\n",
        "DASH": f"<?xml version='1.0'?><MPD><BaseURL>{url}/</BaseURL></MPD>",
        "SVG": f"<svg xmlns='http://www.w3.org/2000/svg'><image href='{url}/a'/></svg>",
        "SVG with an entity": f"<!DOCTYPE svg [<!ENTITY a SYSTEM '{url}/a'>]><svg>&a;</svg>",
        "a web page": f"<!doctype html><img src='{url}/a'>",
        "PostScript": f"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n({url}/a) run\n",
        "an MVG picture": f"push graphic-context\nimage over 0,0 0,0 '{url}/a'\n",
        "concat address": f"concat:{url}/a|{url}/b\n",
        "HTTP address": f"{url}/a\n",
        "RTSP address": f"rtsp://127.0.0.1:{port}/a\n",
    }
    return {name: lines.encode() for name, lines in text.items()}


def _pictures() -> Mapping[str, bytes]:
    valid = _valid_pictures()
    jpeg, png, heic = valid["jpeg"], valid["png"], valid["heic"]
    return {
        "900 megapixels in a PNG": make_png_header(30_000, 30_000),
        "a line of 4,000 million pixels": make_png_header(0xFFFFFFF0, 1),
        "no pixels": make_png_header(0, 0),
        "60 megapixels in a PNG": make_png_header(8000, 7500),
        "900 megapixels in a JPEG": resize_jpeg_headers(jpeg, 30_000, 30_000),
        "65535×65535 in a JPEG": resize_jpeg_headers(jpeg, 65_535, 65_535),
        "3600 megapixels in a HEIC": resize_heic_header(heic, 60_000, 60_000),
        "a text of 64 MB in a PNG": _insert_chunk(
            png, b"zTXt", b"a\0\0" + zlib.compress(bytes(1 << 26), 9)
        ),
        "a profile of 64 MB in a PNG": _insert_chunk(
            png, b"iCCP", b"a\0\0" + zlib.compress(bytes(1 << 26), 9)
        ),
        "a hundred thousand chunks in a PNG": _insert_chunk(png, b"tEXt", b"a\0b", 100_000),
        "a chunk of two gigabytes in a PNG": patch_bytes(png, 8, ">I", 0x7FFFFFFF),
        "JPEG cut off": jpeg[: len(jpeg) // 2],
        "PNG cut off": png[: len(png) // 2],
        "WebP cut off": valid["webp"][: len(valid["webp"]) // 2],
        "HEIC cut off": heic[: len(heic) // 2],
        "HEIC without boxes": heic[:40],
        "a HEIC of boxes in boxes": make_box(b"ftyp", b"heic\0\0\0\0mif1heic") + _nested(5000),
        "JPEG with EXIF that refers to itself": _jpeg_with_exif(),
        "an animation of two thousand frames": _animation(),
        "TIFF": encode_picture(draw_quarters(64, 64), "TIFF"),
        "GIF": encode_picture(draw_quarters(64, 64), "GIF"),
        "BMP": encode_picture(draw_quarters(64, 64), "BMP"),
        "PCX": encode_picture(draw_quarters(64, 64), "PCX"),
        "noise": random.Random(2).randbytes(20_000),
        "JPEG of noise": jpeg[:400] + random.Random(3).randbytes(20_000),
        "nothing but a signature": b"\x89PNG\r\n\x1a\n",
    }  # fmt: skip


def _sounds(url: str) -> Mapping[str, bytes]:
    valid = _valid_sounds()
    wav, m4a, flac = valid["wav"], valid["m4a"], valid["flac"]
    reference = make_full_box(b"url ", 0, f"{url}/a.mp4\0".encode())
    return {
        "WAV of four gigabytes": patch_bytes(wav, 40, "<I", 0xFFFFFFFF),
        "WAV with 65535 channels": patch_bytes(wav, 22, "<H", 0xFFFF),
        "WAV at 4 GHz": patch_bytes(wav, 24, "<I", 0xFFFFFFFF),
        "WAV of 0 bits": patch_bytes(wav, 34, "<H", 0),
        "M4A in another file": m4a.replace(make_full_box(b"url ", 1, b""), reference),
        "M4A cut off": m4a[: len(m4a) // 2],
        "M4A with a table of 4,000 million entries": _patch_table(m4a),
        "a list of four gigabytes in an ID3 tag": b"ID3\x04\0\0\x7f\x7f\x7f\x7f" + valid["mp3"],
        "FLAC with a picture of 16 MB": flac[:4] + b"\x06\xff\xff\xff" + flac[4:],
        "FLAC cut off": flac[: len(flac) // 2],
        "Ogg of two streams": valid["ogg"] + valid["opus"],
        "Ogg cut off": valid["ogg"][: len(valid["ogg"]) // 2],
        "Matroska of unknown size": b"\x1a\x45\xdf\xa3\x80\x18\x53\x80\x67\x01" + b"\xff" * 900,
        "MIDI": b"MThd\0\0\0\x06\0\x01\0\x01\0\x60MTrk\xff\xff\xff\xff",
        "noise": random.Random(4).randbytes(20_000),
        "MP3 of noise": b"\xff\xfb\x90\x00" * 50 + random.Random(5).randbytes(20_000),
        "zeros": bytes(50_000),
    }


def _insert_chunk(png: bytes, kind: bytes, body: bytes, count: int = 1) -> bytes:
    """A PNG with further chunks after its header."""
    chunk = struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    return png[:33] + chunk * count + png[33:]


def _nested(depth: int) -> bytes:
    data = b""
    for _ in range(depth):
        data = make_full_box(b"meta", 0, data)
    return data


def _jpeg_with_exif() -> bytes:
    """A JPEG whose list of EXIF entries is followed by itself."""
    entries = struct.pack("<H", 1) + struct.pack("<HHII", 0x8769, 4, 1, 8) + struct.pack("<I", 8)
    return encode_picture(
        draw_quarters(64, 64), "JPEG", exif=b"Exif\0\0II*\0" + struct.pack("<I", 8) + entries
    )


def _animation() -> bytes:
    frame, out = Image.new("L", (1, 1)), io.BytesIO()
    frames = [Image.new("L", (1, 1), n % 2 * 255) for n in range(2000)]
    frame.save(out, "PNG", save_all=True, append_images=frames)
    return out.getvalue()


def _patch_table(m4a: bytes) -> bytes:
    return patch_bytes(m4a, m4a.index(b"stsz") + 12, ">I", 0xFFFFFFFF)
