"""Runs a file through every decoder of uploads, as the functions do."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from contextlib import closing
from functools import partial

# Their errors are known in this process only when their modules are, as in the functions.
import functions.slide_generation.drawing.picture_decoder
import functions.stitching.decoders  # noqa: F401
from functions.stitching.slides import SlideDecoder
from shared.errors import MoodreelError
from shared.media.errors import DecoderCrashed, ProcessingFailed
from shared.media.images.image_decoder import ImageDecoder
from shared.media.sandbox.child import Limits, Work
from shared.media.sandbox.run import declare_work, iterate_in_sandbox, run_in_sandbox
from shared.media.sandbox.source import Source
from shared.pipeline import FUNCTIONS
from tests.corpus.outcome import process_file

DONE, CRASHED, UNEXPECTED = "done", "decoder-crashed", "unexpected-error"


def _limits(function: str) -> Limits:
    return Limits.for_function(FUNCTIONS[function])


def _run(work: Work, limits: Limits, *arguments: object) -> Callable[[bytes], None]:
    def decode(data: bytes) -> None:
        messages = iterate_in_sandbox(
            work, *arguments, source=Source.from_bytes(data), limits=limits
        )
        with closing(messages):
            for _ in messages:
                pass

    return decode


def _decode_frame(data: bytes) -> None:
    try:
        with ImageDecoder(_limits("emotion_scoring")) as decoder:
            decoder.decode(data)
    except ProcessingFailed as error:
        # Frames are files of the functions: a user gets no error of their own for them.
        if "The bytes are not a picture" not in str(error.__cause__):
            raise
        raise _Refused("not-a-frame") from error


def _decode_slide(data: bytes) -> None:
    with SlideDecoder((1280, 720), lambda: None) as decoder:
        decoder.decode(data)


def _extract_frames(data: bytes) -> None:
    outcome = process_file(data, "0.5")
    if outcome.code and outcome.code != "no-frames":
        raise _Refused(outcome.code)


def _preview(codec: str, data: bytes) -> None:
    """Decodes the file as a picture of a camera."""
    packets = [struct.pack(">Q?", 1000, True) + data]
    source = Source(lambda _offset, _length: packets.pop() if packets else b"", 1 << 60)
    run_in_sandbox(_PREVIEW, codec, 5, source=source, limits=_limits("recorder"), sink=_Discard())


class _Discard:
    def write(self, data: bytes, /) -> int:
        return len(data)


class _Refused(Exception):
    """A file was refused with this code."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


_PREVIEW = declare_work("functions.recorder.preview.decode", "decode_in_sandbox")
_PICTURE = declare_work("functions.upload_trigger.probes.picture", "probe_picture_in_sandbox")
_SOUND = declare_work("functions.upload_trigger.probes.sound", "probe_sound_in_sandbox")
_CROP = declare_work("functions.slide_generation.drawing.picture_decoder", "crop_in_sandbox")
_FIT = declare_work("functions.stitching.decoders", "fit_in_sandbox")
_PCM = declare_work("functions.stitching.decoders", "decode_sound_in_sandbox")
DECODERS: Mapping[str, Mapping[str, Callable[[bytes], None]]] = {
    "video": {
        "upload_trigger, frame_extraction": _extract_frames,
        "recorder h264": partial(_preview, "h264"),
        "recorder mjpeg": partial(_preview, "mjpeg"),
    },
    "picture": {
        "upload_trigger": _run(_PICTURE, _limits("upload_trigger")),
        "slide_generation": _run(_CROP, _limits("slide_generation"), (640, 360), None),
        "stitching picture": _run(_FIT, _limits("stitching"), (1280, 720), 2560),
        "stitching slide": _decode_slide,
        "frames": _decode_frame,
    },
    "sound": {
        "upload_trigger": _run(_SOUND, _limits("upload_trigger")),
        "stitching": _run(_PCM, _limits("stitching"), 48_000, 2, 60),
    },
}
"""The decoders by kind of input and name."""


def decode(decoder: Callable[[bytes], None], data: bytes) -> tuple[str, str]:
    """Returns the code of the outcome and its message. A crash is one of the sandbox process."""
    try:
        decoder(data)
    except DecoderCrashed as error:
        return CRASHED, str(error)
    except ProcessingFailed as error:
        return UNEXPECTED, str(error.__cause__)
    except (MoodreelError, _Refused) as error:
        return error.code, str(error)
    except RuntimeError as error:
        return UNEXPECTED, str(error)
    return DONE, ""
