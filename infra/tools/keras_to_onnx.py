"""Converts Keras networks for emotion classification to ONNX, and averages two of them.

The conversion calculates nothing. It only reorders weights from Keras' channels-last to ONNX'
channels-first, so the results are the same bytes on every machine.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any

import h5py  # type: ignore[import-untyped]
import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, compose, helper, numpy_helper

from functions.emotion_scoring.models.manifest import FER2013

_OPSET, _IR = 13, 8
_EPSILON = 1e-3
"""Keras' default for batch normalization, which both files use."""
_LABELS = ",".join(FER2013)
_SINGLE_METADATA = {
    "labels": _LABELS,
    "input": "gray 64x64, x/127.5-1",
    "source": "oarriaga/face_classification (MIT)",
}
_PAIR_METADATA = {
    "labels": _LABELS,
    "input": "gray 64x64, x/127.5-1, NCHW",
    "source": ("oarriaga/face_classification mini_XCEPTION.102-0.66 + big_XCEPTION.54-0.66 (MIT)"),
}
Size = tuple[int, int]


class _Network:
    """An ONNX graph that is built layer by layer. Weights and tensors share one counter."""

    def __init__(self, weights: Mapping[str, Mapping[str, NDArray[Any]]]) -> None:
        self.nodes: list[NodeProto] = []
        self.initializers: list[TensorProto] = []
        self._weights = weights
        self._count = 0

    def layer(
        self, kind: str, config: Mapping[str, Any], inputs: list[str], size: Size
    ) -> tuple[str, Size]:
        """Adds one Keras layer. Returns its output, and the height and width of that output.

        Raises ValueError for an unknown kind of layer.
        """
        weights = self._weights.get(config["name"], {})
        match kind:
            case "Conv2D":
                bias = [self._add_weight(weights["bias"])] if config["use_bias"] else []
                kernel = self._add_weight(weights["kernel"].transpose(3, 2, 0, 1))
                window, size = _window(config["kernel_size"], config["strides"], config, size)
                return self._add_node("Conv", [*inputs, kernel, *bias], **window), size
            case "SeparableConv2D":
                depthwise = self._add_weight(weights["depthwise_kernel"].transpose(2, 3, 0, 1))
                window, size = _window(config["kernel_size"], config["strides"], config, size)
                groups = weights["depthwise_kernel"].shape[2]
                channels = self._add_node("Conv", [*inputs, depthwise], group=groups, **window)
                pointwise = self._add_weight(weights["pointwise_kernel"].transpose(3, 2, 0, 1))
                return self._add_node("Conv", [channels, pointwise], kernel_shape=[1, 1]), size
            case "BatchNormalization":
                kinds = ("gamma", "beta", "moving_mean", "moving_variance")
                parameters = [self._add_weight(weights[kind]) for kind in kinds]
                node_inputs = [*inputs, *parameters]
                return self._add_node("BatchNormalization", node_inputs, epsilon=_EPSILON), size
            case "Activation" if config["activation"] == "relu":
                return self._add_node("Relu", inputs), size
            case "Activation" if config["activation"] == "softmax":
                flat = self._add_node("Flatten", inputs, axis=1)
                return self._add_node("Softmax", [flat], axis=1), size
            case "MaxPooling2D":
                window, size = _window(config["pool_size"], config["strides"], config, size)
                return self._add_node("MaxPool", inputs, **window), size
            case "Add":
                return self._add_node("Add", inputs), size
            case "GlobalAveragePooling2D":
                return self._add_node("GlobalAveragePool", inputs), (1, 1)
        raise ValueError(f"unknown layer kind {kind}")

    def _add_weight(self, values: NDArray[Any]) -> str:
        self._count += 1
        name = f"w{self._count}"
        array = np.ascontiguousarray(values, dtype=np.float32)
        self.initializers.append(numpy_helper.from_array(array, name))
        return name

    def _add_node(self, kind: str, inputs: Sequence[str], **attributes: Any) -> str:
        self._count += 1
        output = f"t{self._count}"
        name = f"{kind}_{self._count}"
        self.nodes.append(helper.make_node(kind, list(inputs), [output], name, **attributes))
        return output


def _window(
    kernel: Sequence[int], strides: Sequence[int], config: Mapping[str, Any], size: Size
) -> tuple[dict[str, list[int]], Size]:
    """Returns the attributes of a sliding window and the size of its output.

    `same` pads as Keras does: as little as possible, with the odd pixel at the end.
    """
    pads, out = [[0, 0], [0, 0]], [0, 0]
    for axis in (0, 1):
        length, width, step = size[axis], kernel[axis], strides[axis]
        if config["padding"] == "same":
            out[axis] = -(-length // step)
            padding = max(0, (out[axis] - 1) * step + width - length)
            pads[axis] = [padding // 2, padding - padding // 2]
        else:
            out[axis] = (length - width) // step + 1
    attributes = {
        "kernel_shape": list(kernel),
        "pads": [pads[0][0], pads[1][0], pads[0][1], pads[1][1]],
        "strides": list(strides),
    }
    return attributes, (out[0], out[1])


def convert_keras(hdf5: bytes) -> ModelProto:
    """Converts a Keras 2 network to ONNX. Its input is (N, 1, H, W), its output (N, classes)."""
    with h5py.File(BytesIO(hdf5), "r") as file:
        layers = json.loads(file.attrs["model_config"])["config"]["layers"]
        network = _Network(
            {name: _read_arrays(group) for name, group in file["model_weights"].items()}
        )
    outputs: dict[str, tuple[str, Size]] = {}
    height = width = classes = 0
    for layer in layers:
        name, config = layer["name"], layer["config"]
        if layer["class_name"] == "InputLayer":
            _, height, width, _ = config["batch_input_shape"]
            outputs[name] = "input", (height, width)
            continue
        sources = [outputs[node[0]] for node in layer["inbound_nodes"][0]]
        inputs, size = [tensor for tensor, _ in sources], sources[0][1]
        outputs[name] = network.layer(layer["class_name"], config, inputs, size)
        classes = config.get("filters", classes)
    network.nodes[-1].output[0] = "probabilities"
    graph = (network.nodes, network.initializers)
    return _model("emotion", *graph, (height, width), classes, _SINGLE_METADATA)


def average_models(first: ModelProto, second: ModelProto) -> ModelProto:
    """Returns a network whose probabilities are the mean of two networks."""
    a, b = (
        compose.add_prefix(model, prefix, rename_inputs=False)
        for model, prefix in ((first, "a_"), (second, "b_"))
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
    return _model("emotion_ens", nodes, weights, size, classes, _PAIR_METADATA)


def _model(
    name: str,
    nodes: Sequence[NodeProto],
    weights: Sequence[TensorProto],
    size: Size,
    classes: int,
    metadata: Mapping[str, str],
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
    helper.set_model_props(model, dict(metadata))
    onnx.checker.check_model(model)
    return model


def _read_arrays(group: h5py.Group) -> dict[str, NDArray[Any]]:
    """Returns the weights of a layer by kind: `kernel`, `bias`, `gamma`, …"""
    arrays: dict[str, NDArray[Any]] = {}

    def collect(path: str, item: object) -> None:
        if isinstance(item, h5py.Dataset):
            arrays[path.rsplit("/", 1)[-1].split(":")[0]] = item[()]

    group.visititems(collect)
    return arrays
