"""The copy of a video with captions in its pictures: each part writes one piece of it, the join
writes the film."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from functions.stitching.captions.changes import PROGRESS_STEPS
from functions.stitching.film.segment_cache import encoder_versions
from functions.stitching.subtitles.burn import SubtitleBurner, caption_style
from functions.stitching.subtitles.overlay import DrawnText
from shared.entrypoints.stage import UnitContext
from shared.jobs.units.outcomes import UnitDone
from shared.media.containers.faststart import MUX_PASSES, FilmTooLarge
from shared.media.reencoding.caption_windows import MAX_LONG_SIDE_PX
from shared.media.reencoding.extent import film_size
from shared.media.reencoding.sound_track import choose_track, describe_choice
from shared.media.sandbox.child import Limits
from shared.media.sandbox.run import declare_work, run_in_sandbox
from shared.media.sandbox.source import Source
from shared.pipeline import FILMS_PREFIX, FUNCTIONS, Bucket
from shared.recipes.captions.results import CaptionWindow, TranscriptResult, find_spoken_upload
from shared.recipes.captions.transcript import Transcript
from shared.recipes.results import FilmResult
from shared.recipes.stored_object import Artifact, ResultKind, StoredObject
from shared.recipes.upload_results import Upload, Uploads
from shared.runtime.owner_cache import content_key
from shared.runtime.results_writer import ResultsWriter, find_object, read_object
from shared.subtitles.cues import Cue
from shared.subtitles.transcript_cues import build_transcript_cues
from shared.typography.faces import describe_replacements
from shared.typography.versions import drawing_versions

BURNED_NAME = "burned.mp4"
PIECES_VERSION = 1
"""Increase when the same words give other pictures, so that older pieces are not adopted."""
COPY = "video with burned-in captions"
"""What users call the film."""
_KIND: ResultKind = "captioned"
_PIECE = "piece"
_LIMITS = Limits.for_function(FUNCTIONS["stitching"])
_BLOCK_BYTES = 1 << 20
_LOOKAHEAD_S = 600
"""The captions that a part may draw after its window: its last picture may be shown for so long."""
_BURN = declare_work("functions.stitching.captions.burning", "burn_in_sandbox")
_WRITE_FILM = declare_work("shared.media.reencoding.film", "write_film_in_sandbox")


class BurnedVideo:
    """The video of a job with its captions. Its inputs are the same for all parts."""

    def __init__(self, context: UnitContext) -> None:
        self._context = context
        self._upload: Upload = find_spoken_upload(Uploads.require(context.job.facts))
        self._transcript: StoredObject = TranscriptResult.require(context.job.facts).transcript
        self.media_info = self._upload.media_info
        self.size = film_size(self.media_info, MAX_LONG_SIDE_PX)

    @cached_property
    def transcript(self) -> Transcript:
        """What is said."""
        return Transcript.from_json(read_object(self._context.objects, self._transcript))

    @cached_property
    def cues(self) -> tuple[Cue, ...]:
        """The captions."""
        return build_transcript_cues(self.transcript)

    @property
    def key(self) -> str:
        """The hash of all that the pictures depend on."""
        inputs = [self._upload.stored_object.version, self._transcript.version]
        versions = [PIECES_VERSION, encoder_versions(), drawing_versions()]
        return content_key(versions, [list(version) for version in inputs])

    def write_piece(self, window: CaptionWindow) -> UnitDone:
        """Writes the pictures of a window once."""
        context, spec = self._context, content_key(self.key, window.to_dict())
        name = f"{FILMS_PREFIX}{context.job.id}/pieces/{window.begin_s:06d}-{spec[:32]}.nut"
        stored = find_object(context.objects, Bucket.WORK, name, spec)
        if stored is not None:
            return UnitDone((stored.to_artifact(_PIECE, _PIECE),), adopted=True)
        cues = self._select_cues(window)
        with context.objects.create(
            Bucket.WORK, name, content_type="application/octet-stream", spec=spec
        ) as piece:
            result = run_in_sandbox(
                _BURN,
                self.media_info,
                window,
                cues,
                self._draw(cues),
                source=self._source(self._upload.stored_object),
                limits=_LIMITS,
                sink=piece,
                on_progress=lambda done: context.report_progress(done / PROGRESS_STEPS),
                check=context.check,
                label=context.job.id,
            )
        context.log("piece.burned", pictures=int(result.value), cpu_s=result.usage.cpu_s)
        return UnitDone((piece.stored_object.to_artifact(_PIECE, _PIECE),))

    def write_film(self, pieces: Sequence[Artifact]) -> UnitDone:
        """Writes all pieces and the sound of the video as one MP4, once."""
        context, shown = self._context, [piece for piece in pieces if piece.size_bytes]
        if not shown:
            return self._without_film("none of its pictures can be decoded")
        versions = [list(piece.stored_object.version) for piece in shown]
        results = ResultsWriter(context.objects, context.job.id, content_key(self.key, versions))
        film = results.find(BURNED_NAME, _KIND)
        if film is None:
            try:
                film = self._mux(results, shown)
            except FilmTooLarge:
                return self._without_film("it is too large for an MP4")
        return UnitDone((film,), facts=self._facts, warnings=self._warnings)

    def _without_film(self, reason: str) -> UnitDone:
        return UnitDone(facts=self._facts, warnings=(f"There is no {COPY}: {reason}.",))

    def _mux(self, results: ResultsWriter, pieces: Sequence[Artifact]) -> Artifact:
        has_sound = choose_track(self.media_info) is not None
        parts = [self._source(piece.stored_object) for piece in pieces]
        if has_sound:
            parts.append(self._source(self._upload.stored_object))
        with results.create(BURNED_NAME, "video/mp4") as film:
            run_in_sandbox(
                _WRITE_FILM,
                [part.size_bytes for part in parts],
                self.media_info,
                has_sound,
                source=Source.from_parts(parts).counted(self._context.report_progress, MUX_PASSES),
                limits=_LIMITS,
                sink=film,
                check=self._context.check,
                label=self._context.job.id,
            )
        return film.stored_object.to_artifact(BURNED_NAME, _KIND)

    @property
    def _facts(self) -> dict[str, object]:
        return FilmResult(float(self.media_info.duration or 0), *self.size).to_dict()

    @property
    def _warnings(self) -> tuple[str, ...]:
        """Warnings for the user: what the film has not of the video."""
        info, warnings = self.media_info, list(describe_choice(self.media_info, COPY))
        track = choose_track(info)
        others = [
            item.index
            for item in info.streams
            if item.kind == "audio" and track is not None and item.index != track.index
        ]
        if others:
            plural = "s" if len(others) > 1 else ""
            names = ", ".join(map(str, others))
            warnings.append(
                f"The {COPY} has one sound track; it lacks the sound of stream{plural} {names}."
            )
        width, height = info.video.display_size
        if max(width, height) > MAX_LONG_SIDE_PX:
            warnings.append(
                f"The {COPY} was scaled from {width}×{height} to {self.size[0]}×{self.size[1]}."
            )
        if info.video.dynamic_range != "sdr":
            warnings.append(f"The {COPY} has standard dynamic range; the upload has high range.")
        lines = (line for cue in self.cues for line in cue.lines)
        return (*warnings, *describe_replacements(lines, caption_style(self.transcript.language)))

    def _select_cues(self, window: CaptionWindow) -> list[Cue]:
        end_s = None if window.end_s is None else window.end_s + _LOOKAHEAD_S
        return [
            cue
            for cue in self.cues
            if cue.end_ms > window.begin_s * 1000 and (end_s is None or cue.start_ms < end_s * 1000)
        ]

    def _draw(self, cues: Sequence[Cue]) -> dict[tuple[str, ...], DrawnText]:
        """Returns the captions, drawn here: the sandbox process cannot open the fonts."""
        burner = SubtitleBurner(self.size, self.transcript.language)
        texts: dict[tuple[str, ...], DrawnText] = {}
        for cue in cues:
            self._context.check()
            if cue.lines not in texts:
                texts[cue.lines] = burner.draw(cue.lines)
        return texts

    def _source(self, stored: StoredObject) -> Source:
        read_at = self._context.objects.range_reader(stored.bucket, *stored.version)
        return Source(read_at, stored.size_bytes, _BLOCK_BYTES)


def burn_window(context: UnitContext) -> UnitDone:
    """Draws the captions into the pictures of one window of the video."""
    return BurnedVideo(context).write_piece(CaptionWindow.from_dict(context.spec))


def join_windows(context: UnitContext) -> UnitDone:
    """Writes the video with burned-in captions."""
    units = context.part_units()
    pieces = [artifact for unit in units for artifact in unit.artifacts]
    return BurnedVideo(context).write_film(sorted(pieces, key=lambda piece: piece.object))
