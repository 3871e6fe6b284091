"""Copies clips that browsers do not play to H.264, piece by piece, over several runs if needed."""

from functions.clip_copy.copy_clip import copy_clip
from functions.clip_copy.failure import fail_exhausted_copy
from shared.cameras.browser_copy import CLIP_COPY
from shared.entrypoints.task import task

main = task(CLIP_COPY, copy_clip, fail_exhausted_copy)
