"""The times of results as a table of pandas, which is an optional package."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from moodreel.operations.timelines import parse_table
from shared.recipes.captions.transcript import Segment, Transcript, Word
from tests.fixtures.client_service import ClientService


def test_missing_pandas_is_named(
    service: ClientService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    (tmp_path / "clip.mp4").write_bytes(b"clip")
    job = service.client().run("frames", tmp_path / "clip.mp4")

    with pytest.raises(ImportError, match=r"pip install 'moodreel\[pandas\]'"):
        job.timeline()


def test_results_become_tables() -> None:
    pytest.importorskip("pandas")
    frames = parse_table("text/csv; charset=utf-8", b"number,time_s\n1,0.0\n2,0.5\n")
    spoken = (Word("Hello", 0.1, 0.3, 0.9), Word("you", 0.4, 0.6, None))
    segment = Segment("Hello you", 0.1, 0.6, "en", spoken)
    words = parse_table("application/json", Transcript("en", "test", (segment,)).to_json())

    assert list(frames.time_s) == [0.0, 0.5]
    assert list(words.text) == ["Hello", "you"]
    assert list(words.start_s) == [0.1, 0.4]
