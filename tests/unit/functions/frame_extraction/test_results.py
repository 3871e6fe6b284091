"""Manifest and table agree with the packs; the contact sheet covers the whole job."""

from __future__ import annotations

import csv
import io
import json
from fractions import Fraction
from itertools import pairwise

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from functions.frame_extraction.contact_sheet import (
    MAX_THUMBNAILS,
    render_contact_sheet,
    select_sheet_entries,
)
from functions.frame_extraction.results import CSV_COLUMNS, render_frames_csv, render_manifest
from shared.media.images.decode import decode_image
from shared.media.images.frame import BgrImage, encode_image
from shared.recipes.frames.options import FrameOptions
from shared.recipes.frames.pack import FrameStamp, PackIndex, PackWriter
from shared.recipes.pts import Pts
from tests.unit.shared.recipes.frames.test_options_and_windows import MEDIA_INFO

pytestmark = pytest.mark.slow


def _parts(*counts: int) -> list[PackIndex]:
    parts, k = [], 0
    for count in counts:
        writer = PackWriter(io.BytesIO())
        for _ in range(count):
            stamp = FrameStamp(k, Fraction(k, 3), Pts(5120 * k, Fraction(1, 15360)), 64, 36)
            writer.add(f"frame_{k + 1:06d}.jpg", b"x" * (k + 1), stamp)
            k += 1
        parts.append(writer.close())
    return parts


def test_manifest_lists_every_frame_with_exact_times() -> None:
    options = FrameOptions.parse({"every": "1/3"})
    text = render_manifest(_parts(2, 0, 3), MEDIA_INFO, options, ["cut off", "a warning"])
    document = json.loads(text)
    assert document["schema"] == "moodreel.frames/1"
    assert document["count"] == 5
    assert document["warnings"] == ["a warning", "cut off"]
    assert document["source"]["video"]["codec"] == "h264"
    assert document["options"]["every"] == "1/3"
    frame = document["frames"][4]
    assert frame["number"] == 5
    assert frame["name"] == "frame_000005.jpg"
    assert frame["target"] == "4/3"
    assert frame["time_s"] == "1.333333"
    assert (frame["pts"], frame["time_base"]) == (20480, "1/15360")
    assert (frame["width"], frame["height"], frame["bytes"]) == (64, 36, 5)


def test_frames_csv_is_readable_csv() -> None:
    text = b"".join(render_frames_csv(_parts(2, 3), MEDIA_INFO)).decode()
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert list(rows[0]) == list(CSV_COLUMNS)
    assert [row["number"] for row in rows] == ["1", "2", "3", "4", "5"]
    assert rows[3]["target_s"] == "1.000000"
    assert rows[3]["time"] == "00h00m01.000s"


def test_sheet_entries_are_evenly_spaced_from_first_to_last() -> None:
    selected = select_sheet_entries(_parts(50, 0, 60))
    numbers = [entry.stamp.k for _, entry in selected]
    assert len(numbers) == MAX_THUMBNAILS
    assert (numbers[0], numbers[-1]) == (0, 109)
    gaps = {after - before for before, after in pairwise(numbers)}
    assert gaps <= {3, 4}
    assert {part for part, _ in selected} == {0, 2}
    assert len(select_sheet_entries(_parts(3))) == 3


def _filled_image(colour: tuple[int, int, int], width: int = 320, height: int = 180) -> BgrImage:
    return np.full((height, width, 3), colour, np.uint8)


@pytest.mark.parametrize("count", [1, 5, 10, 50])
@pytest.mark.parametrize("size", [(320, 180), (180, 320), (2000, 60), (60, 900), (1, 1)])
def test_sheet_contains_all_thumbnails_of_any_number_and_shape(
    count: int, size: tuple[int, int]
) -> None:
    green = _filled_image((40, 200, 40), *size)
    sheet = decode_image(
        render_contact_sheet(((Fraction(n), green) for n in range(count)), title="Ünïcode ✂ title")
    )
    assert sheet.shape[1] == 1920
    assert sheet.shape[0] < 12_000
    is_green = (np.abs(sheet.astype(int) - (40, 200, 40)).sum(axis=2) < 60).astype(np.uint8)
    region_count, _, stats, _ = cv2.connectedComponentsWithStats(is_green)
    large = [n for n in range(1, region_count) if stats[n, cv2.CC_STAT_AREA] > 100]
    assert len(large) == min(count, MAX_THUMBNAILS)


TITLES = (
    "Café 🎬 日本 – söndag.mp4",
    "Cafe\u0301 Việt Nam.mp4",
    "Отпуск Ελλάδα.mov",
    "فيلم العطلة 🎬 في ٢٠٢٤.mp4",
    "סרט חופשה [final].mp4",
    "छुट्टियों की फ़िल्म 👨‍👩‍👧‍👦.mp4",
    "วันหยุดที่เชียงใหม่ 🇹🇭.mp4",
    "여름휴가 夏休み 👍🏽.mp4",
)


def _header(title: str) -> NDArray[np.bool_]:
    """Returns which pixels of the title are bright."""
    picture = _filled_image((0, 0, 0), 100, 20)
    sheet = decode_image(render_contact_sheet([(Fraction(0), picture)], title=title))
    return np.asarray(sheet[40:120].max(axis=2) > 120)


@pytest.mark.parametrize("title", TITLES)
def test_sheet_shows_every_part_of_its_title(title: str) -> None:
    complete = _header(title)
    words = title.split()
    for n, word in enumerate(words):
        other = _header(" ".join([*words[:n], *words[n + 1 :]]))
        assert (other != complete).sum() > 100, word


def test_sheet_shortens_a_long_title_with_an_ellipsis() -> None:
    columns = np.flatnonzero(_header("日本 🎬 film " * 30).any(axis=0))
    assert 1800 < columns.max() < 1920 - 50


def test_sheet_without_pictures_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        render_contact_sheet([])


def test_invalid_picture_data_is_refused() -> None:
    with pytest.raises(ValueError, match="not a picture"):
        decode_image(b"not a JPEG")


def test_png_is_lossless_and_jpeg_uses_its_quality() -> None:
    rng = np.random.default_rng(3)
    image = rng.integers(0, 255, (40, 60, 3), np.uint8)
    assert np.array_equal(decode_image(encode_image(image, "png", 1)), image)
    assert len(encode_image(image, "jpeg", 95)) > 2 * len(encode_image(image, "jpeg", 20))
