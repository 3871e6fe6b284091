"""Builds corpus files from clip specs and from bytes."""

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
    """A clip of a shared spec; its first `skipped` frames are never shown."""

    def counters() -> tuple[int, ...]:
        clip = spec.encode()
        start_s = clip.times_s[skipped]
        times_s = tuple(time_s - start_s for time_s in clip.times_s[skipped:])
        visible = Clip(clip.path, times_s, clip.end_s - start_s)
        return tuple(counter + skipped for counter in expected_counters(visible, "0.7"))

    return CorpusFile(
        name,
        f"{spec.codec} in {spec.suffix}",
        lambda _: clip_bytes(spec),
        ExpectedFrames(counters, every="0.7"),
        spec.suffix,
        in_pipeline_tests=name in ("rotated-90", "mirrored-270", "mpegts-wrap", "hevc"),
    )


def clip_file(name: str, description: str, spec: ClipSpec, *, common: bool = False) -> CorpusFile:
    """A clip of its own spec."""
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
    """A file derived from the clip of `spec`, with the same frames unless `expected` differs."""
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
    """A file that must be refused with `code`."""
    return CorpusFile(
        name, description, make, ExpectedError(code), suffix, in_pipeline_tests=common
    )
