"""Previews of cameras with high dynamic range or wide colours show the colours that are meant."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from functions.recorder.preview.decode import decode_in_sandbox
from functions.recorder.preview.decoder import FRAME_HEADER, PACKET_HEADER
from tests.corpus.colour.files import BT2100_HLG, HDR10, Colours, check_colours


class _Io:
    """The packets of a camera, and what the process writes."""

    def __init__(self, messages: Iterator[bytes]) -> None:
        self._messages = messages
        self.written: list[bytes] = []

    def read(self, _offset: int, _length: int) -> bytes:
        return next(self._messages, b"")

    def write(self, data: bytes) -> None:
        self.written.append(data)


def _messages(data: bytes) -> Iterator[bytes]:
    with av.open(io.BytesIO(data), "r") as container:
        for number, packet in enumerate(container.demux(video=0)):
            if packet.size:
                yield PACKET_HEADER.pack(1000 * (number + 1), packet.is_keyframe) + bytes(packet)


@pytest.mark.parametrize(
    "colours", [HDR10, BT2100_HLG, Colours(9, 14, 9, 2), Colours(1, 1, 1)], ids=str
)
def test_preview_shows_the_colours(colours: Colours) -> None:
    sandbox_io: Any = _Io(_messages(colours.encode("libx265", "ts")))
    decode_in_sandbox(sandbox_io, "hevc", 10)
    picture = Image.open(io.BytesIO(sandbox_io.written[0][FRAME_HEADER.size :]))
    check_colours([np.asarray(picture)[..., ::-1]])
