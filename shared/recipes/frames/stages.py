"""The plan of frame_extraction, and of the stage that its frame packs trigger."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.pipeline import Recipe, find_consumer
from shared.recipes.emotions.options import parse_frame_options
from shared.recipes.frames.windows import plan_windows
from shared.recipes.media_info import MediaInfo

Plan = Mapping[str, tuple[Mapping[str, Any], ...]]


def plan_frame_stages(
    recipe: Recipe, media_info: MediaInfo, options: Mapping[str, Any], max_frames: int
) -> Plan:
    """Returns the specs of the windows, by stage.

    Args:
        recipe: That of the job.
        media_info: The facts of the video.
        options: The options of the job.
        max_frames: The limit of frames.

    Raises:
        InvalidOptions: When the options of the frames cannot be used.
        ValueError: When `plan_windows` refuses them for this video.
    """
    frame_options = parse_frame_options(options)
    windows = plan_windows(media_info, frame_options, max_frames=max_frames)
    specs = tuple(window.to_dict() for window in windows)
    plan: dict[str, tuple[Mapping[str, Any], ...]] = {"frame_extraction": specs}
    scoring = find_consumer("frame_extraction", recipe)
    if scoring is not None:
        # Frame packs trigger this stage before frame_extraction joins, so its total is set here.
        plan[scoring] = tuple({"pack": spec["index"]} for spec in specs)
    return plan
