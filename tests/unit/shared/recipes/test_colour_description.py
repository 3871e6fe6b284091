"""The colour description of a video: what the container and the stream state."""

from __future__ import annotations

import json
from dataclasses import replace

from shared.recipes.colour_description import HLG, PQ, ColourDescription, overrides
from shared.recipes.media_info import MediaInfo
from tests.unit.shared.recipes.frames.test_options_and_windows import MEDIA_INFO

NOTHING = ColourDescription()
BT709, HDR10 = ColourDescription(1, 1, 1, 1), ColourDescription(9, PQ, 9, 1)


def test_container_takes_precedence() -> None:
    assert overrides(HDR10, NOTHING).or_else(NOTHING) == HDR10
    assert overrides(HDR10, BT709).or_else(BT709) == HDR10
    assert overrides(NOTHING, BT709).or_else(BT709) == BT709
    assert overrides(BT709, BT709) == NOTHING


def test_alternative_transfer_of_the_stream_is_kept() -> None:
    coded = ColourDescription(9, HLG, 9, 1)
    for transfer in (1, 6, 14, 15):
        assert overrides(ColourDescription(9, transfer, 9, 1), coded).or_else(coded) == coded
    assert overrides(HDR10, coded).or_else(coded) == HDR10


def test_bt2020_is_inferred() -> None:
    assert ColourDescription(transfer=PQ).with_inferred() == ColourDescription(9, PQ, 9, 0)
    assert ColourDescription(primaries=9).with_inferred().matrix == 9
    assert ColourDescription(matrix=9).with_inferred().primaries == 9
    assert ColourDescription(12, PQ, 1).with_inferred() == ColourDescription(12, PQ, 1)
    assert NOTHING.with_inferred() == NOTHING
    assert BT709.with_inferred() == BT709


def test_reserved_code_points_state_nothing() -> None:
    assert ColourDescription(0, 3, 2).or_else(HDR10) == HDR10


def test_media_info_keeps_the_description() -> None:
    media_info = replace(MEDIA_INFO, video=replace(MEDIA_INFO.video, colour=HDR10))
    data = json.loads(json.dumps(media_info.to_dict()))
    assert MediaInfo.from_dict(data) == media_info
    del data["video"]["colour"]  # as an older version wrote it
    assert MediaInfo.from_dict(data).video.colour == NOTHING
