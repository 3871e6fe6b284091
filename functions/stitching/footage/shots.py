"""Which parts of the video a film shows, and when. Pure.

A slide that shows a moment or a scene of the video becomes a clip of the video for the whole time
of the slide. The closing slide follows a montage of one second of each clip.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from functions.stitching.film.timeline import LEAD_SAMPLES, RATE_HZ, Pacing, Timeline
from functions.stitching.footage.view import FaceBox, TrackPoint, read_faces, read_track
from shared.recipes.emotions.results import EmotionsResult, SceneFrame
from shared.recipes.films.deck import Deck
from shared.recipes.films.recap_options import Sound

MIN_CLIP_SAMPLES = 3 * RATE_HZ
MAX_CLIP_SAMPLES = 8 * RATE_HZ
"""Clips are longer only if their narration is, up to MAX_SHOT_SAMPLES."""
MAX_SHOT_SAMPLES = 20 * RATE_HZ
"""After this time the slide of the moment is shown."""
SILENT_CLIP_SAMPLES = 6 * RATE_HZ
"""The length of a clip over which nothing is spoken."""
SOLO_SAMPLES = round(1.3 * RATE_HZ)
"""The time before and after the narration of a clip in which its own sound is heard alone."""
MONTAGE_SAMPLES = RATE_HZ
"""The length of a clip of the montage."""
PEAK_POSITION = Fraction(2, 5)
"""Where in its clip a moment is the strongest: viewers see how it begins."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment of the video that a slide shows.

    Attributes:
        time_s: When it is the strongest, in seconds of the video.
        confidence: 0 to 1; None for a scene without an expression.
        track: The positions of its face.
        faces: The boxes of all faces around it.
        limits: For a scene: its begin and end in seconds of the video, within which there is no
            cut. A clip shows no other scene, if it is not longer than this one.
        extent: Its begin and end in seconds of the video; None if they are not known.
    """

    time_s: float
    confidence: float | None = None
    track: tuple[TrackPoint, ...] = ()
    limits: tuple[float, float] | None = None
    extent: tuple[float, float] | None = None
    faces: tuple[FaceBox, ...] = ()

    @property
    def limits_s(self) -> float:
        """The length of the scene in seconds; 0 without limits."""
        return 0.0 if self.limits is None else self.limits[1] - self.limits[0]


@dataclass(frozen=True, slots=True)
class Shot:
    """A part of the video: `length` samples from `begin`, in seconds of the video, which the film
    shows from sample `start` of its scene on. One that is `fixed` is cut where it is planned."""

    start: int
    length: int
    begin: Fraction
    moment: Moment
    fixed: bool = False

    @property
    def length_s(self) -> Fraction:
        """Its length in seconds."""
        return Fraction(self.length, RATE_HZ)


@dataclass(frozen=True, slots=True)
class ClipPlan:
    """The pacing of the slides that show the video, and which of their clips are cut between words.

    Attributes:
        begins: Where those clips begin, in seconds of the video, by the number of the slide.
        montage: Begin and length in samples of each clip of the montage that is cut between words.
    """

    pacing: Mapping[int, Pacing]
    begins: Mapping[int, Fraction] = field(default_factory=dict)
    montage: Mapping[int, tuple[Fraction, int]] = field(default_factory=dict)


def find_moments(
    deck: Deck, emotions: EmotionsResult, frame_size: tuple[int, int]
) -> dict[int, Moment]:
    """Returns the moments that slides show, by the number of the slide.

    Args:
        frame_size: The width and height in pixels of the frames that were scored.
    """
    known: dict[str, Moment] = {}
    for n, row in enumerate(emotions.moments, 1):
        extent = row.begin_s, row.end_s
        track = read_track(row, frame_size)
        faces = read_faces(row, frame_size)
        known[f"moment:{n}"] = Moment(row.time_s, row.confidence, track, extent=extent, faces=faces)
    for n, scene in enumerate(emotions.scenes, 1):
        limits = _find_limits(scene)
        known[f"scene:{n}"] = Moment(scene.time_s, limits=limits, extent=limits)
    return {
        n: known[slide.picture]
        for n, slide in enumerate(deck.slides)
        if slide.layout == "picture" and slide.picture in known
    }


def pace(deck: Deck, moments: Mapping[int, Moment], sound: Sound) -> dict[int, Pacing]:
    """Returns the pacing of the slides that show the video."""
    solo = LEAD_SAMPLES if sound == "narrated" else SOLO_SAMPLES
    pacing = {n: Pacing(solo, solo, MIN_CLIP_SAMPLES, SILENT_CLIP_SAMPLES) for n in moments}
    last = len(deck.slides) - 1
    if has_montage(deck, moments):
        usual = Pacing()
        montage = len(moments) * MONTAGE_SAMPLES
        pacing[last] = Pacing(montage + usual.lead, usual.tail, 0, montage + usual.silent_length)
    return pacing


def extend(
    pacing: Mapping[int, Pacing],
    moments: Mapping[int, Moment],
    timeline: Timeline,
    length_s: int,
    duration: Fraction | None,
) -> dict[int, Pacing]:
    """Returns the pacing with longer clips, up to MAX_CLIP_SAMPLES, if the timeline is shorter than
    `length_s`.

    Args:
        duration: That of the video in seconds, or None: a clip is not extended beyond it or its
            scene.
    """
    missing = max(0, length_s * RATE_HZ - timeline.end) // len(moments)
    extended = dict(pacing)
    for n, moment in moments.items():
        scene = timeline.scenes[n]
        usual = scene.end - scene.start
        longest = MAX_CLIP_SAMPLES if duration is None else int(duration * RATE_HZ)
        if moment.limits is not None:
            longest = min(longest, int(moment.limits_s * RATE_HZ))
        length = max(usual, min(usual + missing, longest, MAX_CLIP_SAMPLES))
        extended[n] = replace(pacing[n], min_length=length, silent_length=length)
    return extended


def has_montage(deck: Deck, moments: Mapping[int, Moment]) -> bool:
    """Returns whether the last slide follows a montage of the clips."""
    return deck.slides[-1].layout == "closing" and len(moments) > 1


def plan_shots(
    deck: Deck,
    moments: Mapping[int, Moment],
    lengths: Sequence[int],
    duration: Fraction | None,
    plan: ClipPlan,
) -> dict[int, tuple[Shot, ...]]:
    """Returns the shots of each slide that shows the video.

    Args:
        lengths: The length of each scene in samples.
        duration: That of the video in seconds; None if it is not known.
    """
    longest = MAX_SHOT_SAMPLES
    if duration is not None:
        longest = min(longest, max(MONTAGE_SAMPLES, int(duration * RATE_HZ)))
    shots: dict[int, tuple[Shot, ...]] = {}
    for n, moment in sorted(moments.items()):
        if n in plan.begins:
            shots[n] = (Shot(0, lengths[n], plan.begins[n], moment, fixed=True),)
        else:
            shots[n] = (_place(moment, 0, min(lengths[n], longest), duration),)
    if has_montage(deck, moments):
        montage: list[Shot] = []
        for n, moment in sorted(moments.items()):
            start = montage[-1].start + montage[-1].length if montage else 0
            if n in plan.montage:
                begin, length = plan.montage[n]
                montage.append(Shot(start, length, begin, moment, fixed=True))
            else:
                montage.append(_place(moment, start, MONTAGE_SAMPLES, duration))
        shots[len(deck.slides) - 1] = tuple(montage)
    return shots


def limit_reach(shot: Shot, reach: int, duration: Fraction | None) -> tuple[int, int]:
    """Returns how many samples earlier and later the shot may begin, each at most `reach`.

    Args:
        duration: That of the video in seconds; None if it is not known.
    """
    first, last = _find_range(shot.moment, shot.length, duration)
    earlier = int((shot.begin - first) * RATE_HZ)
    later = 0 if last is None else int((last - shot.begin) * RATE_HZ)
    return max(0, min(reach, earlier)), max(0, min(reach, later))


def _place(moment: Moment, start: int, length: int, duration: Fraction | None) -> Shot:
    first, last = _find_range(moment, length, duration)
    begin = _fraction(moment.time_s) - Fraction(length, RATE_HZ) * PEAK_POSITION
    if last is not None:
        begin = min(begin, last)
    return Shot(start, length, max(first, begin), moment)


def _find_range(
    moment: Moment, length: int, duration: Fraction | None
) -> tuple[Fraction, Fraction | None]:
    """Returns the first and the last time at which a shot may begin, in seconds; None if the end of
    the video is not known. Both are the same for a shot that is longer than its scene."""
    length_s = Fraction(length, RATE_HZ)
    first, last = Fraction(0), None if duration is None else max(Fraction(0), duration - length_s)
    if moment.limits is None:
        return first, last
    begin, end = map(_fraction, moment.limits)
    if end - begin < length_s:
        # Both neighbours are shown for the same time.
        first = max(Fraction(0), begin - (length_s - (end - begin)) / 2)
        first = first if last is None else min(first, last)
        return first, first
    last = end - length_s if last is None else min(last, end - length_s)
    return min(begin, last), last


def _find_limits(scene: SceneFrame) -> tuple[float, float] | None:
    if scene.begin_s is None or scene.end_s is None:
        return None
    return scene.begin_s, scene.end_s


def _fraction(time_s: float) -> Fraction:
    return Fraction(time_s).limit_denominator(1000)
