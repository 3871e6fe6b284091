"""The options of emotion scoring: the frames, the consent of the people filmed, and the purpose.

A recap without consent has only the frames: no face is searched or scored.

Inferring emotions of people at work and in education is prohibited in the European Union since
2 February 2025, except for medical or safety reasons: Regulation (EU) 2024/1689 (AI Act), art.
5(1)(f).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Annotated, Any

from shared.errors import InvalidOption
from shared.recipes.frames.options import FrameOptions
from shared.recipes.option_fields import Option, OptionDescription, OptionType
from shared.recipes.option_values import OptionErrors, check_option_names, join_words, parse_bool

MAX_PURPOSE_CHARS = 200
_FRAMES = tuple(field.name for field in fields(FrameOptions))
FACE_OPTION_NAMES = ("purpose", "smooth", "mirror", "annotate", "transcript")
"""The options of scored faces."""
EMOTION_OPTION_NAMES = (*_FRAMES, "consent", *FACE_OPTION_NAMES)

# Word stems, in the languages in which users are likely to write. A purpose that only resembles
# one of these is rejected as well: the user can phrase it differently.
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


def _compile_stems(stems: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{'|'.join(stems)})", re.IGNORECASE)


_PROHIBITED = {"workplace": _compile_stems(_WORK), "education": _compile_stems(_EDUCATION)}
_EXCEPTION = _compile_stems(_MEDICAL_OR_SAFETY)


CONSENT = OptionDescription(
    "consent",
    OptionType.BOOLEAN,
    default=None,
    required=True,
    sentence="Must be true: states that the people filmed agreed to have their expressions scored.",
)
"""The option that no options class has as a field."""


class ProhibitedPurpose(InvalidOption):
    """The law prohibits emotion scoring for this purpose."""

    code = "prohibited-purpose"


@dataclass(frozen=True)
class EmotionOptions:
    """How emotions are scored. Consent is not a field: options exist only with consent.

    Attributes:
        frames: Which frames are scored.
    """

    frames: FrameOptions
    purpose: Annotated[
        str,
        Option(
            "What the scores are for, in a few words. Purposes that the EU AI Act prohibits are "
            "rejected.",
            max_chars=MAX_PURPOSE_CHARS,
            required=True,
        ),
    ]
    smooth: Annotated[bool, Option("Average the scores over time.")] = True
    mirror: Annotated[
        bool, Option("Average the scores of each face with those of its mirror image.")
    ] = True
    annotate: Annotated[bool, Option("Also make a video with boxes around the faces.")] = False
    transcript: Annotated[bool, Option("Also recognize what is said.")] = False

    @classmethod
    def parse(cls, options: Mapping[str, Any], *, allow_medical_safety: bool) -> EmotionOptions:
        """Parses options as a user writes them; an absent option or None is the default.

        Args:
            options: The options by name.
            allow_medical_safety: Whether the operator allows medical and safety purposes.

        Raises:
            InvalidOptions: With messages that state the errors and the accepted values.
            ProhibitedPurpose: When the law prohibits the purpose; with all messages as well.
        """
        values = {name: value for name, value in options.items() if value is not None}
        errors = OptionErrors()
        listing = ", ".join(EMOTION_OPTION_NAMES)
        errors.read(
            "options", None, lambda: check_option_names(options, EMOTION_OPTION_NAMES, listing)
        )
        frames = errors.read("every", FrameOptions(), lambda: parse_frame_options(options))
        errors.read("consent", None, lambda: _check_consent(values.get("consent", False)))
        purpose = errors.read(
            "purpose", "", lambda: _parse_purpose(values.get("purpose"), allow_medical_safety)
        )

        def read_bool(name: str, *, default: bool) -> bool:
            return errors.read(name, default, lambda: parse_bool(name, values.get(name, default)))

        emotion_options = cls(
            frames,
            purpose,
            smooth=read_bool("smooth", default=cls.smooth),
            mirror=read_bool("mirror", default=cls.mirror),
            annotate=read_bool("annotate", default=cls.annotate),
            transcript=read_bool("transcript", default=cls.transcript),
        )
        errors.raise_collected()
        return emotion_options

    @classmethod
    def from_job(cls, options: Mapping[str, Any]) -> EmotionOptions | None:
        """Parses the emotion options of a job and ignores its other options. Returns None for a
        recap without consent, whose faces are not scored.

        The purpose is not checked against the law: that happened when the job was created.
        """
        if options.get("consent") is False:
            return None
        own_options = {
            name: value for name, value in options.items() if name in EMOTION_OPTION_NAMES
        }
        return cls.parse(own_options, allow_medical_safety=True)

    def to_dict(self) -> dict[str, Any]:
        """Returns a flat JSON object; `parse` reads it back to an equal value."""
        return self.frames.to_dict() | {
            "consent": True,
            "purpose": self.purpose,
            "smooth": self.smooth,
            "mirror": self.mirror,
            "annotate": self.annotate,
            "transcript": self.transcript,
        }


def is_consent_missing(options: Mapping[str, Any]) -> bool:
    """Returns whether no consent is stated: the option is absent, None or false."""
    value = options.get("consent")
    return value is None or str(value).strip().lower() == "false"


def parse_without_consent(options: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the options of a recap whose faces are not scored, as a flat JSON object.

    Raises:
        InvalidOptions: Also for options of scored faces, which the user expects to be scored then.
    """
    errors = OptionErrors()
    frames = errors.read("every", FrameOptions(), lambda: parse_frame_options(options))
    given = [name for name in FACE_OPTION_NAMES if options.get(name) is not None]
    errors.read("consent", None, lambda: _check_no_face_options(given))
    errors.raise_collected()
    return frames.to_dict() | {"consent": False}


def parse_frame_options(options: Mapping[str, Any]) -> FrameOptions:
    """Parses the frame options of a job and ignores its other options. Raises InvalidOptions."""
    return FrameOptions.parse({k: v for k, v in options.items() if k in _FRAMES})


def _check_consent(value: object) -> None:
    if not parse_bool("consent", value):
        raise ValueError(
            "consent must be true: state that the people filmed agreed to have their "
            "expressions scored."
        )


def _check_no_face_options(names: Sequence[str]) -> None:
    if names:
        subject = f"{names[0]} is" if len(names) == 1 else f"{join_words(names, 'and')} are"
        raise ValueError(
            f"consent must be true, because {subject} about scored faces: state that the people "
            "filmed agreed to have their expressions scored, or leave these options out for a "
            "recap of the scenes."
        )


def _parse_purpose(value: object, allow_medical_safety: bool) -> str:
    text = " ".join(value.split()) if isinstance(value, str) else ""
    if not text or len(str(value)) > MAX_PURPOSE_CHARS or not text.isprintable():
        raise ValueError(
            "purpose must say in a few words what the scores are for, such as research "
            f"(at most {MAX_PURPOSE_CHARS} characters)."
        )
    _check_lawful(text, allow_medical_safety)
    return text


def _check_lawful(purpose: str, allow_medical_safety: bool) -> None:
    area = next((area for area, stems in _PROHIBITED.items() if stems.search(purpose)), None)
    if area is None or (allow_medical_safety and _EXCEPTION.search(purpose)):
        return
    setting = "at work" if area == "workplace" else "in education"
    raise ProhibitedPurpose(
        f"The purpose speaks of people {setting}. Inferring their emotions is prohibited by the EU "
        "AI Act, art. 5(1)(f), except for medical or safety reasons, which the operator of this "
        "service has to allow."
    )
