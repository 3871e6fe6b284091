"""The fonts and the order in which they are tried. All are wheels under the Open Font License."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

from PIL import ImageFont, features

from shared.typography.coverage import Coverage, read_coverage
from shared.typography.graphemes import is_ignorable

_WEST, _RTL = "justmytype_western_core", "justmytype_intl_rtl"
_SOUTH, _SEA, _CJK = "justmytype_intl_south_asia", "justmytype_intl_sea", "justmytype_intl_cjk"
_NOTO = "manimgx_fonts"
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
        return Path(str(files(self.package) / self.file))


INTER = FontFace(_WEST, "fonts/ofl/inter/Inter[opsz,wght].ttf")
SERIF = FontFace(_WEST, "fonts/ofl/sourceserif4/SourceSerif4[opsz,wght].ttf")
NOTO = FontFace(_WEST, "fonts/ofl/notosans/NotoSans[wdth,wght].ttf")
SYMBOLS = FontFace(_WEST, "fonts/ofl/notosanssymbols2/NotoSansSymbols2-Regular.ttf", variable=False)
_MORE_SYMBOLS = FontFace(_NOTO, "NotoSansSymbols[wght].ttf")
_MATHS = FontFace(_WEST, "fonts/ofl/stixtwomath/STIXTwoMath-Regular.ttf", variable=False)
EMOJI = FontFace(_NOTO, "NotoEmoji[wght].ttf")
"""Outlines, which take the colour of the text. FreeType draws no colour font of format COLRv1."""
_SC = FontFace(_CJK, "fonts/ofl/notosanssc/NotoSansSC[wght].ttf", tall=True)
_TC = FontFace(_CJK, "fonts/ofl/notosanstc/NotoSansTC[wght].ttf", tall=True)
_JP = FontFace(_CJK, "fonts/ofl/notosansjp/NotoSansJP[wght].ttf", tall=True)
_KR = FontFace(_CJK, "fonts/ofl/notosanskr/NotoSansKR[wght].ttf", tall=True)


def _tall_face(package: str, name: str, file: str) -> FontFace:
    return FontFace(package, f"fonts/ofl/{name}/{file}[wdth,wght].ttf", tall=True)


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
    FontFace(_NOTO, "NotoSansArmenian[wght].ttf"),
    FontFace(_NOTO, "NotoSansGeorgian[wght].ttf"),
    *(
        FontFace(_NOTO, f"NotoSans{script}[wght].ttf", tall=True)
        for script in (
            "Ethiopic",
            "Gujarati",
            "Gurmukhi",
            "Kannada",
            "Malayalam",
            "Oriya",
            "Sinhala",
        )
    ),
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
    return (*western, *_SCRIPTS, *eastern, SYMBOLS, _MORE_SYMBOLS, _MATHS, EMOJI)


def all_faces() -> tuple[FontFace, ...]:
    """Returns all fonts."""
    return (*dict.fromkeys((SERIF, *fallback_faces("en", serif=False))),)


def font_packages() -> tuple[str, ...]:
    """Returns the packages of all fonts."""
    return (_WEST, _RTL, _SOUTH, _SEA, _CJK, _NOTO)


@lru_cache(maxsize=8192)
def covers(face: FontFace, text: str) -> bool:
    """Returns whether the face has every character of `text`."""
    coverage = _coverage(face)
    return all(character in coverage for character in text if not is_ignorable(character))


@lru_cache(maxsize=64)
def _coverage(face: FontFace) -> Coverage:
    return read_coverage(face.path)


@lru_cache(maxsize=256)
def load_font(face: FontFace, size_px: int, weight: int) -> ImageFont.FreeTypeFont:
    """Returns the face at a size and a weight (100 to 900), with layout by Raqm."""
    assert features.check("raqm"), "Pillow without Raqm cannot draw most scripts"  # noqa: S101 - at import, by every test
    font = ImageFont.truetype(str(face.path), size_px, layout_engine=ImageFont.Layout.RAQM)
    if face.variable:
        settings = []
        for axis in font.get_variation_axes():
            axis_name = axis["name"].lower().split()[0]
            value = {b"optical": _OPTICAL_SIZE, b"width": 100.0}.get(axis_name, float(weight))
            lowest, highest = axis["minimum"] or 0.0, axis["maximum"] or value
            settings.append(min(max(value, lowest), highest))
        font.set_variation_by_axes(settings)
    return font
