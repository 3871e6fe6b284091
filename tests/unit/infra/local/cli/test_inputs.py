"""Tests of `run`: which file becomes which input, by the bytes of the file."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from infra.local.cli.inputs import collect_inputs, guess_content_type
from shared.pipeline import RECIPES
from shared.recipes.films.prompt import Prompt

PS = b"\0\0\1\xba" + b"D" * 60
TS = (b"G" + b"\xff" * 187) * 3
M2TS = (b"\0\0\0\0G" + b"\xff" * 187) * 3
GIF = b"GIF89a" + b"\0" * 20
WEBP = b"RIFF\0\0\0\0WEBPVP8X" + b"\0" * 20
JPEG = b"\xff\xd8\xff\xe0" + b"\0" * 20
MP4 = b"\0\0\0\x18ftypisom" + b"\0" * 20
M4B = b"\0\0\0\x18ftypM4B " + b"\0" * 20
WEBM = b"\x1aE\xdf\xa3" + b"\0" * 20


def assign(recipe: str, folder: Path, files: dict[str, bytes]) -> dict[str, str]:
    """Returns the names of the files by the inputs to which they are assigned."""
    for name, content in files.items():
        (folder / name).write_bytes(content)
    paths = [folder / name for name in files]
    args = argparse.Namespace(prompt=None, source=None)
    with collect_inputs(RECIPES[recipe], paths, args, lambda _: None) as inputs:
        return {name: path.name for name, path in inputs.items()}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.gif", GIF), ("a.webp", WEBP), ("00001.MTS", M2TS), ("a.m2t", TS), ("a.vob", PS),
        ("MOV001.MOD", PS), ("film.m4b", M4B), ("song.mp3", MP4), ("noname", WEBM),
    ],
)  # fmt: skip
def test_only_file_becomes_the_required_video(tmp_path: Path, name: str, content: bytes) -> None:
    assert assign("recap", tmp_path, {name: content}) == {"video": name}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.m4b", M4B),
        ("a.webm", WEBM),
        ("a.mp4", MP4),
        ("a.jpg", MP4),
        ("a.bin", b"???"),
        ("a.jpg", b"caff\0\1\0\0"),
        ("a.png", b"\xff\xf1\x4c\x80"),
        ("a.bin", b"#!AMR\n"),
    ],
)
def test_file_beside_a_picture_becomes_the_sound(tmp_path: Path, name: str, content: bytes) -> None:
    files = {name: content, "photo.dat": JPEG}
    expected = {"picture": "photo.dat", "sound": name}
    assert assign("still", tmp_path, files) == expected


def test_text_needs_no_prompt(tmp_path: Path) -> None:
    text = tmp_path / "guide.md"
    text.write_text("# Bees\n\nBees fly.", encoding="utf-8")
    args = argparse.Namespace(prompt=None, source=str(text))
    with collect_inputs(RECIPES["presentation"], [], args, lambda _: None) as inputs:
        prompt = Prompt.from_bytes(inputs["prompt"].read_bytes())
    assert prompt == Prompt("", "# Bees\n\nBees fly.")


def test_second_film_becomes_the_music(tmp_path: Path) -> None:
    assigned = assign("recap", tmp_path, {"song.webm": WEBM, "holiday.MOD": PS})
    assert set(assigned) == {"video", "music"}
    assert assign("recap", tmp_path, {"b.m4b": M4B, "MOV1.MOD": PS}) == {
        "video": "MOV1.MOD", "music": "b.m4b",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.mp3", PS, "video/mpeg"),
        ("a.txt", M2TS, "video/mp2t"),
        ("a.mp4", JPEG, "image/jpeg"),
        ("a.MTS", b"", "video/mp2t"),
        ("a.m4b", MP4, "audio/mp4"),
        ("a.wma", b"", "audio/x-ms-wma"),
        ("a.mka", b"\x1aE\xdf\xa3", "audio/x-matroska"),
        ("a", b"", "application/octet-stream"),
    ],
)
def test_media_type_is_by_the_bytes_then_by_the_name(
    tmp_path: Path, name: str, content: bytes, expected: str
) -> None:
    (tmp_path / name).write_bytes(content)
    assert guess_content_type(tmp_path / name) == expected
