"""The footage of a recap: its video, and the moments that the slides show."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from PIL import Image

from functions.stitching.audio.own_sound import OwnSound
from functions.stitching.film.encoding import planes_to_picture
from functions.stitching.film.timeline import RATE_HZ, Pacing, Timeline, build_timeline
from functions.stitching.footage.clips import Clips, Label
from functions.stitching.footage.cutting import REACH_SAMPLES, cut_at_quiet
from functions.stitching.footage.reader import FootageReader, find_obstacle
from functions.stitching.footage.shots import (
    Moment,
    Shot,
    extend,
    find_moments,
    limit_reach,
    pace,
    plan_shots,
)
from functions.stitching.footage.view import View
from shared.entrypoints.stage import UnitContext
from shared.errors import InvalidOption
from shared.pipeline import Bucket
from shared.ports.objects import ObjectStore
from shared.recipes.emotions.options import parse_frame_options
from shared.recipes.emotions.results import EmotionsResult
from shared.recipes.films.deck import Deck
from shared.recipes.films.narration import Narration
from shared.recipes.films.recap_options import RecapOptions
from shared.recipes.media_info import MediaInfo
from shared.recipes.upload_results import Upload, Uploads


@dataclass(frozen=True)
class PreparedClips:
    """The clips of a film, and their sounds; no sounds if the film does not use them."""

    clips: Clips
    sounds: Sequence[OwnSound]
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class Footage:
    """The video of a recap.

    Attributes:
        moments: The moments that slides show, by the number of the slide.
        obstacle: Why no clips can be cut from the video; None if they can.
    """

    objects: ObjectStore
    video: Upload
    moments: Mapping[int, Moment]
    options: RecapOptions
    obstacle: str | None

    @classmethod
    def from_context(cls, context: UnitContext, deck: Deck) -> Footage | None:
        """Returns the footage of a job; None if its deck shows no moment of a video.

        Raises InvalidOption.
        """
        emotions = EmotionsResult.find(context.job.facts)
        uploads = Uploads.find(context.job.facts)
        video = None if uploads is None else uploads.inputs.get("video")
        if emotions is None or video is None:
            return None
        try:
            options = RecapOptions.from_job(context.job.options)
            max_width = parse_frame_options(context.job.options).max_width
        except ValueError as error:
            raise InvalidOption(str(error)) from error
        moments = find_moments(deck, emotions, _frame_size(video.media_info, max_width))
        obstacle = _find_obstacle(context.objects, video)
        return cls(context.objects, video, moments, options, obstacle) if moments else None

    @property
    def has_clips(self) -> bool:
        """Whether the film shows clips."""
        return self.options.footage == "clips" and self.obstacle is None

    @property
    def content(self) -> list[Any]:
        """The inputs as JSON values, from which the name of the film is derived."""
        rows = [
            [n, moment.time_s, moment.confidence, moment.limits, *map(list, moment.track)]
            for n, moment in sorted(self.moments.items())
        ]
        version = list(self.video.stored_object.version)
        return [version, rows, self.options.to_dict(), self.obstacle]

    @property
    def warnings(self) -> tuple[str, ...]:
        """Warnings for the user about clips that cannot be cut."""
        is_lost = self.options.footage == "clips" and self.obstacle is not None
        return (str(self.obstacle),) if is_lost else ()

    def pacing(self, deck: Deck, narration: Narration) -> Mapping[int, Pacing]:
        """Returns the pacing of the slides that show clips. Clips of a film that would be shorter
        than requested are longer than their narration. Raises FilmTooLong."""
        if not self.has_clips:
            return {}
        pacing = pace(deck, self.moments, self.options.sound)
        timeline = build_timeline(narration, pacing)
        duration = self.video.media_info.duration
        return extend(pacing, self.moments, timeline, self.options.length, duration)

    def prepare(
        self, deck: Deck, timeline: Timeline, check: Callable[[], None]
    ) -> PreparedClips | None:
        """Reads the sounds of the clips, and cuts the clips where they are quiet. Returns None if
        the film shows no clips."""
        if not self.has_clips:
            return None
        reader = self._reader(check)
        lengths = [scene.end - scene.start for scene in timeline.scenes]
        shots = plan_shots(deck, self.moments, lengths, reader.media_info.duration)
        sounds: list[OwnSound] = []
        if self.options.sound != "narrated":
            shots, sounds = _cut(reader, shots, timeline)
        labels = {
            n: Label(deck.slides[n].heading, moment.confidence)
            for n, moment in self.moments.items()
        }
        clips = Clips(reader, shots, labels, deck.size, deck.language)
        return PreparedClips(clips, sounds, self._describe_sound(sounds))

    def read_poster(self, size: tuple[int, int], check: Callable[[], None]) -> Image.Image | None:
        """Returns the picture of the strongest moment, or of the longest scene, in RGB; None if it
        cannot be read."""
        if self.obstacle is not None:
            return None
        moment = max(self.moments.values(), key=lambda row: (row.confidence or 0.0, row.limits_s))
        begin, view = Fraction(moment.time_s).limit_denominator(1000), View(size, moment.track)
        for _, planes in self._reader(check).read_pictures(begin, RATE_HZ // 10, view):
            return planes_to_picture(planes)
        return None

    def _describe_sound(self, sounds: Sequence[OwnSound]) -> tuple[str, ...]:
        if self.options.sound == "narrated" or sounds:
            return ()
        if self.options.sound == "original":
            return ("The film is silent: no sound of the video could be read.",)
        if not self.video.media_info.audio_codecs:
            return ()
        return ("The clips have no sound of their own: that of the video could not be read.",)

    def _reader(self, check: Callable[[], None]) -> FootageReader:
        video = self.video
        return FootageReader(self.objects, video.stored_object, video.media_info, check)


def _cut(
    reader: FootageReader, shots: Mapping[int, tuple[Shot, ...]], timeline: Timeline
) -> tuple[dict[int, tuple[Shot, ...]], list[OwnSound]]:
    """Returns the shots, moved to where they are quiet, and their sounds in the film."""
    cut: dict[int, tuple[Shot, ...]] = {}
    sounds: list[OwnSound] = []
    # The sound of a file whose time stamps jump is not searched by time.
    has_sound = bool(reader.media_info.audio_codecs) and not reader.media_info.discontinuities
    for number, planned in shots.items():
        cut[number] = ()
        for shot in planned:
            moved = shot
            lead, tail = limit_reach(shot, REACH_SAMPLES, reader.media_info.duration)
            length = lead + shot.length + tail
            begin = shot.begin - Fraction(lead, RATE_HZ)
            sound = reader.read_sound(begin, length) if has_sound else None
            if sound is not None:
                moved, part = cut_at_quiet(shot, sound, lead, tail)
                sounds.append(OwnSound(timeline.scenes[number].start + shot.start, part))
            cut[number] += (moved,)
    return cut, sounds


def _frame_size(media_info: MediaInfo, max_width: int | None) -> tuple[int, int]:
    """Returns the size of the frames that were scored, in pixels."""
    width, height = media_info.video.display_size
    if max_width is None or width <= max_width:
        return width, height
    return max_width, max(1, round(height * max_width / width))


def _find_obstacle(objects: ObjectStore, video: Upload) -> str | None:
    stored = video.stored_object
    current = objects.stat(Bucket(stored.bucket), stored.name)
    if current is None or current.version != stored.version:
        return "The film shows still pictures instead of clips: the video is no longer there."
    return find_obstacle(video.media_info)
