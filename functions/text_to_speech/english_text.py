"""Patterns of English units, symbols and abbreviations, with what a voice reads for them.

They were selected by what the local neural voice reads without them: "Mr. X" as two sentences, "$5"
as "dollar five", "1/2" as "one slash two", and nothing for ℃ and ‰.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

_NUMBER = r"\d(?:[\d,.]*\d)?"
# Written after a number: singular and plural. Longer units come first.
_UNITS: dict[str, tuple[str, str]] = {
    "kg/m³": ("kilogram per cubic meter", "kilograms per cubic meter"),
    "g/cm³": ("gram per cubic centimeter", "grams per cubic centimeter"),
    "m/s^2": ("meter per second squared", "meters per second squared"),
    "m/s²": ("meter per second squared", "meters per second squared"),
    "Mbit/s": ("megabit per second", "megabits per second"),
    "MB/s": ("megabyte per second", "megabytes per second"),
    "GB/s": ("gigabyte per second", "gigabytes per second"),
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
    "µs": ("microsecond", "microseconds"),
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
    "‰": ("per mille", "per mille"),
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
_SCALE_WORDS = ("thousand", "million", "billion", "trillion")
_CURRENCIES = {"$": ("dollar", "dollars"), "€": ("euro", "euros"), "£": ("pound", "pounds"),
               "¥": ("yen", "yen")}  # fmt: skip
_SMALL_UNITS = {"$": ("cent", "cents"), "€": ("cent", "cents"), "£": ("penny", "pence")}
_FRACTIONS = {"1/2": "one half", "1/3": "one third", "2/3": "two thirds", "1/4": "one quarter",
              "3/4": "three quarters"}  # fmt: skip
_FRACTION_SIGNS = {"½": "1/2", "⅓": "1/3", "⅔": "2/3", "¼": "1/4", "¾": "3/4"}
_DECADES = {"0": "hundreds", "1": "tens", "2": "twenties", "3": "thirties", "4": "forties",
            "5": "fifties", "6": "sixties", "7": "seventies", "8": "eighties",
            "9": "nineties"}  # fmt: skip
_ABBREVIATIONS = {
    "e.g.": "for example", "i.e.": "that is", "E.g.": "For example", "I.e.": "That is",
    "etc.": "et cetera", "vs.": "versus", "vs": "versus", "approx.": "approximately",
    "incl.": "including", "excl.": "excluding", "w/o": "without", "w/": "with",
}  # fmt: skip
_TITLES = {"Mr.": "Mister", "Mrs.": "Missus", "Ms.": "Miz", "Dr.": "Doctor", "Prof.": "Professor",
           "St.": "Saint", "Mt.": "Mount"}  # fmt: skip
_BEFORE_NUMBERS = {"No.": "number", "no.": "number", "Fig.": "figure", "fig.": "figure",
                   "p.": "page", "pp.": "pages", "Vol.": "volume", "Ch.": "chapter",
                   "§": "section"}  # fmt: skip


def _alternatives(names: Iterable[str]) -> str:
    return "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))


def _write_unit(match: re.Match[str]) -> str:
    singular, plural = _UNITS[match["unit"]]
    return f"{match['number']} {singular if match['number'] == '1' else plural}"


def _write_amount(match: re.Match[str]) -> str:
    number, scale, currency = match["number"], match["scale"], match["currency"]
    singular, plural = (f"{match['country']} {noun}".lstrip() for noun in _CURRENCIES[currency])
    if scale:
        return f"{number} {_SCALES.get(scale, scale)} {plural}"
    whole, _, cents = number.partition(".")
    amount = f"{whole} {singular if whole == '1' else plural}"
    if not cents.strip("0"):
        return amount
    if len(cents) != 2 or currency not in _SMALL_UNITS:
        return f"{number} {plural}"
    small = _SMALL_UNITS[currency][cents != "01"]
    return f"{amount} and {cents.removeprefix('0')} {small}"


def _write_title(match: re.Match[str]) -> str:
    before = match.string[: match.start()].split()[-1:]
    # "Main St. Then": a street, not a saint.
    is_address = match[0] in ("St.", "Dr.") and bool(before) and before[0][:1].isupper()
    return match[0] if is_address else _TITLES[match[0]]


def _write_abbreviation(match: re.Match[str]) -> str:
    # At the end of a sentence, the full stop of the abbreviation ends it too.
    ends_sentence = match[0].endswith(".") and match.end() == len(match.string)
    return _ABBREVIATIONS[match[0]] + ("." if ends_sentence else "")


def _write_decade(match: re.Match[str]) -> str:
    if match["decade"] == "0" and match["century"].endswith("0"):
        return f"{int(match['century']) // 10} thousands"
    return f"{match['century']} {_DECADES[match['decade']]}"


def _join_letters(match: re.Match[str]) -> str:
    return " ".join(match[0].replace(".", " ").split())


Replacement = str | Callable[[re.Match[str]], str]
_UNIT = rf"(?P<unit>{_alternatives(_UNITS)})(?!\w|[/^])"
_CURRENCY = f"[{''.join(_CURRENCIES)}]"
ENGLISH: tuple[tuple[re.Pattern[str], Replacement], ...] = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        ("μ", "µ"),
        ("℃", "°C"),
        ("℉", "°F"),
        (rf"(?<![\w.])(?:{_alternatives(_TITLES)})(?=\s+[A-Z])", _write_title),
        (
            rf"(?<!\w)(?:{_alternatives(_BEFORE_NUMBERS)})(?=\s*\d)",
            lambda match: f"{_BEFORE_NUMBERS[match[0]]} ",
        ),
        (rf"(?<![\w/])(?:{_alternatives(_ABBREVIATIONS)})(?!\w)", _write_abbreviation),
        # Initials and "U.S." before a word, which is no end of a sentence. A single letter may
        # end one: "Vitamin C. Then".
        (
            r"(?:^[A-HJ-Z]\.\s?|(?<![\w.])(?:[A-Z]\.\s?){2,})(?=[A-Z][a-z])",
            lambda match: f"{_join_letters(match)} ",
        ),
        (r"(?<![\w.])(?:[A-Z]\.){2,}(?=\s+[a-z])", _join_letters),
        (r"(?<=\d)\s?([ap])\.m\.(?=\s+[a-z])", r" \1m"),
        # Ranges: an en dash between numbers or units, a hyphen between years and before a unit.
        (rf"(?<=\d)\s*[–—]\s*(?={_NUMBER})", " to "),
        (r"(?<=[ap]m)\s*[–—]\s*(?=\d)", " to "),
        (rf"(?<=[\d.][%CFhmgs])[–—](?={_NUMBER})|(?<=°[CF])[–—](?={_NUMBER})", " to "),
        (r"(?<=[a-z]/[hs])[–—](?=\d)", " to "),
        (r"(?<![\w-])([12]\d{3})-(?=[12]\d{3}(?![\w-]))", r"\1 to "),
        (rf"(?<![\w.-])(\d+)-(?=\d+\s?{_UNIT})", r"\1 to "),
        (
            rf"(?<!\w)(?P<country>(?:US(?=\$))?)(?P<currency>{_CURRENCY})\s?(?P<number>{_NUMBER})"
            rf"(?:\s?(?P<scale>{_alternatives(_SCALES)}|(?:{'|'.join(_SCALE_WORDS)})))?(?![\w,.]\w)"
            r"(?!\w)",
            _write_amount,
        ),
        (
            rf"(?<![\w.{''.join(_CURRENCIES)}])(?P<number>{_NUMBER})\s?(?P<scale>)"
            rf"(?P<country>)(?P<currency>{_CURRENCY})(?!\s?\d)",
            _write_amount,
        ),
        (rf"(?<![\w.])(?P<number>{_NUMBER})k(?!\w)", r"\g<number> thousand"),
        (r"(?<![\w.])(?P<century>1[1-9]|20)(?P<decade>\d)0s(?!\w)", _write_decade),
        (
            f"(?P<whole>\\d?)\\s?(?P<sign>[{''.join(_FRACTION_SIGNS)}])",
            lambda match: (
                f"{match['whole']}{' and ' if match['whole'] else ' '}"
                f"{_FRACTIONS[_FRACTION_SIGNS[match['sign']]]}"
            ),
        ),
        (
            rf"(?<![\w/.])(?:{_alternatives(_FRACTIONS)})(?=\s[a-z])",
            lambda match: _FRACTIONS[match[0]],
        ),
        (
            rf"(?P<size>(?<![\w.]){_NUMBER}\s?(?:mm|cm|m|km|ft))\s?[×x]\s?(?={_NUMBER})",
            r"\g<size> by ",
        ),
        (
            # "1990s" are no seconds: a single letter needs a space.
            rf"(?<![\w.])(?P<number>{_NUMBER})(?:\s?(?![A-Za-z](?!\w|/|²|³))|\s){_UNIT}",
            _write_unit,
        ),
        # 1920x1080, but not 0x41.
        (r"(?<=\d)(?<!\b0)x(?=\d)", " by "),
        (r"(?<=\d)(?:\s*×\s*|\s+x\s+)(?=\d)", " times "),
        (r"(?<=\d)\s*±\s*(?=\d)", " plus or minus "),
        (r"(?<!\S)±\s*(?=\d)", "plus or minus "),
        (r"(?<=\d)\^(?=\d)", " to the power of "),
        (r"(?<=[a-z)])²", " squared"),
        (r"(?<=[a-z)])³", " cubed"),
        (r"(?<=\w)\s*[≈≃]\s*(?=\w)", " is about "),
        (r"[~≈]\s*(?=\d)", "about "),
        (r"(?<=\w)\s+=\s+(?=\w)", " equals "),
        (r"(?<=\w)\s*≥\s*(?=\w)", " is at least "),
        (r"(?<=\w)\s*≤\s*(?=\w)", " is at most "),
        (r"≥\s*(?=\d)", "at least "),
        (r"≤\s*(?=\d)", "at most "),
        (r"(?<!\S)<\s*(?=\d)", "less than "),
        (r"(?<!\S)>\s*(?=\d)", "more than "),
        (r"(?<=\d)\s*\+\s*(?=\d)|(?<=\w)\s+\+\s+(?=\w)", " plus "),
        (r"(?<=\w)\s*→\s*(?=\w)", " to "),
        (r"\s*→\s*", " "),
        (r"\s+&\s+", " and "),
        (r"#(?=\d)", "number "),
        (r"\bCO[2₂](?!\w)", "C O 2"),
        (r"\bH[2₂]O\b", "H 2 O"),
    )
)
"""Patterns and replacements, in the order in which they are applied."""
