"""Recognized words, and how those of neighbouring windows are joined."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from shared.ports.speech_recognition import Recognition, RecognizedWord
from shared.recipes.record import Record

_MAX_LATE_S = 0.35
"""How much later than the end of a pause the first word after it may begin."""


@dataclass(frozen=True, slots=True)
class SpokenWord(Record):
    """A recognized word, with its time in seconds as in a transcript.

    Attributes:
        speaker: A label of the speaker within a request, with the request's own before it.
    """

    text: str
    start_s: float
    end_s: float
    language: str
    confidence: float | None = None
    speaker: str | None = None

    @property
    def middle_s(self) -> float:
        """The middle of its time."""
        return (self.start_s + self.end_s) / 2


def move_out_of_pauses(
    recognition: Recognition, pauses: Sequence[tuple[float, float]]
) -> Recognition:
    """Returns the words with times that begin and end where there is sound. Models let a word begin
    or end in the pause beside it, by up to half a second, or begin it too late after a pause.

    Args:
        recognition: The words of a request.
        pauses: Start and end of each pause in its sound, in seconds.
    """
    words: list[RecognizedWord] = []
    for word in recognition.words:
        start, end = word.start_s, word.end_s
        spoken_until = words[-1].end_s if words else 0.0
        for begins, ends in pauses:
            if spoken_until <= ends < start <= ends + _MAX_LATE_S:
                start = ends
            if begins >= end or ends <= start:
                continue
            if start < begins and begins - start >= end - ends:
                end = begins
            elif end > ends:
                start = ends
        words.append(replace(word, start_s=start, end_s=end))
    return replace(recognition, words=tuple(words))


def place_words(
    recognition: Recognition, begin_s: float, end_s: float, request: str
) -> list[SpokenWord]:
    """Returns the words of a request whose sound is from `begin_s` to `end_s`, in order.

    What a model states is not trusted: times are kept within the sound and in order, and a text
    with spaces is as many words.

    Args:
        request: A label that no other request of the job has.
    """
    words: list[SpokenWord] = []
    at = begin_s
    for word in recognition.words:
        texts = "".join(char if char.isprintable() else " " for char in word.text).split()
        start = min(max(at, begin_s + word.start_s), end_s)
        end = min(max(start, begin_s + word.end_s), end_s)
        step = (end - start) / max(1, len(texts))
        for number, text in enumerate(texts):
            words.append(
                SpokenWord(
                    text,
                    round(start + number * step, 3),
                    round(start + (number + 1) * step, 3),
                    recognition.language,
                    None if word.confidence is None else round(word.confidence, 3),
                    f"{request}.{word.speaker}" if word.speaker else None,
                )
            )
        at = start
    return words


def join_windows(
    windows: Sequence[Sequence[SpokenWord]], borders: Sequence[tuple[float, float]]
) -> list[SpokenWord]:
    """Returns the words of all windows. Neighbours overlap: both have recognized the words around
    their border, and each of these is taken from one of them.

    Args:
        windows: The words of each window.
        borders: For each pair of neighbours the range, in seconds, that both have recognized.
    """
    joined = list(windows[0]) if windows else []
    for words, (begin_s, end_s) in zip(windows[1:], borders, strict=True):
        if begin_s >= end_s:
            # The sound of the earlier window ends before its border.
            joined += words
            continue
        border = _find_border(_within(joined, begin_s, end_s), _within(words, begin_s, end_s),
                              begin_s, end_s)  # fmt: skip
        while joined and joined[-1].middle_s >= border:
            joined.pop()
        following = [word for word in words if word.middle_s >= border]
        if joined and following and _is_same(joined[-1], following[0]):
            del following[0]
        joined += following
    return joined


def _within(words: Iterable[SpokenWord], begin_s: float, end_s: float) -> list[SpokenWord]:
    return [word for word in words if word.end_s > begin_s and word.start_s < end_s]


def _find_border(
    before: Sequence[SpokenWord], after: Sequence[SpokenWord], begin_s: float, end_s: float
) -> float:
    """Returns the middle of the longest pause that both windows have within the range, preferably
    near its middle: their times of the same word may differ a little. Without a pause, the middle
    of the range."""
    centre = (begin_s + end_s) / 2
    spoken = sorted((word.start_s, word.end_s) for word in (*before, *after))
    edges = [begin_s]
    pauses: list[tuple[float, float]] = []
    for start, end in [*spoken, (end_s, end_s)]:
        if start > max(edges):
            pauses.append((max(edges), start))
        edges.append(end)
    if not pauses:
        return centre
    low, high = max(
        pauses, key=lambda pause: pause[1] - pause[0] - abs(sum(pause) / 2 - centre) / 10
    )
    return (low + high) / 2


def _is_same(word: SpokenWord, following: SpokenWord) -> bool:
    """Whether two words at a border are one, whose times differ."""
    overlaps = following.start_s < word.end_s
    return overlaps and word.text.strip(".,;:!?").lower() == following.text.strip(".,;:!?").lower()
