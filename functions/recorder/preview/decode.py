"""Decodes a camera's packets into small JPEGs, in a sandbox process."""

from __future__ import annotations

import io
from fractions import Fraction
from typing import cast

import av
import av.subtitles.codeccontext
import av.subtitles.stream
import numpy as np
from av.video.codeccontext import VideoCodecContext
from PIL import Image

from functions.recorder.preview.decoder import FRAME_HEADER, PACKET_HEADER
from shared.media.colour.conversion import find_conversion
from shared.media.geometry.shapes import plausible_aspect
from shared.media.images.colour_codes import CodeScale, apply_conversion
from shared.media.images.frame_colour import read_colour, swscale_matrix
from shared.media.sandbox.child import SandboxIO
from shared.recipes.picture_shape import to_square_pixels

# A sandbox process can open no file, not even to import Pillow's plugin that writes JPEGs.
Image.preinit()
MAX_WIDTH_PX = 640
JPEG_QUALITY = 75


def decode_in_sandbox(sandbox_io: SandboxIO, codec: str, max_fps: int) -> bytes:
    """Decodes packets until there are none, and writes at most `max_fps` frames a second."""
    decoder = cast("VideoCodecContext", av.CodecContext.create(codec, "r"))
    decoder.thread_count = 1
    last_ms = 0
    while message := sandbox_io.read(0, 1 << 20):
        at_ms, _is_keyframe = PACKET_HEADER.unpack_from(message)
        packet = av.Packet(message[PACKET_HEADER.size :])
        packet.pts = at_ms
        try:
            frames = decoder.decode(packet)
        except av.error.FFmpegError:
            # A damaged picture: decoding recovers at the next keyframe.
            continue
        for frame in frames:
            frame_ms = frame.pts or at_ms
            if frame_ms - last_ms < 1000 // max_fps - 10:
                continue
            last_ms = frame_ms
            aspect = plausible_aspect(decoder.sample_aspect_ratio) or Fraction(1)
            jpeg = _encode_jpeg(frame, aspect)
            sandbox_io.write(FRAME_HEADER.pack(frame_ms, len(jpeg)) + jpeg)
    return b""


def _encode_jpeg(frame: av.VideoFrame, sample_aspect: Fraction) -> bytes:
    """Returns the picture with square pixels: many cameras send 704×576 for 4:3."""
    shown_width, shown_height = to_square_pixels(frame.width, frame.height, sample_aspect)
    width = min(MAX_WIDTH_PX, shown_width)
    height = max(2, round(shown_height * width / shown_width / 2) * 2)
    colour = read_colour(frame).with_inferred()
    small = frame.reformat(
        width=width // 2 * 2,
        height=height,
        format="rgb24",
        src_colorspace=swscale_matrix(frame, colour.matrix),
    ).to_ndarray()
    image = Image.fromarray(np.ascontiguousarray(small))
    conversion = find_conversion(colour.primaries, colour.transfer)
    if conversion is not None:
        image = apply_conversion(image, conversion, CodeScale())
    out = io.BytesIO()
    image.save(out, "JPEG", quality=JPEG_QUALITY)
    return out.getvalue()
