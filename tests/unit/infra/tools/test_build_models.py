"""Conversion of Keras layers to ONNX: a network with every kind of layer, compared with NumPy."""

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
from infra.local.setup.requirements import read_lock
from infra.local.suite.layout import ROOT
from infra.tools.build_models import build_model
from infra.tools.keras_to_onnx import average_models, convert_keras
from infra.tools.wheel_files import read_wheel_file

Array = NDArray[Any]
SIZE = 11
RANDOM = np.random.default_rng(4)


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
    "c1": {"kernel": RANDOM.normal(size=(3, 3, 1, 4))},
    "b1": {
        "gamma": RANDOM.normal(1, 0.1, 4),
        "beta": RANDOM.normal(size=4),
        "moving_mean": RANDOM.normal(size=4),
        "moving_variance": RANDOM.uniform(0.5, 2, 4),
    },
    "s1": {
        "depthwise_kernel": RANDOM.normal(size=(3, 3, 4, 1)),
        "pointwise_kernel": RANDOM.normal(size=(1, 1, 4, 5)),
    },
    "c2": {"kernel": RANDOM.normal(size=(1, 1, 4, 5))},
    "c3": {"kernel": RANDOM.normal(size=(3, 3, 5, 3)), "bias": RANDOM.normal(size=3)},
}


def _hdf5() -> bytes:
    layers = [
        {
            "class_name": kind,
            "name": config["name"],
            "config": config,
            "inbound_nodes": [[[name, 0, 0, {}] for name in sources]] if sources else [],
        }
        for kind, config, sources in LAYERS
    ]
    out = io.BytesIO()
    with h5py.File(out, "w") as file:
        file.attrs["model_config"] = json.dumps({"config": {"layers": layers}})
        for layer in layers:
            group = file.create_group(f"model_weights/{layer['name']}")
            for kind, values in WEIGHTS.get(str(layer["name"]), {}).items():
                group[f"{layer['name']}_1/{kind}:0"] = values.astype(np.float32)
    return out.getvalue()


def _windows(x: Array, size: int, stride: int, padding: str, fill: float) -> Array:
    """Returns the windows (H', W', size, size, C) of an array (H, W, C), padded as TensorFlow
    documents `same`."""
    if padding == "same":
        total = max(0, (-(-x.shape[0] // stride) - 1) * stride + size - x.shape[0])
        edges = (total // 2, total - total // 2)
        x = np.pad(x, (edges, edges, (0, 0)), constant_values=fill)
    out = range(0, x.shape[0] - size + 1, stride)
    return np.array([[x[i : i + size, j : j + size] for j in out] for i in out])


def _expected_output(x: Array) -> Array:
    w = WEIGHTS
    c1 = np.einsum("xyijc,ijco->xyo", _windows(x, 3, 1, "valid", 0), w["c1"]["kernel"])
    b = w["b1"]
    b1 = (c1 - b["moving_mean"]) / np.sqrt(b["moving_variance"] + 1e-3) * b["gamma"] + b["beta"]
    r1 = np.maximum(b1, 0)
    depthwise = np.einsum(
        "xyijc,ijc->xyc", _windows(r1, 3, 1, "same", 0), w["s1"]["depthwise_kernel"][..., 0]
    )
    s1 = depthwise @ w["s1"]["pointwise_kernel"][0, 0]
    p1 = _windows(s1, 3, 2, "same", -np.inf).max(axis=(2, 3))
    a1 = p1 + r1[::2, ::2] @ w["c2"]["kernel"][0, 0]
    c3 = np.einsum("xyijc,ijco->xyo", _windows(a1, 3, 1, "same", 0), w["c3"]["kernel"])
    g1 = (c3 + w["c3"]["bias"]).mean(axis=(0, 1))
    result: Array = np.exp(g1 - g1.max()) / np.exp(g1 - g1.max()).sum()
    return result


def _run(model: onnx.ModelProto, x: Array) -> Array:
    net = cv2.dnn.readNetFromONNX(np.frombuffer(model.SerializeToString(), np.uint8))
    net.setInput(x[None, None, :, :, 0].astype(np.float32))
    result: Array = np.asarray(net.forward())[0]
    return result


def test_every_kind_of_layer_is_converted_exactly() -> None:
    model = convert_keras(_hdf5())
    for _ in range(5):
        x = RANDOM.normal(size=(SIZE, SIZE, 1))
        assert _run(model, x) == pytest.approx(_expected_output(x), abs=1e-5)


def test_averaged_models_return_the_mean_of_both() -> None:
    first = convert_keras(_hdf5())
    second = onnx.ModelProto()
    second.CopyFrom(first)
    bias = next(w for w in second.graph.initializer if list(w.dims) == [3])
    changed = np.frombuffer(bias.raw_data, np.float32) + np.array([1, 0, -1], np.float32)
    bias.raw_data = changed.tobytes()
    x = RANDOM.normal(size=(SIZE, SIZE, 1))
    expected = (_run(first, x) + _run(second, x)) / 2
    assert _run(average_models(first, second), x) == pytest.approx(expected, abs=1e-6)


def test_conversion_is_deterministic() -> None:
    assert convert_keras(_hdf5()).SerializeToString() == convert_keras(_hdf5()).SerializeToString()


def test_build_fails_when_the_hash_differs_from_the_manifest() -> None:
    with pytest.raises(ValueError, match="the hash of emotion_mini"):
        build_model(MINI_XCEPTION, {MINI_HDF5.sha256: _hdf5()})
    with pytest.raises(KeyError):
        build_model(MINI_XCEPTION, {sha256_of(b""): b""})


def test_wheel_file_is_read_by_hash_without_an_import(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "a_wheel_of_these_tests"
    (package / "data").mkdir(parents=True)
    (package / "__init__.py").write_text("raise ImportError('its dependencies are missing')")
    (package / "data" / "model.bin").write_bytes(b"weights")
    monkeypatch.syspath_prepend(str(tmp_path))
    valid = WheelFile(package.name, "data/model.bin", sha256_of(b"weights"))
    assert read_wheel_file(valid) == b"weights"
    assert read_wheel_file(WheelFile(package.name, valid.path, sha256_of(b"other"))) is None
    assert read_wheel_file(WheelFile(package.name, "data/none.bin", valid.sha256)) is None
    assert read_wheel_file(WheelFile("no_such_wheel_anywhere", valid.path, valid.sha256)) is None


def test_every_wheel_of_the_manifest_is_pinned_with_hashes() -> None:
    pins = read_lock(ROOT / "infra" / "tools" / "build_models.txt")
    for source in WHEEL_FILES:
        (pin,) = [pin for pin in pins if pin.name == source.package]
        assert pin.hashes
