"""Keras' layers as ONNX: a small network with every kind of layer, against plain arithmetic."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import cv2
import h5py  # type: ignore[import-untyped]
import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

from functions.emotion_scoring.models.download import sha256_of
from functions.emotion_scoring.models.manifest import (
    MINI_HDF5,
    MINI_XCEPTION,
    WHEEL_FILES,
    WheelFile,
)
from functions.emotion_scoring.models.wheel_files import read_wheel_file
from infra.local.setup.requirements import read_lock
from infra.local.suite.layout import ROOT
from infra.tools.build_models import average_models, build_model, convert_keras

Array = NDArray[Any]
SIZE = 11
DICE = np.random.default_rng(4)


def _conv(name: str, kernel: int, stride: int, padding: str, **more: Any) -> dict[str, Any]:
    common = {"kernel_size": [kernel, kernel], "strides": [stride, stride], "padding": padding}
    return {"name": name, "use_bias": False, **common, **more}


LAYERS: list[tuple[str, dict[str, Any], list[str]]] = [
    ("InputLayer", {"name": "in", "batch_input_shape": [None, SIZE, SIZE, 1]}, []),
    ("Conv2D", _conv("c1", 3, 1, "valid", filters=4), ["in"]),
    ("BatchNormalization", {"name": "b1"}, ["c1"]),
    ("Activation", {"name": "r1", "activation": "relu"}, ["b1"]),
    ("SeparableConv2D", _conv("s1", 3, 1, "same", filters=5), ["r1"]),
    (
        "MaxPooling2D",
        {"name": "p1", "pool_size": [3, 3], "strides": [2, 2], "padding": "same"},
        ["s1"],
    ),
    ("Conv2D", _conv("c2", 1, 2, "same", filters=5), ["r1"]),
    ("Add", {"name": "a1"}, ["p1", "c2"]),
    ("Conv2D", _conv("c3", 3, 1, "same", filters=3) | {"use_bias": True}, ["a1"]),
    ("GlobalAveragePooling2D", {"name": "g1"}, ["c3"]),
    ("Activation", {"name": "out", "activation": "softmax"}, ["g1"]),
]
WEIGHTS: dict[str, dict[str, Array]] = {
    "c1": {"kernel": DICE.normal(size=(3, 3, 1, 4))},
    "b1": {
        "gamma": DICE.normal(1, 0.1, 4),
        "beta": DICE.normal(size=4),
        "moving_mean": DICE.normal(size=4),
        "moving_variance": DICE.uniform(0.5, 2, 4),
    },
    "s1": {
        "depthwise_kernel": DICE.normal(size=(3, 3, 4, 1)),
        "pointwise_kernel": DICE.normal(size=(1, 1, 4, 5)),
    },
    "c2": {"kernel": DICE.normal(size=(1, 1, 4, 5))},
    "c3": {"kernel": DICE.normal(size=(3, 3, 5, 3)), "bias": DICE.normal(size=3)},
}


def _hdf5() -> bytes:
    layers = [
        {
            "class_name": kind,
            "name": config["name"],
            "config": config,
            "inbound_nodes": [[[one, 0, 0, {}] for one in before]] if before else [],
        }
        for kind, config, before in LAYERS
    ]
    out = io.BytesIO()
    with h5py.File(out, "w") as file:
        file.attrs["model_config"] = json.dumps({"config": {"layers": layers}})
        for layer in layers:
            group = file.create_group(f"model_weights/{layer['name']}")
            for kind, values in WEIGHTS.get(str(layer["name"]), {}).items():
                group[f"{layer['name']}_1/{kind}:0"] = values.astype(np.float32)
    return out.getvalue()


def _slide(x: Array, size: int, stride: int, padding: str, fill: float) -> Array:
    """(H, W, C) → windows (H', W', size, size, C), padded as TensorFlow documents `same`."""
    if padding == "same":
        total = max(0, (-(-x.shape[0] // stride) - 1) * stride + size - x.shape[0])
        around = (total // 2, total - total // 2)
        x = np.pad(x, (around, around, (0, 0)), constant_values=fill)
    out = range(0, x.shape[0] - size + 1, stride)
    return np.array([[x[i : i + size, j : j + size] for j in out] for i in out])


def _by_hand(x: Array) -> Array:
    w = WEIGHTS
    c1 = np.einsum("xyijc,ijco->xyo", _slide(x, 3, 1, "valid", 0), w["c1"]["kernel"])
    b = w["b1"]
    b1 = (c1 - b["moving_mean"]) / np.sqrt(b["moving_variance"] + 1e-3) * b["gamma"] + b["beta"]
    r1 = np.maximum(b1, 0)
    deep = np.einsum(
        "xyijc,ijc->xyc", _slide(r1, 3, 1, "same", 0), w["s1"]["depthwise_kernel"][..., 0]
    )
    s1 = deep @ w["s1"]["pointwise_kernel"][0, 0]
    p1 = _slide(s1, 3, 2, "same", -np.inf).max(axis=(2, 3))
    a1 = p1 + r1[::2, ::2] @ w["c2"]["kernel"][0, 0]
    c3 = np.einsum("xyijc,ijco->xyo", _slide(a1, 3, 1, "same", 0), w["c3"]["kernel"])
    g1 = (c3 + w["c3"]["bias"]).mean(axis=(0, 1))
    told: Array = np.exp(g1 - g1.max()) / np.exp(g1 - g1.max()).sum()
    return told


def _run(model: onnx.ModelProto, x: Array) -> Array:
    net = cv2.dnn.readNetFromONNX(np.frombuffer(model.SerializeToString(), np.uint8))
    net.setInput(x[None, None, :, :, 0].astype(np.float32))
    told: Array = np.asarray(net.forward())[0]
    return told


def test_every_kind_of_layer_is_calculated_as_keras_does() -> None:
    model = convert_keras(_hdf5())
    for _ in range(5):
        x = DICE.normal(size=(SIZE, SIZE, 1))
        assert _run(model, x) == pytest.approx(_by_hand(x), abs=1e-5)


def test_a_pair_is_the_mean_of_both() -> None:
    one = convert_keras(_hdf5())
    other = onnx.ModelProto()
    other.CopyFrom(one)
    bias = next(w for w in other.graph.initializer if list(w.dims) == [3])
    moved = np.frombuffer(bias.raw_data, np.float32) + np.array([1, 0, -1], np.float32)
    bias.raw_data = moved.tobytes()
    x = DICE.normal(size=(SIZE, SIZE, 1))
    expected = (_run(one, x) + _run(other, x)) / 2
    assert _run(average_models(one, other), x) == pytest.approx(expected, abs=1e-6)


def test_the_same_source_gives_the_same_bytes() -> None:
    assert convert_keras(_hdf5()).SerializeToString() == convert_keras(_hdf5()).SerializeToString()


def test_what_is_built_must_be_the_file_that_the_manifest_names() -> None:
    with pytest.raises(ValueError, match="is not emotion_mini"):
        build_model(MINI_XCEPTION, {MINI_HDF5.sha256: _hdf5()})
    with pytest.raises(KeyError):
        build_model(MINI_XCEPTION, {sha256_of(b""): b""})


def test_a_file_is_read_out_of_a_wheel_by_hash_and_without_an_import(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "a_wheel_of_these_tests"
    (package / "data").mkdir(parents=True)
    (package / "__init__.py").write_text("raise ImportError('its dependencies are missing')")
    (package / "data" / "model.bin").write_bytes(b"weights")
    monkeypatch.syspath_prepend(str(tmp_path))
    good = WheelFile(package.name, "data/model.bin", sha256_of(b"weights"))
    assert read_wheel_file(good) == b"weights"
    assert read_wheel_file(WheelFile(package.name, good.path, sha256_of(b"other"))) is None
    assert read_wheel_file(WheelFile(package.name, "data/none.bin", good.sha256)) is None
    assert read_wheel_file(WheelFile("no_such_wheel_anywhere", good.path, good.sha256)) is None


def test_every_wheel_of_the_manifest_is_pinned_by_version_and_hash() -> None:
    pins = read_lock(ROOT / "infra" / "tools" / "build_models.txt")
    for source in WHEEL_FILES:
        (pin,) = [one for one in pins if one.name == source.package]
        assert pin.hashes
