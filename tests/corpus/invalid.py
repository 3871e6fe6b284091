"""Invalid and malicious files: each must be refused with its code, without any connection."""

from __future__ import annotations

import io
import random
import struct
from collections.abc import Iterator
from pathlib import Path

from tests.corpus import bombs
from tests.corpus.build import invalid_file
from tests.corpus.byte_edits import (
    change_boxes,
    cut_before,
    cut_within,
    make_box,
    make_full_box,
    replace_samples,
)
from tests.corpus.colour import dolby_vision
from tests.corpus.corpus_file import CorpusFile, MakeBytes
from tests.corpus.encoding import (
    FAST_START_CLIP,
    MATROSKA_CLIP,
    MPEGTS_CLIP,
    SHORT_CLIP,
    clip_bytes,
    run_ffmpeg,
    short_clip_bytes,
)
from tests.fixtures.media.clips import cached_file, make_sound_only


def list_files() -> Iterator[CorpusFile]:
    """All invalid files."""
    yield from _non_videos()
    yield from _playlists()
    yield from _references()
    yield from _sounds()
    yield from _truncated()
    yield from bombs.list_files()
    yield from dolby_vision.list_invalid_files()


def _non_videos() -> Iterator[CorpusFile]:
    picture = run_ffmpeg("a picture", "png", "-i", SHORT_CLIP, "-frames:v", "1")
    for name, data in (
        ("one byte", b"\0"),
        ("zeros", bytes(5000)),
        ("noise", random.Random(1).randbytes(20_000)),
        ("a text", b"Dear diary, this is no video.\n" * 50),
        ("a web page", b"<!doctype html><video src=x.mp4></video>" * 9),
        ("a PDF", b"%PDF-1.7\n" + bytes(600)),
        ("a PNG", picture),
        ("an SVG", b"<svg xmlns='http://www.w3.org/2000/svg'><image href='file:///x'/></svg>"),
        ("a program", b"\x7fELF\x02\x01\x01" + bytes(2000)),
        ("a shell script", b"#!/bin/sh\ncurl http://127.0.0.1/ | sh\n" * 9),
        ("a ZIP", bombs.make_zip_bomb(1 << 16)),
        ("raw H.264", _annex_b()),
    ):
        yield invalid_file(name, "no video at all", lambda _, data=data: data, "not-a-video")  # type: ignore[misc]
    yield invalid_file("nothing", "no bytes", lambda _: b"", "empty-file", common=True)
    yield invalid_file(
        "a still WebP", "one picture", lambda _: _still_webp(), "not-a-video", "webp"
    )
    yield invalid_file("MXF", "an unsupported container", lambda _: run_ffmpeg(
        "mxf", "mxf", "-i", SHORT_CLIP, "-c:v", "mpeg2video"), "not-a-video", "mxf")  # fmt: skip
    yield invalid_file("WMV", "an unsupported container", lambda _: run_ffmpeg(
        "wmv", "wmv", "-i", SHORT_CLIP, "-c:v", "wmv2"), "not-a-video", "wmv")  # fmt: skip
    yield invalid_file("an unknown codec", "fourcc zzzz", lambda _: short_clip_bytes().replace(
        b"avc1", b"zzzz").replace(b"avcC", b"zzzC"), "unsupported-codec")  # fmt: skip
    yield invalid_file("copy protection", "MPEG-CENC", lambda _: run_ffmpeg(
        "cenc", "mp4", "-i", SHORT_CLIP, "-c", "copy", "-encryption_scheme", "cenc-aes-ctr",
        "-encryption_key", "76a6c65c5ea762046bd749a2e632ccbb",
        "-encryption_kid", "a7e61c373e219033c21091fa607bf3b8"), "encrypted-video",
        common=True)  # fmt: skip


def _annex_b() -> bytes:
    return run_ffmpeg("annexb", "h264", "-i", SHORT_CLIP, "-c", "copy")


def _still_webp() -> bytes:
    from PIL import Image

    out = io.BytesIO()
    Image.new("RGB", (64, 64), "red").save(out, "WEBP")
    return out.getvalue()


# --- playlists and scripts --------------------------------------------------------------------


