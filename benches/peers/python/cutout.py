"""rembg beside the studio: `cutout.py make MODEL` writes a network of the shape of U2NetP (Qin et al., 2020, arXiv:2005.09007)
with random weights; `cutout.py run MODEL TIMES PICTURE...` cuts each picture out so often and prints, as JSON, the seconds of
each round, the CPU seconds of all, and the peak of memory in bytes. The first round holds nothing of the start of the process."""

import json
import os
import resource
import sys
import time


def make(path: str) -> None:
    import numpy as np
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    random = np.random.default_rng(1)
    nodes, weights = [], []

    def add(kind, inputs, **attributes):
        name = f"{kind.lower()}_{len(nodes)}"
        nodes.append(helper.make_node(kind, inputs, [name], **attributes))
        return name

    def constant(values):
        name = f"w_{len(weights)}"
        weights.append(numpy_helper.from_array(values, name))
        return name

    def conv(x, inputs, outputs, dilation=1, kernel=3):
        shape = (outputs, inputs, kernel, kernel)
        weight = random.normal(0, (2 / (inputs * kernel**2)) ** 0.5, shape).astype(np.float32)
        bias = random.normal(0, 0.01, outputs).astype(np.float32)
        pads = [dilation * (kernel // 2)] * 4
        return add("Conv", [x, constant(weight), constant(bias)], kernel_shape=[kernel] * 2, pads=pads, dilations=[dilation] * 2, strides=[1, 1], group=1)

    def block(x, inputs, outputs, dilation=1):
        return add("Relu", [conv(x, inputs, outputs, dilation)])

    def halved(x):
        return add("MaxPool", [x], kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1)

    def enlarged(x, like):
        size = add("Slice", [add("Shape", [like]), constant(np.array([2])), constant(np.array([4]))])
        first = add("Slice", [add("Shape", [x]), constant(np.array([0])), constant(np.array([2]))])
        sizes = add("Concat", [first, size], axis=0)
        return add("Resize", [x, "", "", sizes], mode="linear", coordinate_transformation_mode="pytorch_half_pixel")

    def joined(a, b):
        return add("Concat", [a, b], axis=1)

    def unit(x, depth, inputs, middle, outputs):
        """A residual U-block of `depth` levels; of four dilated ones where depth is 0."""
        top = block(x, inputs, outputs)
        if depth == 0:
            kept = [block(top, outputs, middle)]
            for dilation in (2, 4):
                kept.append(block(kept[-1], middle, middle, dilation))
            y = block(kept[-1], middle, middle, 8)
            for dilation, side in ((4, kept[2]), (2, kept[1])):
                y = block(joined(y, side), 2 * middle, middle, dilation)
            return add("Add", [block(joined(y, kept[0]), 2 * middle, outputs), top])
        kept = [block(top, outputs, middle)]
        for _ in range(depth - 2):
            kept.append(block(halved(kept[-1]), middle, middle))
        y = block(kept[-1], middle, middle, 2)
        for side in reversed(kept[1:]):
            y = enlarged(block(joined(y, side), 2 * middle, middle), kept[kept.index(side) - 1])
        return add("Add", [block(joined(y, kept[0]), 2 * middle, outputs), top])

    sides, x, inputs = [], "picture", 3
    for depth in (7, 6, 5, 4, 0, 0):
        x = unit(x if not sides else halved(x), depth, inputs, 16, 64)
        sides.append(x)
        inputs = 64
    masks, y = [conv(sides[-1], 64, 1)], sides[-1]
    for side, depth in zip(reversed(sides[:-1]), (0, 4, 5, 6, 7)):
        y = unit(joined(enlarged(y, side), side), depth, 128, 16, 64)
        masks.append(conv(y, 64, 1))
    masks = [mask if mask is masks[-1] else enlarged(mask, masks[-1]) for mask in masks]
    # Random weights make noise of a picture, which no mask is. So the mask is where the picture is light, softly; the network is
    # worked through for a thousandth of it.
    light = add("ReduceMean", ["picture"], axes=[1], keepdims=1)
    light = add("AveragePool", [light], kernel_shape=[31, 31], pads=[15] * 4)
    logit = conv(add("Concat", masks, axis=1), 6, 1, kernel=1)
    parts = [add("Mul", [part, constant(np.array(share, np.float32))]) for part, share in ((light, 12), (logit, 1e-3))]
    whole = add("Sigmoid", [add("Add", parts)])
    shape = [1, 3, 320, 320]
    graph = helper.make_graph(
        nodes,
        "cutout",
        [helper.make_tensor_value_info("picture", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(whole, TensorProto.FLOAT, [1, 1, 320, 320])],
        weights,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
    onnx.checker.check_model(model)
    onnx.save(model, path)


def run(path: str, times: int, pictures: list[str]) -> None:
    os.environ["U2NET_HOME"] = os.path.dirname(os.path.abspath(path))  # rembg takes models from there alone
    from rembg import new_session, remove

    session = new_session("u2net_custom", model_path=path)
    files = [open(picture, "rb").read() for picture in pictures]
    seconds, cpu = [], time.process_time()
    for _ in range(times):
        for file in files:
            begin = time.perf_counter()
            remove(file, session=session)
            seconds.append(time.perf_counter() - begin)
    told = {
        "seconds": seconds,
        "cpu_seconds": time.process_time() - cpu,
        "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }
    print(json.dumps(told))


if __name__ == "__main__":
    if sys.argv[1] == "make":
        make(sys.argv[2])
    else:
        run(sys.argv[2], int(sys.argv[3]), sys.argv[4:])
