"""Rows out of recipes, and out of what is made of them."""

from __future__ import annotations

from typing import Any

from tests.corpus.corpus_file import (
    CorpusFile,
    ExpectedError,
    ExpectedFrames,
    MakeBytes,
    expected_counters,
)
from tests.corpus.encoding import (
    SHORT_CLIP,
    clip_bytes,
)
from tests.fixtures.media.clips import Clip, ClipSpec


def clip_spec_file(name: str, spec: ClipSpec, skipped: int = 0) -> CorpusFile:
    """A common recipe; its first `skipped` pictures are never shown."""

    def counters() -> tuple[int, ...]:
        clip = spec.encode()
        zero = clip.times_s[skipped]
        moved = Clip(
            clip.path, tuple(one - zero for one in clip.times_s[skipped:]), clip.end_s - zero
        )
        return tuple(one + skipped for one in expected_counters(moved, "0.7"))

    return CorpusFile(
        name,
        f"{spec.codec} in {spec.suffix}",
        lambda _: clip_bytes(spec),
        ExpectedFrames(counters, every="0.7"),
        spec.suffix,
        in_pipeline_tests=name in ("rotated-90", "mirrored-270", "mpegts-wrap", "hevc"),
    )


def clip_file(name: str, description: str, spec: ClipSpec, *, common: bool = False) -> CorpusFile:
    """A recipe of its own."""
    return valid_file(name, description, lambda _: clip_bytes(spec), spec, common=common)


def valid_file(
    name: str,
    description: str,
    make: MakeBytes,
    spec: ClipSpec = SHORT_CLIP,
    *,
    suffix: str = "",
    common: bool = False,
    **expected: Any,
) -> CorpusFile:
    """A file made of a recipe's, which must show the same."""
    counters = expected.pop("counters", lambda: expected_counters(spec.encode(), "0.5"))
    return CorpusFile(
        name,
        description,
        make,
        ExpectedFrames(counters, **expected),
        suffix or spec.suffix,
        in_pipeline_tests=common,
    )


def invalid_file(
    name: str,
    description: str,
    make: MakeBytes,
    code: str,
    suffix: str = "mp4",
    *,
    common: bool = False,
) -> CorpusFile:
    """What must be refused."""
    return CorpusFile(
        name, description, make, ExpectedError(code), suffix, in_pipeline_tests=common
    )
