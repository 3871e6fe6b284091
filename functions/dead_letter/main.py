"""Handles messages that were delivered too often, by the state of their unit or task."""

from shared.entrypoints.stage import dead_letter_function

main = dead_letter_function()
