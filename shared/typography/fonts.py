"""Which font shows which text. All fonts come as wheels under the Open Font License."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

from PIL import ImageFont, features

from shared.typography.coverage import coverage

_WEST, _RTL = "justmytype_western_core", "justmytype_intl_rtl"
_SOUTH, _SEA, _CJK = "justmytype_intl_south_asia", "justmytype_intl_sea", "justmytype_intl_cjk"
_OPTICAL = 26.0
"""One optical size for all: widths stay in proportion to the size."""


@dataclass(frozen=True, slots=True)
class Face:
    """One font. `tall` marks scripts that need more room between lines."""

    package: str
    file: str
    tall: bool = False
    variable: bool = True

    @property
    def path(self) -> Path:
        """Where its file lies."""
        return Path(str(files(self.package) / "fonts" / "ofl" / self.file))


INTER = Face(_WEST, "inter/Inter[opsz,wght].ttf")
SERIF = Face(_WEST, "sourceserif4/SourceSerif4[opsz,wght].ttf")
NOTO = Face(_WEST, "notosans/NotoSans[wdth,wght].ttf")
SYMBOLS = Face(_WEST, "notosanssymbols2/NotoSansSymbols2-Regular.ttf", variable=False)
_SC = Face(_CJK, "notosanssc/NotoSansSC[wght].ttf", tall=True)
_TC = Face(_CJK, "notosanstc/NotoSansTC[wght].ttf", tall=True)
_JP = Face(_CJK, "notosansjp/NotoSansJP[wght].ttf", tall=True)
_KR = Face(_CJK, "notosanskr/NotoSansKR[wght].ttf", tall=True)


def _wide(package: str, name: str, file: str) -> Face:
    return Face(package, f"{name}/{file}[wdth,wght].ttf", tall=True)


_SCRIPTS = (
    _wide(_RTL, "notosansarabic", "NotoSansArabic"),
    _wide(_RTL, "notosanshebrew", "NotoSansHebrew"),
    _wide(_SOUTH, "notosansdevanagari", "NotoSansDevanagari"),
    _wide(_SOUTH, "notosansbengali", "NotoSansBengali"),
    _wide(_SOUTH, "notosanstamil", "NotoSansTamil"),
    _wide(_SOUTH, "notosanstelugu", "NotoSansTelugu"),
    _wide(_SEA, "notosansthai", "NotoSansThai"),
    _wide(_SEA, "notosanslao", "NotoSansLao"),
    _wide(_SEA, "notosanskhmer", "NotoSansKhmer"),
    _wide(_SEA, "notosansmyanmar", "NotoSansMyanmar"),
)


def faces(language: str, *, serif: bool) -> tuple[Face, ...]:
    """All faces, in the order in which they are tried for a text in this language.

    One and the same Chinese character is written differently in four places.
    """
    base, *rest = language.split("-")
    eastern = {"ja": (_JP, _KR, _SC, _TC), "ko": (_KR, _JP, _SC, _TC)}.get(base)
    if eastern is None:
        traditional = base in ("zh", "yue") and {"Hant", "TW", "HK", "MO"} & {*rest}
        eastern = (_TC, _SC, _JP, _KR) if traditional else (_SC, _TC, _JP, _KR)
    western = (SERIF, INTER, NOTO) if serif else (INTER, NOTO)
    return (*western, *_SCRIPTS, *eastern, SYMBOLS)


def covers(face: Face, text: Iterable[str]) -> bool:
    """Whether the face can show every character of `text`."""
    there = coverage(face.path)
    return all(one in there for one in text if not is_joiner(one))


def is_joiner(one: str) -> bool:
    """Whether the character is only there for those beside it."""
    return one in "\u200b\u200c\u200d\u200e\u200f\u2060\ufe0e\ufe0f\u00ad"


@lru_cache(maxsize=256)
def font(face: Face, size_px: int, weight: int) -> ImageFont.FreeTypeFont:
    """The face at a size and a weight (100 to 900), laid out by Raqm."""
    assert features.check("raqm"), "Pillow without Raqm cannot write most scripts"  # noqa: S101
    made = ImageFont.truetype(str(face.path), size_px, layout_engine=ImageFont.Layout.RAQM)
    if face.variable:
        settings = []
        for axis in made.get_variation_axes():
            kind = axis["name"].lower().split()[0]
            settings.append({b"optical": _OPTICAL, b"width": 100.0}.get(kind, float(weight)))
        made.set_variation_by_axes(settings)
    return made
