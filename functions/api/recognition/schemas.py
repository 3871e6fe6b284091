"""The response models of speech recognition."""

from __future__ import annotations

from shared.http.schemas import ResponseModel


class RecognitionLanguages(ResponseModel):
    """The languages that speech recognition knows, as BCP 47 tags such as en-US or cmn-Hans-CN. A
    tag of another region, or without one, means the nearest of them. None if speech recognition is
    not installed."""

    languages: tuple[str, ...]
