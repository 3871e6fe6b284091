"""Writes the deck of a job; draws its slides and plans its narration."""

from functions.slide_generation.deck.deck_sources import write_deck
from functions.slide_generation.join import draw_slides
from shared.entrypoints.stage import stage

main = stage("slide_generation", part=write_deck, join=draw_slides)
