"""Write a deck out of what was asked for; draw every slide and plan what is spoken over it."""

from functions.slide_generation.illustrating import draw_slides
from functions.slide_generation.writing import write_deck
from shared.stage import stage

main = stage("slide_generation", part=write_deck, join=draw_slides)
