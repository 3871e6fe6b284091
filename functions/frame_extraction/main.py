"""Pick a window's frames into a pack; join the packs into a ZIP without moving a byte."""

from functions.frame_extraction.joining import join_packs
from functions.frame_extraction.window import extract
from shared.stage import stage

main = stage("frame_extraction", part=extract, join=join_packs)
