"""Draws the slides of decks side by side, in themes and aspects, to be looked at.

python -m tests.slide_sheets FOLDER                        every layout, with short texts
python -m tests.slide_sheets FOLDER --text FILE            the deck of a text, without Gemini
python -m tests.slide_sheets FOLDER --prompt "How do bees find home?"
python -m tests.slide_sheets FOLDER --deck deck.json       the deck of a job

Each pair of a theme and an aspect is one PNG file. A red frame is around slides whose text does
not fit in a readable size. `--print` prints the texts and the layouts.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import get_args

from PIL import Image, ImageDraw

from functions.slide_generation.deck.fitting import fit_slides
from functions.slide_generation.deck.outline import read_outline
from functions.slide_generation.drawing.renderer import SlideRenderer
from functions.slide_generation.drawing.themes import THEMES
from functions.slide_generation.layout_choice.rules import choose_layouts
from infra.local.emulators.gemini.outline import write_outline
from infra.local.emulators.gemini.request import DeckRequest
from shared.recipes.films.deck import Aspect, Deck
from shared.recipes.films.deck_options import DeckOptions
from shared.recipes.films.prompt import Prompt
from tests.fixtures.media.decks import make_deck
from tests.fixtures.media.layouts import make_layout_slides

SHEET_WIDTH_PX = 2000
COLUMNS: dict[str, int] = {"16:9": 4, "1:1": 6, "9:16": 8}
_GAP_PX = 10
_SHEET_COLOUR, _FLAW_COLOUR = (96, 96, 96), (255, 0, 0)
_PICTURE = Image.merge("RGB", [Image.linear_gradient("L").rotate(90 * n) for n in range(3)])
"""Stands for the pictures of a deck, which are not read."""


def write_deck(prompt: Prompt, slides: int, language: str) -> Deck:
    """Returns the deck that the Gemini emulator and the rules for layouts make of a prompt."""
    request = DeckRequest(prompt.text, prompt.source, slides, language)
    answer = json.dumps(write_outline(request))
    return choose_layouts(read_outline(answer, DeckOptions(slides=slides, language=language)))


def draw_sheet(deck: Deck, subtitle_area: Fraction = Fraction(0)) -> Image.Image:
    """Returns all slides of a deck in one picture, row by row."""
    renderer = SlideRenderer(deck, subtitle_area)
    columns = COLUMNS[deck.aspect]
    width = (SHEET_WIDTH_PX - _GAP_PX) // columns - _GAP_PX
    height = round(width * deck.size[1] / deck.size[0])
    rows = -(-len(deck.slides) // columns)
    size = SHEET_WIDTH_PX, rows * (height + _GAP_PX) + _GAP_PX
    sheet = Image.new("RGB", size, _SHEET_COLOUR)
    draw = ImageDraw.Draw(sheet)
    for number in range(len(deck.slides)):
        row, column = divmod(number, columns)
        left, top = _GAP_PX + column * (width + _GAP_PX), _GAP_PX + row * (height + _GAP_PX)
        picture = _PICTURE if deck.slides[number].picture is not None else None
        plan = renderer.plan(number, picture=picture is not None)
        image = renderer.draw(plan, number, picture)
        image = image.resize((width, height), Image.Resampling.LANCZOS)
        sheet.paste(image, (left, top))
        if not plan.fits:
            draw.rectangle((left - 4, top - 4, left + width + 3, top + height + 3),
                           outline=_FLAW_COLOUR, width=4)  # fmt: skip
    return sheet


def print_deck(deck: Deck) -> None:
    """Prints the texts of a deck, its layouts and what they show."""
    print(f"{deck.title} [{deck.language}]")
    for number, slide in enumerate(deck.slides, 1):
        shown = [slide.number, *slide.labels, *slide.icons]
        print(f"{number}. {slide.layout}: {slide.heading}  {' | '.join(filter(None, shown))}")
        if slide.chart is not None:
            print(f"   {slide.chart.kind} {slide.chart.unit}", *slide.chart.points, sep="\n   ")
        for bullet in slide.bullets:
            print(f"   - {bullet}")
        print(f"   » {slide.notes}")


def main(arguments: Sequence[str]) -> int:
    """Draws the sheets that the arguments name."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.slide_sheets", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("folder", type=Path)
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--text", type=Path)
    source.add_argument("--prompt")
    source.add_argument("--deck", type=Path)
    parser.add_argument("--theme", nargs="*", choices=[*THEMES], default=[*THEMES])
    parser.add_argument("--aspect", nargs="*", choices=[*COLUMNS], default=[*get_args(Aspect)])
    parser.add_argument("--language", default="", help="a BCP-47 tag")
    parser.add_argument("--slides", type=int, default=8)
    parser.add_argument("--print", action="store_true")
    options = parser.parse_args(arguments)
    if options.deck:
        deck = Deck.from_dict(json.loads(options.deck.read_text()))
    elif options.text or options.prompt:
        text = options.text.read_text() if options.text else ""
        prompt = Prompt.from_bytes(Prompt(options.prompt or "", text).to_bytes())
        deck = write_deck(prompt, options.slides, options.language)
    else:
        language = options.language or "en"
        slides = make_layout_slides(language)
        pictures = [{**slides[1], "layout": "picture", "picture": "upload:p"}] * 2
        deck = make_deck([*slides, *pictures], language=language)
    if options.print:
        print_deck(deck)
    options.folder.mkdir(parents=True, exist_ok=True)
    for theme in options.theme:
        for aspect in options.aspect:
            styled = fit_slides(replace(deck, theme=theme, aspect=aspect))
            path = options.folder / f"{theme}-{aspect.replace(':', 'x')}.png"
            draw_sheet(styled).save(path)
            print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