def _playlists() -> Iterator[CorpusFile]:
    hls = "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n{url}/a.ts\n#EXT-X-ENDLIST\n"
    concat = "ffconcat version 1.0\nfile '{url}/a.mp4'\n"
    for name, text, common in (
        ("HLS", hls, True),
        ("HLS after a byte order mark", "\ufeff" + hls, False),
        ("HLS after blank lines", "\r\n \t\n" + hls, False),
        ("HLS to a local file", "#EXTM3U\n#EXTINF:5,\nfile:///etc/passwd\n", False),
        ("HLS with a key", hls.replace(
            "#EXTINF", '#EXT-X-KEY:METHOD=AES-128,URI="{url}/k"\n#EXTINF'), False),
        ("ffconcat", concat, True),
        ("DASH", '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" '
         'type="static"><BaseURL>{url}/</BaseURL><Period><AdaptationSet mimeType="video/mp4">'
         '<Representation id="1"><BaseURL>a.mp4</BaseURL></Representation></AdaptationSet>'
         '</Period></MPD>', True),
        ("SDP", "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n"
         "m=video {port} RTP/AVP 96\na=rtpmap:96 H264/90000\na=control:{url}\n", True),
        ("PLS", "[playlist]\nFile1={url}/a.mp4\nNumberOfEntries=1\n", False),
        ("QuickTime reference text", "[Reference]\nRef1={url}/a.mp4\n", False),
        ("SMIL", "<smil><body><video src='{url}/a.mp4'/></body></smil>", False),
        ("XSPF", "<?xml version='1.0'?><playlist><trackList><track><location>{url}/a</location>"
         "</track></trackList></playlist>", False),
        ("ASX", "<asx version='3.0'><entry><ref href='{url}/a.mp4'/></entry></asx>", False),
    ):  # fmt: skip
        yield invalid_file(
            name, "a playlist", _format_text(text), "playlist-refused", common=common
        )
    for name, text in (
        ("HLS in UTF-16", hls),
        ("RTSP address", "rtsp://127.0.0.1:{port}/a\n"),
        ("concat address", "concat:{url}/a|{url}/b\n"),
        ("subfile address", "subfile,,start,0,end,100,,:{url}/a\n"),
        ("Avisynth script", 'FFVideoSource("{url}/a.mp4")\n' * 9),
        ("picture sequence", "%03d.png\n"),
        ("FFmpeg metadata", ";FFMETADATA1\ntitle={url}\n"),
    ):
        coding = "utf-16" if "UTF-16" in name else "utf-8"
        yield invalid_file(name, "a script", _format_text(text, coding), "not-a-video")


def _format_text(text: str, coding: str = "utf-8") -> MakeBytes:
    def make(url: str) -> bytes:
        return text.format(url=url, port=url.rpartition(":")[2]).encode(coding)

    return make


# --- external references ----------------------------------------------------------------------

_DREF = (b"moov", b"trak", b"mdia", b"minf", b"dinf", b"dref")


def _references() -> Iterator[CorpusFile]:
    yield invalid_file("dref to a URL", "samples at a URL", lambda url: change_boxes(
        short_clip_bytes(), _DREF, lambda _: _dref(make_full_box(b"url ", 0,
        f"{url}/a.mp4".encode() + b"\0"))),
        "external-media", common=True)  # fmt: skip
    yield invalid_file("dref to a local file", "file:///etc/passwd", lambda _: change_boxes(
        short_clip_bytes(), _DREF, lambda _: _dref(make_full_box(b"url ", 0, b"file:///etc/passwd\0"))),
        "external-media")  # fmt: skip
    yield invalid_file(
        "dref to a Mac alias",
        "'alis'",
        lambda _: change_boxes(
            short_clip_bytes(), _DREF, lambda _: _dref(make_full_box(b"alis", 0, _alias()))
        ),
        "external-media",
    )
    yield invalid_file("dref by name", "'urn '", lambda url: change_boxes(
        short_clip_bytes(), _DREF, lambda _: _dref(make_full_box(b"urn ", 0,
        b"x\0" + url.encode() + b"\0"))),
        "external-media")  # fmt: skip
    yield invalid_file("QuickTime reference movie", "rmra and rdrf", lambda url: make_box(
        b"ftyp", b"qt  \0\0\0\0qt  ") + make_box(b"moov", make_box(b"rmra", make_box(b"rmda",
        make_full_box(
            b"rdrf", 0, b"url " + struct.pack(">I", len(url)) + url.encode())))),
        "external-media", "mov")  # fmt: skip


