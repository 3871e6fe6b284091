"""WebVTT and SubRip: format and escaping."""

from __future__ import annotations

from shared.subtitles.cues import Cue
from shared.subtitles.formats import to_srt, to_vtt


def test_vtt_and_srt_format() -> None:
    rows = [Cue(0, 1500, ("One", "two")), Cue(3_661_007, 3_662_000, ("Three",))]
    assert to_vtt(rows) == (
        "WEBVTT\n\n00:00:00.000 --> 00:00:01.500\nOne\ntwo\n\n"
        "01:01:01.007 --> 01:01:02.000\nThree\n"
    )
    assert to_srt(rows) == (
        "1\n00:00:00,000 --> 00:00:01,500\nOne\ntwo\n\n2\n01:01:01,007 --> 01:01:02,000\nThree\n"
    )


def test_markup_is_escaped() -> None:
    row = [Cue(0, 900, ("<script>a</script> & 1 --> 2",))]
    assert "&lt;script&gt;a&lt;/script&gt; &amp; 1 --&gt; 2" in to_vtt(row)
    assert to_srt(row).count("-->") == 1
