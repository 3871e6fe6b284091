"""Names of files, their media types, and the inputs that they become."""

from __future__ import annotations

from pathlib import Path

import pytest

from moodreel.files.content_types import guess_content_type
from moodreel.files.inputs import Source, WrongFiles, assign_files, read_files
from moodreel.files.names import MAX_NAME_BYTES, numbered_name, safe_name
from moodreel.models import RecipeView
from shared.pipeline import RECIPES


def recipe(name: str) -> RecipeView:
    row = RECIPES[name]
    return RecipeView.model_validate(
        {
            "name": name,
            "sentence": row.description,
            "stages": row.stages,
            "inputs": [
                {
                    "name": item.name,
                    "names": item.names,
                    "kinds": item.kinds,
                    "max_bytes": 1,
                    "optional": item.optional,
                }
                for item in row.inputs
            ],
        }
    )


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("frames.zip", "frames.zip"),
        ("Урлоб 休日 🎬.mp4", "Урлоб 休日 🎬.mp4"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("C:\\x\\y.mp4", "C__x_y.mp4"),
        (".bashrc", "bashrc"),
        ("..", "result"),
        ("", "result"),
        ("a\nb\0.csv", "a_b_.csv"),
        ("NUL.txt", "_NUL.txt"),
        ("trailing. ", "trailing"),
        ("evil\u202e4pm.exe", "evil4pm.exe"),
        ("sur\ud800rogate", "sur_rogate"),
    ],
)
def test_names_are_safe(name: str, expected: str) -> None:
    assert safe_name(name) == expected
    assert safe_name(expected) == expected


def test_long_names_keep_their_extension() -> None:
    name = safe_name("休" * 500 + ".captions.vtt")

    assert len(name.encode()) <= MAX_NAME_BYTES
    assert name.endswith("休.vtt")
    assert numbered_name("frames.tar.gz", 2) == "frames.tar-2.gz"
    assert numbered_name("README", 3) == "README-3"


@pytest.mark.parametrize(
    ("name", "head", "expected"),
    [
        ("clip.mp4", b"", "video/mp4"),
        ("clip.bin", b"\0\0\0\x18ftypmp42", "video/mp4"),
        ("clip.mp4", b"\0\0\0\x18ftypqt  ", "video/quicktime"),
        ("photo.mp4", b"\xff\xd8\xff\xe0", "image/jpeg"),
        ("song.ogg", b"OggS", "audio/ogg"),
        ("notes.md", b"# Notes", "text/markdown"),
        ("unknown", b"", "application/octet-stream"),
        ("a.mp3", b"\0\0\1\xba" + b"D" * 60, "video/mpeg"),
        ("a.txt", (b"\0\0\0\0G" + b"\xff" * 187) * 3, "video/mp2t"),
        ("a.MTS", b"", "video/mp2t"),
        ("a.m4b", b"\0\0\0\x18ftypisom", "audio/mp4"),
        ("a.wma", b"", "audio/x-ms-wma"),
        ("a.mka", b"\x1aE\xdf\xa3", "audio/x-matroska"),
        ("a.MP4", b"", "video/mp4"),
        ("a.ts", b"", "video/mp2t"),
        ("a.mov", b"", "video/quicktime"),
    ],
)
def test_first_bytes_decide_the_media_type(
    tmp_path: Path, name: str, head: bytes, expected: str
) -> None:
    path = tmp_path / name
    path.write_bytes(head)

    assert guess_content_type(path) == expected


@pytest.mark.parametrize(
    ("recipe_name", "files", "expected"),
    [
        ("frames", ["a.mp4"], {"video": "a.mp4"}),
        ("still", ["song.mp3", "photo.jpg"], {"picture": "photo.jpg", "sound": "song.mp3"}),
        ("still", ["film.mp4", "photo.jpg"], {"picture": "photo.jpg", "sound": "film.mp4"}),
        ("recap", ["song.mp3"], {"video": "song.mp3"}),
        ("recap", ["a.gif"], {"video": "a.gif"}),
        ("recap", ["film.m4b"], {"video": "film.m4b"}),
        ("recap", ["b.m4b", "MOV1.MOD"], {"video": "MOV1.MOD", "music": "b.m4b"}),
        ("still", ["a.webm", "photo.png"], {"picture": "photo.png", "sound": "a.webm"}),
        ("still", ["a.bin", "photo.png"], {"picture": "photo.png", "sound": "a.bin"}),
        ("recap", ["song.mp3", "a.mp4"], {"video": "a.mp4", "music": "song.mp3"}),
        (
            "frames",
            ["https://x.example/a%20b.mov?sig=1"],
            {"video": "https://x.example/a%20b.mov?sig=1"},
        ),
    ],
)
def test_files_are_assigned_by_their_types(
    recipe_name: str, files: list[str], expected: dict[str, str]
) -> None:
    sources = [Source(file) for file in files]

    assigned = assign_files(recipe(recipe_name), sources, given=False)

    assert {name: source.text for name, source in assigned.items()} == expected


def test_prompt_in_the_request_needs_no_file() -> None:
    presentation = recipe("presentation")

    assert assign_files(presentation, [], given=True) == {}
    pictures = assign_files(presentation, [Source("a.png"), Source("b.png")], given=True)
    assert [source.text for source in pictures.values()] == ["a.png", "b.png"]
    with pytest.raises(WrongFiles, match="needs 1 file"):
        assign_files(presentation, [], given=False)


def test_too_many_files_are_refused() -> None:
    with pytest.raises(WrongFiles, match=r"needs 2 file\(s\): picture, sound\. You passed 3\."):
        assign_files(recipe("still"), [Source("a.png")] * 3, given=False)


def test_missing_and_empty_files_are_named(tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").touch()

    with pytest.raises(WrongFiles, match=r"not found: gone\.mp4"):
        read_files(["gone.mp4", tmp_path / "empty.mp4"])
    with pytest.raises(WrongFiles, match=r"empty: .*empty\.mp4"):
        read_files({"video": tmp_path / "empty.mp4"})


def test_remote_files_are_declared_by_their_url() -> None:
    url = "https://bucket.s3.amazonaws.com/a.mp4?X-Amz-Signature=abc"
    assert Source(url).declare() == {"url": url}
    assert Source("latest").declare() == "latest"