def _dref(entry: bytes) -> bytes:
    return struct.pack(">II", 0, 1) + entry


def _alias() -> bytes:
    """An alias record with an absolute path (type 18), as QuickTime writes it."""
    path = b"/etc/passwd"
    head = bytearray(150)
    head[4:8] = struct.pack(">HH", 150, 2)
    return (
        bytes(head) + struct.pack(">HH", 18, len(path)) + path + b"\0" + struct.pack(">hH", -1, 0)
    )


# --- sound only -------------------------------------------------------------------------------


def _sounds() -> Iterator[CorpusFile]:
    tone = ("-f", "lavfi", "-i", "sine=duration=1")
    for suffix in ("mp3", "wav", "flac", "ogg", "aiff", "aac", "mka"):
        codec = ("-c:a", "flac") if suffix == "ogg" else ()
        yield invalid_file(f"only sound: {suffix}", "a tone", lambda _, s=suffix,
        c=codec: run_ffmpeg(  # type: ignore[misc]
            "tone", s, *tone, *c), "no-video-stream", suffix)  # fmt: skip
    yield invalid_file("only sound: m4a", "a tone", lambda _: make_sound_only().read_bytes(),
               "no-video-stream", "m4a", common=True)  # fmt: skip
    yield invalid_file("sound with a cover", "M4A with a JPEG", lambda _: run_ffmpeg(
        "m4a cover", "m4a", *tone, "-i", _jpeg, "-map", "0", "-map", "1", "-c:v", "copy",
        "-disposition:v", "attached_pic"), "no-video-stream", "m4a")  # fmt: skip
    yield invalid_file("only subtitles", "SRT in Matroska", lambda _: run_ffmpeg(
        "mks", "mks", "-i", _srt, "-c:s", "srt", "-f", "matroska"),
        "no-video-stream", "mks")  # fmt: skip


def _jpeg() -> Path:
    return cached_file("small cover", "jpg", lambda path: path.write_bytes(run_ffmpeg(
        "cover jpeg", "jpg", "-i", SHORT_CLIP, "-frames:v", "1")))  # fmt: skip


def _srt() -> Path:
    return cached_file("srt", "srt", lambda path: path.write_bytes(
        b"1\n00:00:00,000 --> 00:00:02,000\nHallo.\n"))  # fmt: skip


# --- truncated and damaged --------------------------------------------------------------------


def _truncated() -> Iterator[CorpusFile]:
    yield invalid_file("MP4 without its index", "no moov", lambda _: cut_before(short_clip_bytes(),
    b"moov"),
               "video-truncated", common=True)  # fmt: skip
    yield invalid_file("MP4 cut off in its index", "moov first", lambda _: cut_within(
        clip_bytes(FAST_START_CLIP), b"moov"), "video-truncated")  # fmt: skip
    yield invalid_file("MP4 without its pictures", "no mdat", lambda _: cut_before(
        clip_bytes(FAST_START_CLIP), b"mdat"), "video-truncated")  # fmt: skip
    yield invalid_file("Matroska header", "no cluster", lambda _: clip_bytes(MATROSKA_CLIP)[:400],
               "video-truncated", "mkv")  # fmt: skip
    yield invalid_file("one packet of a TS", "188 bytes", lambda _: clip_bytes(MPEGTS_CLIP)[:188],
               "not-a-video", "ts")  # fmt: skip
    yield invalid_file("empty packets", "a TS of null packets", lambda _: (
        b"\x47\x1f\xff\x10" + b"\xff" * 184) * 200, "not-a-video", "ts")  # fmt: skip
    yield invalid_file("a movie of no pictures", "an MP4 with empty tables", lambda _: run_ffmpeg(
        "empty", "mp4", "-i", SHORT_CLIP, "-c", "copy", "-frames:v", "0",
        "-movflags", "frag_keyframe+empty_moov"), "video-truncated")  # fmt: skip
    yield invalid_file(
        "pictures of noise",
        "a valid index",
        lambda _: replace_samples(short_clip_bytes()),
        "undecodable-video",
        common=True,
    )
    yield invalid_file(
        "pictures of zeros",
        "a valid index",
        lambda _: replace_samples(short_clip_bytes(), zeros=True),
        "undecodable-video",
    )
