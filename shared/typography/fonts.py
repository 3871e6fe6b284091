"""The fonts, and the choice of a font for a text. All are wheels under the Open Font License."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

from PIL import ImageFont, features

from shared.typography.coverage import read_coverage

_WEST, _RTL = "justmytype_western_core", "justmytype_intl_rtl"
_SOUTH, _SEA, _CJK = "justmytype_intl_south_asia", "justmytype_intl_sea", "justmytype_intl_cjk"
_OPTICAL_SIZE = 26.0
"""One optical size for all sizes, so that widths are proportional to the size."""


@dataclass(frozen=True, slots=True)
class FontFace:
    """One font. `tall` marks scripts that need a larger line height."""

    package: str
    file: str
    tall: bool = False
    variable: bool = True

    @property
    def path(self) -> Path:
        """The path of the font file."""
        return Path(str(files(self.package) / "fonts" / "ofl" / self.file))


INTER = FontFace(_WEST, "inter/Inter[opsz,wght].ttf")
SERIF = FontFace(_WEST, "sourceserif4/SourceSerif4[opsz,wght].ttf")
NOTO = FontFace(_WEST, "notosans/NotoSans[wdth,wght].ttf")
SYMBOLS = FontFace(_WEST, "notosanssymbols2/NotoSansSymbols2-Regular.ttf", variable=False)
_SC = FontFace(_CJK, "notosanssc/NotoSansSC[wght].ttf", tall=True)
_TC = FontFace(_CJK, "notosanstc/NotoSansTC[wght].ttf", tall=True)
_JP = FontFace(_CJK, "notosansjp/NotoSansJP[wght].ttf", tall=True)
_KR = FontFace(_CJK, "notosanskr/NotoSansKR[wght].ttf", tall=True)


def _tall_face(package: str, name: str, file: str) -> FontFace:
    return FontFace(package, f"{name}/{file}[wdth,wght].ttf", tall=True)


_SCRIPTS = (
    _tall_face(_RTL, "notosansarabic", "NotoSansArabic"),
    _tall_face(_RTL, "notosanshebrew", "NotoSansHebrew"),
    _tall_face(_SOUTH, "notosansdevanagari", "NotoSansDevanagari"),
    _tall_face(_SOUTH, "notosansbengali", "NotoSansBengali"),
    _tall_face(_SOUTH, "notosanstamil", "NotoSansTamil"),
    _tall_face(_SOUTH, "notosanstelugu", "NotoSansTelugu"),
    _tall_face(_SEA, "notosansthai", "NotoSansThai"),
    _tall_face(_SEA, "notosanslao", "NotoSansLao"),
    _tall_face(_SEA, "notosanskhmer", "NotoSansKhmer"),
    _tall_face(_SEA, "notosansmyanmar", "NotoSansMyanmar"),
)


def fallback_faces(language: str, *, serif: bool) -> tuple[FontFace, ...]:
    """Returns all faces in the order in which they are tried for a text in this language.

    The order matters for Chinese characters: their shape depends on the language.
    """
    base, *rest = language.split("-")
    eastern = {"ja": (_JP, _KR, _SC, _TC), "ko": (_KR, _JP, _SC, _TC)}.get(base)
    if eastern is None:
        traditional = base in ("zh", "yue") and {"Hant", "TW", "HK", "MO"} & {*rest}
        eastern = (_TC, _SC, _JP, _KR) if traditional else (_SC, _TC, _JP, _KR)
    western = (SERIF, INTER, NOTO) if serif else (INTER, NOTO)
    return (*western, *_SCRIPTS, *eastern, SYMBOLS)


def covers(face: FontFace, text: Iterable[str]) -> bool:
    """Returns whether the face has every character of `text`."""
    coverage = read_coverage(face.path)
    return all(character in coverage for character in text if not is_joiner(character))


def is_joiner(character: str) -> bool:
    """Returns whether the character only affects its neighbours."""
    return character in "\u200b\u200c\u200d\u200e\u200f\u2060\ufe0e\ufe0f\u00ad"


@lru_cache(maxsize=256)
def load_font(face: FontFace, size_px: int, weight: int) -> ImageFont.FreeTypeFont:
    """Returns the face at a size and a weight (100 to 900), with layout by Raqm."""
    assert features.check("raqm"), "Pillow without Raqm cannot draw most scripts"  # noqa: S101 - at import, by every test
    font = ImageFont.truetype(str(face.path), size_px, layout_engine=ImageFont.Layout.RAQM)
    if face.variable:
        settings = []
        for axis in font.get_variation_axes():
            axis_name = axis["name"].lower().split()[0]
            settings.append(
                {b"optical": _OPTICAL_SIZE, b"width": 100.0}.get(axis_name, float(weight))
            )
        font.set_variation_by_axes(settings)
    return font
