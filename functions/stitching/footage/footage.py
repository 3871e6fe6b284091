"""The footage of a recap: its video, and the moments that the slides show."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

from PIL import Image

from functions.stitching.audio.own_sound import OwnSound
from functions.stitching.film.encoding import planes_to_picture
from functions.stitching.film.timeline import RATE_HZ, Timeline, build_timeline
from functions.stitching.footage.clips import Clips, Label
from functions.stitching.footage.cutting import REACH_SAMPLES, cut_at_quiet
from functions.stitching.footage.quotes import Quotes
from functions.stitching.footage.reader import FootageReader, find_obstacle
from functions.stitching.footage.shots import (
    ClipPlan,
    Moment,
    Shot,
    extend,
    find_moments,
    limit_reach,
    pace,
    plan_shots,
)
from functions.stitching.footage.view import View
from functions.stitching.objects import read_stored
from shared.entrypoints.stage import UnitContext
from shared.errors import InvalidOption
from shared.pipeline import Bucket
from shared.ports.objects import ObjectStore
from shared.recipes.captions.results import TranscriptResult
from shared.recipes.captions.transcript import Transcript
from shared.recipes.emotions.options import parse_frame_options
from shared.recipes.emotions.results import EmotionsResult
from shared.recipes.films.deck import Deck
from shared.recipes.films.narration import Narration
from shared.recipes.films.recap_options import RecapOptions
from shared.recipes.media_info import MediaInfo
from shared.recipes.stored_object import StoredObject
from shared.recipes.upload_results import Upload, Uploads
from shared.subtitles.timed_sentence import TimedSentence


@dataclass(frozen=True)
class PreparedClips:
    """The clips of a film, their sounds, and what is said in them while it is heard; no sounds if
    the film does not use them."""

    clips: Clips
    sounds: Sequence[OwnSound]
    quotes: tuple[TimedSentence, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class Footage:
    """The video of a recap.

    Attributes:
        moments: The moments that slides show, by the number of the slide.
        obstacle: Why no clips can be cut from the video; None if they can.
        transcript: What is said in the video; None if it was not recognized.
    """

    objects: ObjectStore
    video: Upload
    moments: Mapping[int, Moment]
    options: RecapOptions
    obstacle: str | None
    transcript: StoredObject | None = None

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
        if not moments:
            return None
        said = TranscriptResult.find(context.job.facts)
        transcript = None if said is None else said.transcript
        return cls(context.objects, video, moments, options, obstacle, transcript)

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
        said = [] if self.transcript is None else [list(self.transcript.version)]
        return [version, rows, self.options.to_dict(), self.obstacle, *said]

    @property
    def warnings(self) -> tuple[str, ...]:
        """Warnings for the user about clips that cannot be cut."""
        is_lost = self.options.footage == "clips" and self.obstacle is not None
        obstacle = (str(self.obstacle),) if is_lost else ()
        if self.transcript is None or (self.has_clips and self.options.has_quotes):
            return obstacle
        return (*obstacle, "The film quotes nothing: the sound of the video is not heard in it.")

    @cached_property
    def quotes(self) -> Quotes | None:
        """What is said in the video; None without a transcript, or if nothing of it is heard."""
        if self.transcript is None or not (self.has_clips and self.options.has_quotes):
            return None
        return Quotes(Transcript.from_json(read_stored(self.objects, self.transcript)))

    def plan(self, deck: Deck, narration: Narration) -> ClipPlan:
        """Returns the plan of the clips. Those of a film that would be shorter than requested are
        longer than their narration. Raises FilmTooLong."""
        if not self.has_clips:
            return ClipPlan({})
        pacing = pace(deck, self.moments, self.options.sound)
        timeline = build_timeline(narration, pacing)
        duration = self.video.media_info.duration
        pacing = extend(pacing, self.moments, timeline, self.options.length, duration)
        if self.quotes is None:
            return ClipPlan(pacing)
        return self.quotes.plan(self.moments, narration, pacing, duration)

    def prepare(
        self, deck: Deck, timeline: Timeline, plan: ClipPlan, check: Callable[[], None]
    ) -> PreparedClips | None:
        """Reads the sounds of the clips, and cuts those where they are quiet that are not cut
        between words. Returns None if the film shows no clips."""
        if not self.has_clips:
            return None
        reader = self._reader(check)
        lengths = [scene.end - scene.start for scene in timeline.scenes]
        shots = plan_shots(deck, self.moments, lengths, reader.media_info.duration, plan)
        sounds: list[OwnSound] = []
        if self.options.sound != "narrated":
            shots, sounds = _cut(reader, shots, timeline)
        labels = {
            n: Label(deck.slides[n].heading, moment.confidence)
            for n, moment in self.moments.items()
        }
        clips = Clips(reader, shots, labels, deck.size, deck.language)
        quotes = self._find_quotes(shots, timeline) if sounds else ()
        return PreparedClips(clips, sounds, quotes, self._describe_sound(sounds))

    def _find_quotes(
        self, shots: Mapping[int, tuple[Shot, ...]], timeline: Timeline
    ) -> tuple[TimedSentence, ...]:
        """Returns what is heard of the transcript. The montage repeats what was heard before."""
        if self.quotes is None:
            return ()
        return tuple(
            sentence
            for n in sorted(self.moments)
            for sentence in self.quotes.find_heard(shots[n][0], timeline.scenes[n])
        )

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
            reach = 0 if shot.fixed else REACH_SAMPLES
            lead, tail = limit_reach(shot, reach, reader.media_info.duration)
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
