"""Hostile pictures and sounds end with an error of the sandbox and cause no connection."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.corpus.hostile.decoders import CRASHED, DECODERS, DONE, UNEXPECTED, decode
from tests.corpus.hostile.files import list_files, list_mutations
from tests.fakes.canary import CanaryServer

MUST_BE_REFUSED = ("HLS", "ffconcat", "SVG", "SDP", "PostScript", "M4A in another file")


@pytest.mark.parametrize("kind", ["picture", "sound"])
def test_hostile_file_is_refused_and_calls_nobody(kind: str) -> None:
    with CanaryServer() as canary:
        outcomes = {
            (file.name, name): decode(decoder, file.data)
            for file in list_files(kind, canary.url)
            for name, decoder in DECODERS[kind].items()
            if name != "frames"
        }
    assert canary.received == []
    unexpected = {key: row for key, row in outcomes.items() if row[0] in (CRASHED, UNEXPECTED)}
    assert unexpected == {}
    for (file_name, decoder_name), (code, _) in outcomes.items():
        if file_name in MUST_BE_REFUSED:
            assert code != DONE, (file_name, decoder_name)
    assert len({code for code, _ in outcomes.values()}) >= 4


@pytest.mark.parametrize(
    ("kind", "count"),
    [
        ("picture", 12), ("sound", 20),
        pytest.param("picture", 2000, marks=pytest.mark.sweep),
        pytest.param("sound", 2000, marks=pytest.mark.sweep),
    ],
)  # fmt: skip
def test_mutated_file_is_decoded_or_refused(kind: str, count: int) -> None:
    codes = Counter[str]()
    for file in list_mutations(kind, count):
        for name, decoder in DECODERS[kind].items():
            code, message = decode(decoder, file.data)
            codes[code] += 1
            assert code != UNEXPECTED, f"{file.name}, {name}: {message}"
    assert codes[DONE]
    assert len(codes) > 1
