"""Speak a slide's notes sentence by sentence; gather all slides into one narration."""

from functions.text_to_speech.join import gather
from functions.text_to_speech.speak import speak
from shared.entrypoints.stage import stage

main = stage("text_to_speech", part=speak, join=gather)
