"""Writes out what a sentence abbreviates, so that every voice reads it the same way.

English units, symbols and abbreviations are written as words; numbers stay digits, which every
voice reads. In other languages the endings of units depend on grammar, so their text is unchanged
except for emoji, which no voice should name. Subtitles show the original text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

_NUMBER = r"\d(?:[\d,.]*\d)?"
# Written after a number: singular and plural. Longer units come first.
_UNITS: dict[str, tuple[str, str]] = {
    "km/h": ("kilometer per hour", "kilometers per hour"),
    "m/s": ("meter per second", "meters per second"),
    "mph": ("mile per hour", "miles per hour"),
    "kWh": ("kilowatt hour", "kilowatt hours"),
    "km²": ("square kilometer", "square kilometers"),
    "m²": ("square meter", "square meters"),
    "m³": ("cubic meter", "cubic meters"),
    "kHz": ("kilohertz", "kilohertz"),
    "MHz": ("megahertz", "megahertz"),
    "GHz": ("gigahertz", "gigahertz"),
    "Hz": ("hertz", "hertz"),
    "kW": ("kilowatt", "kilowatts"),
    "MW": ("megawatt", "megawatts"),
    "GW": ("gigawatt", "gigawatts"),
    "kB": ("kilobyte", "kilobytes"),
    "MB": ("megabyte", "megabytes"),
    "GB": ("gigabyte", "gigabytes"),
    "TB": ("terabyte", "terabytes"),
    "km": ("kilometer", "kilometers"),
    "cm": ("centimeter", "centimeters"),
    "mm": ("millimeter", "millimeters"),
    "µm": ("micrometer", "micrometers"),
    "nm": ("nanometer", "nanometers"),
    "kg": ("kilogram", "kilograms"),
    "mg": ("milligram", "milligrams"),
    "µg": ("microgram", "micrograms"),
    # With the Greek letter instead of the sign.
    "μm": ("micrometer", "micrometers"),
    "μg": ("microgram", "micrograms"),
    "ml": ("milliliter", "milliliters"),
    "ms": ("millisecond", "milliseconds"),
    "min": ("minute", "minutes"),
    "ha": ("hectare", "hectares"),
    "ft": ("foot", "feet"),
    "lb": ("pound", "pounds"),
    "lbs": ("pound", "pounds"),
    "oz": ("ounce", "ounces"),
    "°C": ("degree Celsius", "degrees Celsius"),
    "°F": ("degree Fahrenheit", "degrees Fahrenheit"),
    "°": ("degree", "degrees"),
    "%": ("percent", "percent"),
    "m": ("meter", "meters"),
    "g": ("gram", "grams"),
    "s": ("second", "seconds"),
    "h": ("hour", "hours"),
    "W": ("watt", "watts"),
    "V": ("volt", "volts"),
    "J": ("joule", "joules"),
    "L": ("liter", "liters"),
    "l": ("liter", "liters"),
}
_SCALES = {"k": "thousand", "K": "thousand", "M": "million", "m": "million", "B": "billion",
           "bn": "billion", "T": "trillion"}  # fmt: skip
_CURRENCIES = {"$": "dollars", "€": "euros", "£": "pounds", "¥": "yen"}
_ABBREVIATIONS = {
    "e.g.": "for example", "i.e.": "that is", "etc.": "et cetera", "vs.": "versus",
    "E.g.": "For example", "I.e.": "That is", "approx.": "approximately", "incl.": "including",
    "excl.": "excluding", "w/o": "without",
}  # fmt: skip


def _alternatives(names: Iterable[str]) -> str:
    return "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))


def _write_unit(match: re.Match[str]) -> str:
    singular, plural = _UNITS[match["unit"]]
    return f"{match['number']} {singular if match['number'] == '1' else plural}"


def _write_amount(match: re.Match[str]) -> str:
    return f"{match['number']} {_SCALES[match['scale']]} {_CURRENCIES[match['currency']]}"


_Replacement = str | Callable[[re.Match[str]], str]
_ENGLISH: tuple[tuple[re.Pattern[str], _Replacement], ...] = (
    (
        re.compile(rf"(?<!\w)(?:{_alternatives(_ABBREVIATIONS)})(?!\w)"),
        lambda match: _ABBREVIATIONS[match[0]],
    ),
    (re.compile(rf"(?<=\d)\s*[–—]\s*(?={_NUMBER})"), " to "),
    (
        re.compile(
            rf"(?<!\w)(?P<currency>[{''.join(_CURRENCIES)}])\s?(?P<number>{_NUMBER})"
            rf"\s?(?P<scale>{_alternatives(_SCALES)})(?!\w)"
        ),
        _write_amount,
    ),
    (
        re.compile(
            # "1990s" are no seconds: a single letter needs a space.
            rf"(?<![\w.])(?P<number>{_NUMBER})"
            rf"(?:\s?(?![A-Za-z](?!\w|/|²|³))|\s)(?P<unit>{_alternatives(_UNITS)})(?!\w|[/^])"
        ),
        _write_unit,
    ),
    # 1920x1080, but not 0x41.
    (re.compile(r"(?<=\d)(?<!\b0)x(?=\d)"), " by "),
    (re.compile(r"(?<=\d)(?:\s*×\s*|\s+x\s+)(?=\d)"), " times "),
    (re.compile(r"(?<=\d)\s*±\s*(?=\d)"), " plus or minus "),
    (re.compile(r"(?<=\w)\s*[≈≃]\s*(?=\w)"), " is about "),
    (re.compile(r"[~≈]\s*(?=\d)"), "about "),
    (re.compile(r"(?<=\w)\s+=\s+(?=\w)"), " equals "),
    (re.compile(r"(?<=\w)\s*≥\s*(?=\w)"), " is at least "),
    (re.compile(r"(?<=\w)\s*≤\s*(?=\w)"), " is at most "),
    (re.compile(r"(?<=\d)\s*\+\s*(?=\d)"), " plus "),
    (re.compile(r"\s*→\s*"), " to "),
    (re.compile(r"\s+&\s+"), " and "),
    (re.compile(r"#(?=\d)"), "number "),
    (re.compile(r"\bCO[2₂]\b|\bCO₂"), "C O 2"),
    (re.compile(r"\bH[2₂]O\b"), "H 2 O"),
)
# Pictographs, flags, skin tones and dingbats, alone or in sequences. Symbols such as ° and © have
# meanings that are spoken.
_PICTOGRAPHS = (
    "\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff\u231a\u231b\u23e9-\u23fa\u25b6\u25c0"
)
_EMOJI = re.compile(
    # The last characters are those of the flags of England, Scotland and Wales.
    f"\\s*[{_PICTOGRAPHS}][{_PICTOGRAPHS}\ufe0f\u200d\U000e0020-\U000e007f]*"
)
_KEYCAP = re.compile("(?<=[0-9#*])\ufe0f?\u20e3")
"""What makes a keycap of a digit: the digit is spoken."""


def to_spoken_text(text: str, language: str) -> str:
    """Returns the text that a voice reads for a sentence.

    Args:
        language: A BCP-47 tag.
    """
    spoken = _KEYCAP.sub("", _EMOJI.sub("", text))
    if language.split("-")[0].lower() == "en":
        for pattern, replacement in _ENGLISH:
            spoken = pattern.sub(replacement, spoken)
    return " ".join(spoken.split()) or text
