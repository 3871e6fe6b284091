"""Measures how much a frame differs from the one before, with the detector of PySceneDetect."""

from __future__ import annotations

import cv2
import numpy as np
from scenedetect import ContentDetector, FrameTimecode, StatsManager

from functions.emotion_scoring.scores import FrameContent
from shared.media.images.frame import BgrImage

_SIZE = (256, 144)
"""PySceneDetect compares pictures of this width. The height is the same for all frames, because a
video may have frames of several shapes."""
_METRIC = ContentDetector.FRAME_SCORE_KEY


class ContentMeter:
    """Measures frames in the order of time.

    The detector sees the frames of a pack, not all frames of the video, and only its score is used:
    the join decides where scenes begin, because a scene may begin with a pack.
    """

    def __init__(self) -> None:
        self._detector = ContentDetector(min_scene_len=0)
        self._stats = StatsManager()
        self._detector.stats_manager = self._stats
        self._count = 0

    def measure(self, image: BgrImage) -> FrameContent:
        """Returns the content of the next frame."""
        small = np.asarray(cv2.resize(image, _SIZE, interpolation=cv2.INTER_AREA), np.uint8)
        number = FrameTimecode(self._count, 1.0)
        self._detector.process_frame(number, small)
        self._count += 1
        is_first = self._count == 1
        change = None if is_first else float(self._stats.get_metrics(number, [_METRIC])[0])
        return FrameContent(change, float(small.mean()))
