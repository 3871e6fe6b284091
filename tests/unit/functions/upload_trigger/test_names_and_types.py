"""The bytes decide what an upload is: the containers of cameras, discs and animations as videos,
and the containers of films as sounds."""

from __future__ import annotations

import io
from fractions import Fraction
from typing import cast

import av
import numpy as np
import pytest
from av.audio.stream import AudioStream
from av.video.stream import VideoStream
from PIL import Image

from functions.upload_trigger.probes.video import probe
from shared.media.audio.probe import probe_sound
from shared.media.errors import NoSound

RATE_HZ = 48_000
_VIDEO_CODECS = {"webm": "vp8", "flv": "flv1", "vob": "mpeg2video", "mpegts": "mpeg2video"}


def make_video(container_format: str, codec: str, pix_fmt: str) -> bytes:
    """Returns ten frames of 64x48 at 25 a second."""
    file = io.BytesIO()
    with av.open(file, "w", format=container_format) as container:
        stream = cast("VideoStream", container.add_stream(codec, rate=25))
        stream.width, stream.height, stream.pix_fmt = 64, 48, pix_fmt
        for number in range(10):
            picture = np.full((48, 64, 3), 20 * number, np.uint8)
            frame = av.VideoFrame.from_ndarray(picture, "rgb24").reformat(format=pix_fmt)
            frame.pts, frame.time_base = number, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return file.getvalue()


def make_sound(container_format: str, codec: str, *, with_video: bool) -> bytes:
    """Returns a second of stereo, with a video beside it or without."""
    file = io.BytesIO()
    with av.open(file, "w", format=container_format) as container:
        if with_video:
            video_codec = _VIDEO_CODECS.get(container_format, "mpeg4")
            video = cast("VideoStream", container.add_stream(video_codec, rate=25))
            video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        rate_hz = 44_100 if container_format == "flv" else RATE_HZ
        options = {"b": "128k"}
        added = container.add_stream(codec, rate=rate_hz, layout="stereo", options=options)
        stream = cast("AudioStream", added)
        if with_video:
            for number in range(25):
                frame = av.VideoFrame(64, 48, "yuv420p")
                frame.pts, frame.time_base = number, Fraction(1, 25)
                container.mux(video.encode(frame))
            container.mux(video.encode(None))
        sound = av.AudioFrame.from_ndarray(np.zeros((2, rate_hz), np.float32), "fltp", "stereo")
        sound.sample_rate, sound.pts, sound.time_base = rate_hz, 0, Fraction(1, rate_hz)
        container.mux(stream.encode(sound))
        container.mux(stream.encode(None))
    return file.getvalue()


@pytest.mark.parametrize(
    ("container_format", "codec", "pix_fmt", "family"),
    [
        ("gif", "gif", "rgb8", "gif"),  # .gif
        ("mpegts", "mpeg2video", "yuv420p", "mpegts"),  # .MTS, .m2t, .m2ts, .ts
        ("vob", "mpeg2video", "yuv420p", "mpeg"),  # .vob
        ("dvd", "mpeg2video", "yuv420p", "mpeg"),  # .MOD
        ("mpeg", "mpeg1video", "yuv420p", "mpeg"),  # .mpg
    ],
)
def test_container_is_accepted_as_a_video(
    container_format: str, codec: str, pix_fmt: str, family: str
) -> None:
    data = make_video(container_format, codec, pix_fmt)
    media_info = probe(io.BytesIO(data), len(data))

    assert media_info.container.split(",")[0] == family
    assert media_info.video.display_size == (64, 48)


def test_animated_webp_is_accepted_as_a_video() -> None:
    pictures = [Image.new("RGB", (64, 48), (20 * number, 0, 0)) for number in range(10)]
    file = io.BytesIO()
    pictures[0].save(file, "WEBP", save_all=True, append_images=pictures[1:], duration=100)
    media_info = probe(io.BytesIO(file.getvalue()), len(file.getvalue()))

    assert (media_info.container, media_info.duration) == ("webp", Fraction(1))


@pytest.mark.parametrize(
    ("container_format", "codec", "with_video"),
    [
        ("ipod", "aac", False),  # .m4b, .m4a
        ("mp4", "aac", True),
        ("webm", "libopus", False),
        ("webm", "libopus", True),
        ("matroska", "libopus", True),
        ("mov", "pcm_s16le", False),
        ("mpegts", "mp2", True),  # .ts, .mts, .m2ts
        ("mpegts", "ac3", False),
        ("vob", "ac3", True),
        ("avi", "libmp3lame", True),
        ("avi", "pcm_s16le", False),
        ("flv", "aac", True),
        ("3gp", "aac", True),
        ("matroska", "flac", False),  # .mka
        ("asf", "wmav2", False),  # .wma
        ("asf", "wmav2", True),  # .wmv
        ("caf", "alac", False),
        ("caf", "pcm_s16le", False),
        ("aiff", "pcm_s16be", False),
        ("w64", "pcm_s16le", False),
        ("au", "pcm_s16be", False),
        ("ac3", "ac3", False),
        ("eac3", "eac3", False),
        ("adts", "aac", False),
        ("latm", "aac", False),
        ("mp2", "mp2", False),
        ("wv", "wavpack", False),
        ("tta", "tta", False),
    ],
)
def test_container_is_accepted_as_a_sound(
    container_format: str, codec: str, with_video: bool
) -> None:
    data = make_sound(container_format, codec, with_video=with_video)
    facts = probe_sound(io.BytesIO(data), max_duration_s=60)

    rate_hz = 44_100 if container_format == "flv" else RATE_HZ
    assert (facts.rate_hz, facts.channels) == (rate_hz, 2)
    assert abs(facts.duration - 1) < Fraction(1, 20)


@pytest.mark.parametrize(
    ("container_format", "codec", "pix_fmt"),
    [
        ("mp4", "mpeg4", "yuv420p"),
        ("matroska", "mpeg4", "yuv420p"),
        ("mpegts", "mpeg2video", "yuv420p"),
        ("vob", "mpeg2video", "yuv420p"),
        ("avi", "mpeg4", "yuv420p"),
        ("flv", "flv1", "yuv420p"),
        ("gif", "gif", "rgb8"),
    ],
)
def test_video_without_sound_is_no_sound(container_format: str, codec: str, pix_fmt: str) -> None:
    data = make_video(container_format, codec, pix_fmt)

    with pytest.raises(NoSound, match="There is no sound in this file"):
        probe_sound(io.BytesIO(data), max_duration_s=60)
