"""What the codec and the container of a video guarantee, and what a seek in it costs."""

from __future__ import annotations

from shared.recipes.media_info import MediaInfo

# These decoders return pictures in the order of their packets.
_KEEP_ORDER_CODECS = frozenset({"vp8", "vp9", "av1", "mjpeg", "gif"})
# For these codecs NONREF skips exactly the pictures that no other picture refers to. In HEVC a
# picture may be unreferenced in its own temporal layer and still be needed by the next.
_NONREF_SKIP_CODECS = frozenset({"h264", "mpeg2video", "mpeg1video", "mpeg4"})
# In these containers the muxer writes dts, so that no later packet has a smaller pts.
_RELIABLE_DTS_CONTAINERS = frozenset({"mov", "flv", "mpegts"})


def keeps_packet_order(media_info: MediaInfo) -> bool:
    """Returns whether the decoder returns pictures in the order of their packets."""
    return media_info.video.codec in _KEEP_ORDER_CODECS


def can_skip_unreferenced(media_info: MediaInfo) -> bool:
    """Returns whether the decoder can skip exactly the pictures that no other one refers to."""
    return media_info.video.codec in _NONREF_SKIP_CODECS


def is_dts_reliable(media_info: MediaInfo) -> bool:
    """Returns whether no packet after one with this dts has a smaller pts."""
    return media_info.container.split(",")[0] in _RELIABLE_DTS_CONTAINERS


def min_jump_ticks(media_info: MediaInfo) -> int | None:
    """Returns the distance of targets, in ticks, from which a seek reads less than continuing does;
    None when it never does."""
    interval = media_info.video.keyframe_interval_s
    if interval is None or media_info.random_access == "none":
        return None
    # A seek by timestamps costs several reads, and ends well before the target.
    jump_s = interval if media_info.random_access == "index" else 5 * interval + 5
    return int(jump_s / media_info.video.time_base)


def last_picture_end(media_info: MediaInfo, pts: int, duration: int) -> int:
    """Returns the time at which the last picture ends, in ticks.

    MP4 stores durations in decoding order: with B pictures, the last one may have that of another
    picture, and the declared end says more.

    Args:
        media_info: The facts of the file.
        pts: The time of the picture, in ticks.
        duration: Its duration in the file or, without one, an estimate, in ticks.
    """
    end = pts + duration
    video = media_info.video
    if not video.has_b_frames or media_info.duration is None or media_info.discontinuities:
        return end
    declared = video.first_pts + round(media_info.duration / video.time_base)
    is_mov = media_info.container.startswith("mov")
    return declared if is_mov and pts < declared < end else end
