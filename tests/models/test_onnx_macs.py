"""Multiply-accumulates against graphs small enough to count by hand."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.errors import InvalidInput, ModelUnavailable
from models.onnx_macs import count_macs

onnx = pytest.importorskip("onnx")


def save(
    folder: Path,
    nodes: list[Any],
    inputs: dict[str, list[Any]],
    weights: dict[str, tuple[int, ...]],
) -> Path:
    helper = onnx.helper
    graph = helper.make_graph(
        nodes,
        "graph",
        [
            helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)
            for name, shape in inputs.items()
        ],
        [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, None)],
        [
            onnx.numpy_helper.from_array(np.ones(shape, np.float32), name)
            for name, shape in weights.items()
        ],
    )
    path = folder / "graph.onnx"
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    onnx.save(model, str(path))
    return path


def node(kind: str, inputs: list[str], output: str, **attributes: Any) -> Any:
    return onnx.helper.make_node(kind, inputs, [output], **attributes)


def test_a_small_network_counted_by_hand(tmp_path: Path) -> None:
    path = save(
        tmp_path,
        [
            node("Conv", ["x", "full"], "a", strides=[2, 2], pads=[1, 1, 1, 1]),
            node("Conv", ["a", "depthwise"], "b", group=4, pads=[1, 1, 1, 1]),
            node("Relu", ["b"], "c"),
            node("GlobalAveragePool", ["c"], "d"),
            node("Flatten", ["d"], "e"),
            node("Gemm", ["e", "head"], "f", transB=1),
            node("MatMul", ["f", "last"], "y"),
        ],
        {"x": ["n", 3, 8, 6]},
        {"full": (4, 3, 3, 3), "depthwise": (4, 1, 3, 3), "head": (5, 4), "last": (5, 7)},
    )
    # Output of the first convolution: 4 channels of 4 by 3.
    each = 4 * 4 * 3 * (3 * 9) + 4 * 4 * 3 * 9 + 5 * 4 + 7 * 5
    assert count_macs(path, {"x": (1, 3, 8, 6)}) == each
    assert count_macs(path, {"x": (3, 3, 8, 6)}) == 3 * each


def test_products_of_two_activations_and_turned_factors_count(tmp_path: Path) -> None:
    path = save(
        tmp_path,
        [
            node("Transpose", ["q"], "k", perm=[0, 2, 1]),
            node("MatMul", ["q", "k"], "scores"),
            node("ReduceSum", ["scores"], "flat", keepdims=0),
            node("Gemm", ["g", "w"], "y", transA=1),
        ],
        {"q": ["n", "t", 16], "g": [9, 2]},
        {"w": (9, 3)},
    )
    assert count_macs(path, {"q": (2, 5, 16), "g": (9, 2)}) == 2 * 5 * 5 * 16 + 2 * 9 * 3


def test_shapes_that_the_graph_computes_for_itself_are_found(tmp_path: Path) -> None:
    # A reshape to half the batch by two: inference of shapes alone does not follow it.
    path = save(
        tmp_path,
        [
            node("Shape", ["x"], "shape"),
            node("Cast", ["shape"], "floats", to=onnx.TensorProto.FLOAT),
            node("Mul", ["floats", "factors"], "scaled"),
            node("Cast", ["scaled"], "target", to=onnx.TensorProto.INT64),
            node("Reshape", ["x", "target"], "wide"),
            node("Transpose", ["wide"], "tall", perm=[1, 0]),
            node("MatMul", ["wide", "tall"], "y"),
        ],
        {"x": ["n", 4]},
        {},
    )
    model = onnx.load(str(path))
    factors = np.array([0.5, 2], np.float32)
    model.graph.initializer.append(onnx.numpy_helper.from_array(factors, "factors"))
    onnx.save(model, str(path))
    assert count_macs(path, {"x": (6, 4)}) == 3 * 3 * 8


def test_a_transposed_convolution_counts_its_inputs(tmp_path: Path) -> None:
    path = save(
        tmp_path,
        [node("ConvTranspose", ["x", "w"], "y", strides=[2, 2])],
        {"x": ["n", 3, 4, 5]},
        {"w": (3, 6, 2, 2)},
    )
    assert count_macs(path, {"x": (1, 3, 4, 5)}) == 3 * 4 * 5 * 6 * 4


def test_another_input_is_refused(tmp_path: Path) -> None:
    path = save(tmp_path, [node("Relu", ["x"], "y")], {"x": [1, 2]}, {})
    assert count_macs(path, {"x": (1, 2)}) == 0
    with pytest.raises(InvalidInput, match=r"'pictures'.*'x'"):
        count_macs(path, {"pictures": (1, 2)})


def test_without_onnx_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ModelUnavailable, match=r"lookalike\[models\]"):
        count_macs(tmp_path / "graph.onnx", {})
