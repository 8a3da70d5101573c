"""Multiply-accumulates of an ONNX graph: what a model costs, whatever runs it.

Counted are the operators that hold practically all of them: convolutions and matrix products, in
floating point, in integers and quantised. Element-wise operators, normalisations and look-ups count
nothing, as is the custom.

The graph is run once to learn its shapes. Inference of shapes alone stops at the first padding that
a graph computes for itself, which ours do.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from engine.errors import InvalidInput, ModelUnavailable

__all__ = ["count_macs"]

_CONVOLUTIONS = {"Conv": 1, "ConvInteger": 1, "QLinearConv": 3}
"""Operator → place of the weight among its inputs."""
_PRODUCTS = ("MatMul", "MatMulInteger", "QLinearMatMul", "Gemm")
_TRANSPOSED = "ConvTranspose"

Shape = tuple[int, ...]


def count_macs(path: Path, inputs: Mapping[str, Shape]) -> int:
    """Count the multiply-accumulates of one run.

    Args:
        path: An ``.onnx`` file, its weights inside or beside it.
        inputs: Input → its shape in that run.

    Raises:
        InvalidInput: An input is not the graph's, or lacks a shape.
        ModelUnavailable: The package onnx is not installed.
    """
    try:
        import onnx
        import onnxruntime
    except ImportError as error:
        raise ModelUnavailable(
            f"the package {error.name} is not installed",
            where=str(path),
            hint="Install the extra: pip install 'lookalike[models]'",
        ) from error
    model = onnx.load(str(path))
    names = [each.name for each in model.graph.input]
    if set(inputs) != set(names):
        raise InvalidInput(
            f"got shapes of {sorted(inputs)}, expected {sorted(names)}", where="inputs"
        )
    shapes: dict[str, Shape] = {each.name: tuple(each.dims) for each in model.graph.initializer}
    shapes.update(inputs)
    counted = [node for node in model.graph.node if _operands(node)]
    wanted = {name for node in counted for name in _operands(node)} - set(shapes)
    del model.graph.output[:]
    if wanted:
        model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in sorted(wanted))
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        options.log_severity_level = 3
        session = onnxruntime.InferenceSession(
            model.SerializeToString(), sess_options=options, providers=["CPUExecutionProvider"]
        )
        feeds = {
            each.name: np.ones(
                inputs[each.name],
                onnx.helper.tensor_dtype_to_np_dtype(each.type.tensor_type.elem_type),
            )
            for each in model.graph.input
        }
        found = session.run(sorted(wanted), feeds)
        shapes.update(
            (name, np.asarray(value).shape)
            for name, value in zip(sorted(wanted), found, strict=True)
        )
    return sum(_macs(node, shapes) for node in counted)


def _operands(node: Any) -> tuple[str, ...]:
    """The two tensors whose shapes tell the cost of an operator; nothing where it has none."""
    if node.op_type in _CONVOLUTIONS:
        return node.output[0], node.input[_CONVOLUTIONS[node.op_type]]
    if node.op_type == _TRANSPOSED:
        return node.input[0], node.input[1]
    if node.op_type in _PRODUCTS:
        return node.output[0], node.input[0]
    return ()


def _macs(node: Any, shapes: Mapping[str, Shape]) -> int:
    first, second = (shapes[name] for name in _operands(node))
    if node.op_type in _PRODUCTS:
        # Each output value sums over the last axis of the left factor.
        turned = any(each.name == "transA" and each.i for each in node.attribute)
        return prod(first) * (second[-2] if turned else second[-1])
    # Each output value sums over one kernel, weight (C_out, C_in / groups, k...); transposed, each
    # input value meets one, weight (C_in, C_out / groups, k...).
    return prod(first) * prod(second[1:])
