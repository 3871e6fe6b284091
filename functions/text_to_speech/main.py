"""The entry point of text_to_speech: speaks the notes of slides and joins them to a narration."""

from functions.text_to_speech.join import join_narration
from functions.text_to_speech.speak import speak_slide
from shared.entrypoints.stage import stage

main = stage("text_to_speech", part=speak_slide, join=join_narration)
