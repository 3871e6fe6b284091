"""Speak a slide's notes sentence by sentence; gather all slides into one narration."""

from functions.text_to_speech.gathering import gather
from functions.text_to_speech.speaking import speak
from shared.stage import stage

main = stage("text_to_speech", part=speak, join=gather)
