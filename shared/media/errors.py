"""The reasons why a file cannot be used: one class per cause, whose docstring is the message."""

from __future__ import annotations

from typing import Literal

from shared.errors import PermanentError, TransientError

FileKind = Literal["video", "picture", "sound"]
"""What users call a file."""
_SAFE_FORMATS: dict[FileKind, str] = {"video": "H.264", "picture": "JPEG", "sound": "WAV"}


class EmptyFile(PermanentError):
    """The file is empty; upload it again."""

    code = "empty-file"


class NotAVideo(PermanentError):
    """This is not a video file that we can read; MP4, MOV, MKV, WebM, TS, MPEG, AVI, GIF do."""

    code = "not-a-video"


class PlaylistRefused(PermanentError):
    """This is a playlist that points to other files; upload the video itself."""

    code = "playlist-refused"


class NoVideoStream(PermanentError):
    """There is no video in this file, only sound or data; upload the one with pictures."""

    code = "no-video-stream"


class VideoTruncated(PermanentError):
    """The file ends before its first picture; it was cut off; upload all of it again."""

    code = "video-truncated"


class VideoTooLarge(PermanentError):
    """The pictures are too large; make the video smaller first."""

    code = "video-too-large"


class TooManyStreams(PermanentError):
    """The file has more streams than a video has; save only the video that you mean."""

    code = "too-many-streams"


class ExternalMedia(PermanentError):
    """The pictures lie in another file that this one points to; save it with all of its media."""

    code = "external-media"


class EncryptedVideo(PermanentError):
    """The pictures are protected with a key that we do not have; upload an unprotected copy."""

    code = "encrypted-video"


class VideoTooLong(PermanentError):
    """The video is longer than what one job may take; upload a part of it."""

    code = "video-too-long"


class TooManyFrames(PermanentError):
    """That would be more frames than one job may have; choose a longer interval."""

    code = "too-many-frames"


class UnsupportedCodec(PermanentError):
    """The video is in a codec that we cannot decode; convert it to H.264 first."""

    code = "unsupported-codec"


class DolbyVisionOnly(PermanentError):
    """The colours are in Dolby Vision only (such as profile 5); export it as HDR10, HLG or SDR."""

    code = "dolby-vision-only"


class UndecodableVideo(PermanentError):
    """No picture of this video can be decoded; the file seems damaged: export it again."""

    code = "undecodable-video"


class TooMuchWork(PermanentError):
    """The file takes too long to decode; make it smaller or shorter."""

    code = "too-much-work"


class TooMuchMemory(PermanentError):
    """The file takes more memory than there is; make it smaller first."""

    code = "too-much-memory"


class NoFrames(PermanentError):
    """There is no frame in the part that was asked for; choose another start and end."""

    code = "no-frames"


class NotAPicture(PermanentError):
    """This is not a picture that we can read; JPEG, PNG, WebP and HEIC do."""

    code = "not-a-picture"


class PictureTooLarge(PermanentError):
    """The picture has too many pixels."""

    code = "picture-too-large"


class PictureDamaged(PermanentError):
    """The picture is cut off or damaged; upload it again."""

    code = "picture-damaged"


class NotASound(PermanentError):
    """This is not a sound that we can read; MP3, WAV, M4A, OGG, FLAC and videos with sound do."""

    code = "not-a-sound"


class NoSound(PermanentError):
    """There is no sound in this file, only pictures or data; upload one with sound."""

    code = "no-sound"


class SoundTooLong(PermanentError):
    """The sound is longer than what one film may take."""

    code = "sound-too-long"


class UndecodableSound(PermanentError):
    """The sound cannot be decoded; the file seems to be damaged."""

    code = "undecodable-sound"


class ProcessingFailed(PermanentError):
    """This file cannot be processed; save it in another format, and create a new job with it."""

    code = "processing-failed"


class DecoderCrashed(TransientError):
    """The decoder breaks down on this file; convert it to H.264, JPEG or WAV and upload that."""

    code = "decoder-crashed"

    @classmethod
    def on(cls, file_kind: FileKind, signal_name: str = "") -> DecoderCrashed:
        """Returns the error for a file of this kind, with the signal that ended the decoder."""
        target = _SAFE_FORMATS[file_kind]
        message = (
            f"The decoder breaks down on this {file_kind}; convert it to {target} and upload it "
            "again."
        )
        return cls(f"{message} ({signal_name})" if signal_name else message)


class ShortRead(TransientError):
    """Cloud Storage sent fewer bytes than requested."""

    code = "short-read"


class WorkStopped(TransientError):
    """The work was stopped."""

    code = "stopped"
