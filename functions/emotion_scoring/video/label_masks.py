"""Draws the labels of an annotated video.

The sandbox process that draws on the pictures cannot open the fonts, so that labels are drawn
before, as masks.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from PIL import Image, ImageDraw

from functions.emotion_scoring.video.overlay import Mask
from shared.typography.drawing import draw_at_middle
from shared.typography.faces import title_style
from shared.typography.single_line import lay_out_line, line_width

_SIZE, _MIN_SIZE_PX = 0.019, 13
"""The size of text relative to the longer side of the picture."""
_WEIGHT = 500
_PADDING = 0.25
"""The space around a text, relative to its size."""


def draw_masks(texts: Iterable[str], long_side_px: int) -> dict[str, Mask]:
    """Returns one mask for each text, for pictures of this size. All have the same height."""
    size_px = max(_MIN_SIZE_PX, round(_SIZE * long_side_px))
    padding = round(_PADDING * size_px)
    blocks = {
        text: lay_out_line(text, size_px, title_style(text, _WEIGHT)) for text in sorted(set(texts))
    }
    height = round(max((block.line_height for block in blocks.values()), default=0.0)) + padding
    masks = {}
    for text, block in blocks.items():
        picture = Image.new("L", (round(line_width(block)) + 2 * padding, height))
        draw_at_middle(ImageDraw.Draw(picture), block, (padding, height / 2), 255)
        masks[text] = np.asarray(picture)
    return masks
