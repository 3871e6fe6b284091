"""What a person asks for who has emotions scored: which frames, with whose consent, and what for.

Inferring emotions of people at work and in education is prohibited in the European Union since
2 February 2025, except for medical or safety reasons: Regulation (EU) 2024/1689 (AI Act), art.
5(1)(f).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from shared.errors import InvalidOption
from shared.recipes.frames.options import FrameOptions

MAX_PURPOSE_CHARS = 200
_FRAMES = tuple(field.name for field in fields(FrameOptions))
_OWN = ("consent", "purpose", "smooth", "mirror", "annotate")
EMOTION_OPTION_NAMES = (*_FRAMES, *_OWN)

# Beginnings of words, in the languages in which uploaders are likely to write. A purpose that
# only looks like one of these is refused as well: its writer can say it in other words.
_WORK = (
    r"employ(?:ee|er|ment)", r"workplace", r"work[ -](?:place|force|er)", r"workforce", r"worker",
    r"staff", r"personnel", r"colleague", r"coworker", r"co-worker", r"job (?:interview|appl)",
    r"recruit", r"hiring", r"applicant", r"human resources", r"call[ -]?cent(?:er|re)",
    r"performance review", r"productivity",
    r"mitarbeit", r"angestellt", r"arbeitsplatz", r"beschäftigt", r"bewerb", r"personalabteilung",
    r"salarié", r"employé", r"lieu de travail", r"recrutement", r"emplead", r"lugar de trabajo",
    r"dipendent", r"posto di lavoro",
)  # fmt: skip
_EDUCATION = (
    r"student", r"pupil", r"classroom", r"school", r"teach", r"lecture", r"lesson", r"exam\b",
    r"exams\b", r"examination", r"proctor", r"educat", r"universit", r"college", r"kindergarten",
    r"e-learning", r"schul", r"schüler", r"unterricht", r"prüfung", r"vorlesung", r"bildung",
    r"élève", r"étudiant", r"école", r"enseign", r"escuela", r"alumn[oa]", r"educaci", r"estudiant",
    r"scuol", r"studenti", r"istruzione",
)  # fmt: skip
_MEDICAL_OR_SAFETY = (
    r"medic", r"health", r"therap", r"clinic", r"patient", r"diagnos", r"rehabilit", r"pain\b",
    r"safety", r"fatigue", r"medizin", r"gesundheit", r"sicherheit", r"klinik", r"santé", r"médic",
    r"sécurité", r"salud", r"seguridad", r"salute", r"sicurezza",
)  # fmt: skip


def _any_of(stems: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{'|'.join(stems)})", re.IGNORECASE)


_PROHIBITED = {"workplace": _any_of(_WORK), "education": _any_of(_EDUCATION)}
_EXCEPTION = _any_of(_MEDICAL_OR_SAFETY)


class ProhibitedPurpose(InvalidOption):
    """The law forbids to score emotions for this purpose."""

    code = "prohibited-purpose"


@dataclass(frozen=True)
class EmotionOptions:
    """`frames`: which pictures. `smooth`: average over time. `mirror`: average each face's scores
    with those of its mirror image. `annotate`: also make a video with boxes. `purpose`: why, in the
    uploader's words; that the people filmed agreed is a condition of there being such options at
    all."""

    frames: FrameOptions
    purpose: str
    smooth: bool = True
    mirror: bool = True
    annotate: bool = False

    @classmethod
    def parse(cls, options: Mapping[str, Any], *, allow_medical_safety: bool) -> EmotionOptions:
        """Read options as a person gives them; absent or None = default.

        Raises ValueError with a sentence that says what is wrong and what would do, and
        ProhibitedPurpose. `allow_medical_safety`: the operator vouches for the exception.
        """
        given = {name: value for name, value in options.items() if value is not None}
        unknown = sorted(set(options) - set(EMOTION_OPTION_NAMES))
        if unknown:
            raise ValueError(
                f"The option {unknown[0]!r} does not exist; "
                f"there are {', '.join(EMOTION_OPTION_NAMES)}."
            )
        frames = parse_frame_options(options)
        if not _flag("consent", given.get("consent", False)):
            raise ValueError(
                "consent must be true: state that the people filmed agreed to have their "
                "expressions scored."
            )
        purpose = _purpose(given.get("purpose"))
        _check_lawful(purpose, allow_medical_safety)
        smooth, mirror, annotate = (
            _flag(name, given.get(name, default))
            for name, default in (
                ("smooth", cls.smooth),
                ("mirror", cls.mirror),
                ("annotate", cls.annotate),
            )
        )
        return cls(frames, purpose, smooth, mirror, annotate)

    @classmethod
    def from_job(cls, options: Mapping[str, Any]) -> EmotionOptions:
        """Out of a job's options, whatever else these say. Whether the purpose is lawful was
        decided when the job was created."""
        mine = {name: value for name, value in options.items() if name in EMOTION_OPTION_NAMES}
        return cls.parse(mine, allow_medical_safety=True)

    def to_dict(self) -> dict[str, Any]:
        """JSON-able and flat; `parse` reads it back to an equal value."""
        return self.frames.to_dict() | {
            "consent": True,
            "purpose": self.purpose,
            "smooth": self.smooth,
            "mirror": self.mirror,
            "annotate": self.annotate,
        }


def parse_frame_options(options: Mapping[str, Any]) -> FrameOptions:
    """Which frames a job wants, whatever else its options say. Raises ValueError."""
    return FrameOptions.parse({k: v for k, v in options.items() if k in _FRAMES})


def _purpose(value: object) -> str:
    text = " ".join(value.split()) if isinstance(value, str) else ""
    if not text or len(text) > MAX_PURPOSE_CHARS or not text.isprintable():
        raise ValueError(
            "purpose must say in a few words what the scores are for, such as research "
            f"(at most {MAX_PURPOSE_CHARS} characters)."
        )
    return text


def _check_lawful(purpose: str, allow_medical_safety: bool) -> None:
    area = next((one for one, words in _PROHIBITED.items() if words.search(purpose)), None)
    if area is None or (allow_medical_safety and _EXCEPTION.search(purpose)):
        return
    where = "at work" if area == "workplace" else "in education"
    raise ProhibitedPurpose(
        f"The purpose speaks of people {where}. Inferring their emotions is prohibited by the EU "
        "AI Act, art. 5(1)(f), except for medical or safety reasons, which the operator of this "
        "service has to allow."
    )


def _flag(name: str, value: object) -> bool:
    text = str(value).strip().lower()
    if text not in ("true", "false"):
        raise ValueError(f"{name} is {text[:40]!r}; it can be true or false.")
    return text == "true"
