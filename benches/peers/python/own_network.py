"""The studio's own cut-out network on ONNX Runtime: `own_network.py WEIGHTS.safetensors ROUNDS` puts it together as an ONNX model,
layer by layer as `training/cutout/README.md` describes it, and prints the mean shares of both passes over squares of waves and the
seconds of both passes on two threads, the best of ROUNDS."""

import sys
import time

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import load_file

TOGETHER = 4


def model(weights: dict[str, np.ndarray], side: int) -> bytes:
    nodes, constants = [], []

    def add(kind, inputs, **attributes):
        nodes.append(helper.make_node(kind, inputs, [f"{kind.lower()}_{len(nodes)}"], **attributes))
        return nodes[-1].output[0]

    def constant(values):
        constants.append(numpy_helper.from_array(values, f"c_{len(constants)}"))
        return constants[-1].name

    def conv(x, name, is_rectified=True):
        inputs = [x, constant(weights[name + ".weight"]), constant(weights[name + ".bias"])]
        made = add("Conv", inputs, kernel_shape=[3, 3], pads=[1, 1, 1, 1])
        return add("Relu", [made]) if is_rectified else made

    def pair(x, name):
        return conv(conv(x, name + ".first"), name + ".second")

    levels = sum(name.startswith("down.") and name.endswith(".first.weight") for name in weights)
    first = levels - sum(name.startswith("more.") and name.endswith(".first.weight") for name in weights)
    few = side // TOGETHER
    x = add("Sub", [add("Mul", ["rgb", constant(np.array(2, np.float32))]), constant(np.array(1, np.float32))])
    x = add("Reshape", [x, constant(np.array([1, 3, few, TOGETHER, few, TOGETHER]))])
    x = add("Transpose", [x], perm=[0, 1, 3, 5, 2, 4])
    x = add("Reshape", [x, constant(np.array([1, 3 * TOGETHER**2, few, few]))])
    kept = []
    for level in range(levels):
        x = pair(x if level == 0 else add("MaxPool", [x], kernel_shape=[2, 2], strides=[2, 2]), f"down.{level}")
        if level >= first:
            name = f"more.{level - first}"
            x = add("Relu", [add("Add", [x, conv(conv(x, name + ".first"), name + ".second", False)])])
        kept.append(x)
    for number in range(levels - 1):
        scales = constant(np.array([1, 1, 2, 2], np.float32))
        x = add("Resize", [x, "", scales], mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor")
        x = pair(add("Concat", [x, kept[levels - 2 - number]], axis=1), f"up.{number}")
    x = add("Sigmoid", [add("DepthToSpace", [conv(x, "tail", False)], blocksize=TOGETHER)])
    given = helper.make_tensor_value_info("rgb", TensorProto.FLOAT, [1, 3, side, side])
    made = helper.make_tensor_value_info(x, TensorProto.FLOAT, [1, 1, side, side])
    graph = helper.make_graph(nodes, "cutout", [given], [made], constants)
    whole = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
    onnx.checker.check_model(whole)
    return whole.SerializeToString()


def waves(side: int) -> np.ndarray:
    y, x = np.mgrid[:side, :side].astype(np.float32)
    return np.stack([0.5 + 0.5 * np.sin(0.05 * channel * x) * np.cos(0.07 * y) for channel in (1, 2, 3)])[None].astype(np.float32)


weights = {name: values.astype(np.float32) for name, values in load_file(sys.argv[1]).items()}
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 2
sessions = [(onnxruntime.InferenceSession(model(weights, side), options, ["CPUExecutionProvider"]), waves(side)) for side in (320, 192)]
best = float("inf")
for _ in range(int(sys.argv[2])):
    begin = time.perf_counter()
    masks = [session.run(None, {"rgb": picture})[0] for session, picture in sessions]
    best = min(best, time.perf_counter() - begin)
print(*(float(mask.mean()) for mask in masks), best)
