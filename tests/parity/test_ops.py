"""Every operation of agena/tensor.h beside PyTorch: values, gradients, gradients of gradients.

A case gives the inputs, the operation as agena's graph builds it and as PyTorch computes it (in
float64, so that only our own rounding is seen). The scalar to differentiate is the sum of the
result times fixed random numbers; its gradients, again times random numbers, are differentiated
once more.
"""

import math

from tap import Tap
import agena
import numpy as np
import torch
import torch.nn.functional as F

tap = Tap()
random = np.random.default_rng(1)


def normal(*dims):
    return random.standard_normal(dims).astype(np.float32)


def positive(*dims):
    return (0.2 + 3 * random.random(dims)).astype(np.float32)


def integers(high, *dims):
    return random.integers(0, high, dims).astype(np.int32)


def apart(*dims):
    """Values of which no two are nearly equal, so that no maximum hangs on rounding."""
    count = int(np.prod(dims))
    return (random.permutation(count) / count * 4 - 2).reshape(dims).astype(np.float32)


# ---- the check ----


class Weights:
    """Random factors for results and gradients: the same on both sides."""

    def __init__(self):
        self._arrays = []

    def like(self, index, dims):
        while len(self._arrays) <= index:
            self._arrays.append(None)
        if self._arrays[index] is None:
            self._arrays[index] = normal(*dims)
        return self._arrays[index]


def ours(inputs, build, order):
    """Values of [the results, their gradients, the second gradients] up to `order`."""
    weights = Weights()
    with agena.Graph() as g:
        leaves = [g.leaf(x) for x in inputs]
        wrt = [n for n, x in zip(leaves, inputs) if x.dtype == np.float32]
        made = build(g, *leaves)
        levels = [list(made) if isinstance(made, tuple) else [made]]
        used = 0
        for _ in range(order):
            total = None
            for node in levels[-1]:
                factor = g.data(weights.like(used, g.shape(node)))
                term = g.sum_all(g.mul(node, factor))
                total = term if total is None else g.add(total, term)
                used += 1
            levels.append(g.grad(total, wrt))
        values = g.run([node for level in levels for node in level])
    split, begin = [], 0
    for level in levels:
        split.append(values[begin : begin + len(level)])
        begin += len(level)
    return split, weights


def theirs(inputs, compute, order, weights):
    leaves = [
        torch.tensor(x.astype(np.float64), requires_grad=True) if x.dtype == np.float32
        else torch.tensor(x.astype(np.int64))
        for x in inputs
    ]
    wrt = [x for x in leaves if x.requires_grad]
    made = compute(*leaves)
    levels = [list(made) if isinstance(made, tuple) else [made]]
    used = 0
    for _ in range(order):
        total = wrt[0].sum() * 0
        for value in levels[-1]:
            total = total + (value * torch.tensor(weights.like(used, value.shape))).sum()
            used += 1
        found = torch.autograd.grad(total, wrt, create_graph=True, allow_unused=True)
        levels.append([torch.zeros_like(x) if d is None else d for x, d in zip(wrt, found)])
    return levels


def case(name, inputs, build, compute, order=2):
    """order: 0 when the operation has no gradient, 1 or 2: how often it is differentiated."""
    try:
        mine, weights = ours(inputs, build, order)
    except agena.Error as error:
        tap.ok(False, name, str(error))
        return
    other = theirs(inputs, compute, order, weights)
    for what, a, b in zip(("value", "gradients", "second gradients"), mine, other):
        tap.close(a, b, f"{name}: {what}")


def shapes_text(arrays):
    return " ".join(str(list(x.shape)) for x in arrays)


# ---- elementwise ----

BROADCASTS = [
    ((3, 5), (3, 5)),
    ((2, 3, 7), (7,)),
    ((2, 1, 9), (3, 1)),
    ((3, 1), (1, 17)),
    ((5, 4), ()),
    ((), ()),
    ((19,), (2, 3, 19)),
    ((2, 3, 4, 1, 2), (4, 5, 1)),
    ((2, 2, 1, 3, 1, 2), (2, 1, 2, 1, 3, 2)),
    ((257,), (257,)),
]


def binary_cases():
    operations = {
        "add": torch.add,
        "sub": torch.sub,
        "mul": torch.mul,
        "div": torch.div,
        "maximum": torch.maximum,
        "minimum": torch.minimum,
    }
    for name, compute in operations.items():
        for left, right in BROADCASTS:
            a = normal(*left)
            b = positive(*right) if name == "div" else normal(*right)
            case(f"{name} {shapes_text([a, b])}", [a, b],
                 lambda g, x, y, name=name: getattr(g, name)(x, y), compute)
    a = np.array([-1, 0, 1, 2, 2, 3], np.float32)
    b = np.array([1, 0, -1, 2, 3, 2], np.float32)
    case("greater", [a, b], lambda g, x, y: g.greater(x, y), lambda x, y: (x > y).double(), order=0)
    a, b = normal(2, 3, 5), normal(3, 1)
    case("greater broadcasting", [a, b], lambda g, x, y: g.greater(x, y),
         lambda x, y: (x > y).double(), order=0)


UNARY_SHAPES = [(), (7,), (3, 5), (2, 3, 4, 5), (1037,)]


def unary_cases():
    operations = {
        "affine": (normal, lambda g, x: g.affine(x, -1.5, 0.25), lambda x: -1.5 * x + 0.25),
        "neg": (normal, lambda g, x: g.neg(x), torch.neg),
        "square": (normal, lambda g, x: g.square(x), torch.square),
        "sqrt": (positive, lambda g, x: g.sqrt(x), torch.sqrt),
        "exp": (normal, lambda g, x: g.exp(x), torch.exp),
        "log": (positive, lambda g, x: g.log(x), torch.log),
        "abs": (normal, lambda g, x: g.abs(x), torch.abs),
        "tanh": (normal, lambda g, x: g.tanh(x), torch.tanh),
        "sigmoid": (normal, lambda g, x: g.sigmoid(x), torch.sigmoid),
        "softplus": (normal, lambda g, x: g.softplus(x), F.softplus),
        "relu": (normal, lambda g, x: g.relu(x), torch.relu),
        "leaky_relu": (normal, lambda g, x: g.leaky_relu(x, 0.2), lambda x: F.leaky_relu(x, 0.2)),
        "clamp": (normal, lambda g, x: g.clamp(x, -0.5, 1), lambda x: torch.clamp(x, -0.5, 1)),
        "stop_gradient": (
            normal,
            lambda g, x: g.mul(g.stop_gradient(x), x),
            lambda x: x.detach() * x,
        ),
    }
    for name, (draw, build, compute) in operations.items():
        for dims in UNARY_SHAPES:
            case(f"{name} {list(dims)}", [draw(*dims)], build, compute)


def far_cases():
    """Large arguments, where a careless formula overflows: each value by itself, as a small one is
    lost beside a large one. (Gradients of tanh and sigmoid are made from their values, in float32,
    here as in PyTorch: where these round to 1 their gradients have no digits to compare.)"""
    operations = {
        "exp": (torch.exp, [-87, -20, -1e-6, 0, 1e-6, 20, 80]),
        "tanh": (torch.tanh, [-100, -9, -1e-4, 0, 1e-4, 9, 100]),
        "sigmoid": (torch.sigmoid, [-80, -20, 0, 20, 80]),
        "softplus": (lambda x: F.softplus(x, threshold=1000), [-80, -20, 0, 20, 80]),
        "log": (torch.log, [1e-30, 1e-3, 0.999, 1.001, 1e30]),
        "sqrt": (torch.sqrt, [1e-30, 1e-3, 1, 1e30]),
    }
    for name, (compute, values) in operations.items():
        for value in values:
            case(f"{name} at {value:g}", [np.array([value], np.float32)],
                 lambda g, x, name=name: getattr(g, name)(x), compute,
                 order=0 if name in ("tanh", "sigmoid") else 1)


def tie_cases():
    """What the header promises where operands are equal or at a corner."""
    x = np.array([-1, 0, 2], np.float32)
    zero = np.zeros(3, np.float32)

    def gradients(build, inputs):
        with agena.Graph() as g:
            leaves = [g.leaf(i) for i in inputs]
            return g.run(g.grad(g.sum_all(build(g, *leaves)), leaves))

    one = np.ones(3, np.float32)
    tap.close(gradients(lambda g, a, b: g.maximum(a, b), [x, x]), [one, zero], "maximum: ties")
    tap.close(gradients(lambda g, a, b: g.minimum(a, b), [x, x]), [one, zero], "minimum: ties")
    tap.close(gradients(lambda g, a: g.relu(a), [x]), [np.array([0, 0, 1.0])], "relu: corner")
    tap.close(gradients(lambda g, a: g.abs(a), [x]), [np.array([-1, 0, 1.0])], "abs: corner")
    tied = np.array([[1, 3, 3], [2, 2, 2]], np.float32)
    share = [np.array([[0, 0.5, 0.5], [1 / 3, 1 / 3, 1 / 3]])]
    tap.close(gradients(lambda g, a: g.max(a, 1, False), [tied]), share, "max: ties")


def where_cases():
    for dims in [(5,), (2, 3, 7), ()]:
        condition = np.asarray(random.random(dims) < 0.5, np.float32)
        case(f"where {list(dims)}", [normal(*dims), normal(*dims)],
             lambda g, a, b, c=condition: g.where(g.data(c), a, b),
             lambda a, b, c=condition: torch.where(torch.tensor(c) != 0, a, b))


def gated_cases():
    for dims in [(3, 2), (2, 5, 10), (4, 128), (2, 3, 4, 34)]:
        x = 2 * normal(*dims)
        half = dims[-1] // 2
        case(f"gated {list(dims)}", [x], lambda g, a: g.gated(a),
             lambda a, h=half: torch.tanh(a[..., :h]) * torch.sigmoid(a[..., h:]))


# ---- shape ----


def view_cases():
    case("reshape [2, 3, 4] to [6, -1]", [normal(2, 3, 4)],
         lambda g, x: g.square(g.reshape(x, agena.shape(6, -1))),
         lambda x: x.reshape(6, -1).square())
    case("reshape to a scalar", [normal(1, 1)],
         lambda g, x: g.square(g.reshape(x, agena.shape())), lambda x: x.reshape(()).square())
    for dims, axes in [((3, 4), (1, 0)), ((2, 3, 4), (2, 0, 1)), ((2, 3, 4), (0, 2, 1)),
                       ((2, 3, 4, 5), (0, 3, 1, 2)), ((2, 1, 3, 2, 2, 3), (5, 3, 1, 0, 2, 4)),
                       ((70, 65), (1, 0))]:
        case(f"permute {list(dims)} by {axes}", [normal(*dims)],
             lambda g, x, a=axes: g.square(g.permuted(x, *a)),
             lambda x, a=axes: x.permute(a).square())
    for dims, axis, begin, length in [((9,), 0, 2, 4), ((3, 8), 1, 0, 5), ((4, 3, 5), 0, 1, 3),
                                      ((2, 6, 3), 1, 5, 1), ((2, 3, 4, 8), 3, 3, 5)]:
        case(f"slice {list(dims)} axis {axis} from {begin}, {length}", [normal(*dims)],
             lambda g, x, s=(axis, begin, length): g.square(g.slice(x, *s)),
             lambda x, s=(axis, begin, length): x.narrow(*s).square())
    for dims, axis, before, after in [((5,), 0, 2, 1), ((3, 4), 0, 0, 3), ((2, 3, 4), 1, 4, 0),
                                      ((2, 3, 2, 5), 3, 1, 2), ((2, 3), 1, 0, 0)]:
        pads = [0, 0] * (len(dims) - 1 - axis) + [before, after]
        case(f"pad {list(dims)} axis {axis} by {before}, {after}", [normal(*dims)],
             lambda g, x, p=(axis, before, after): g.square(g.pad(x, *p)),
             lambda x, p=pads: F.pad(x, p).square())


def concat_cases():
    for shapes, axis in [([(3,), (2,)], 0), ([(2, 3), (2, 1), (2, 5)], 1), ([(1, 4), (3, 4)], 0),
                         ([(2, 3, 4), (2, 2, 4), (2, 1, 4), (2, 3, 4)], 1), ([(2, 2)], 0)]:
        case(f"concat of {len(shapes)} along {axis}", [normal(*s) for s in shapes],
             lambda g, *x, a=axis: g.square(g.joined(x, a)),
             lambda *x, a=axis: torch.cat(x, a).square())
    case("concat of a node with itself", [normal(2, 3)],
         lambda g, x: g.square(g.joined([x, x], 0)), lambda x: torch.cat((x, x), 0).square())


def broadcast_cases():
    for small, large in [((3,), (2, 3)), ((2, 1, 4), (2, 5, 4)), ((), (3, 4)), ((1, 1), (6, 7)),
                         ((2, 1, 3, 1), (2, 4, 3, 5))]:
        case(f"broadcast {list(small)} to {list(large)}", [normal(*small)],
             lambda g, x, s=large: g.square(g.broadcast(x, agena.shape(*s))),
             lambda x, s=large: x.broadcast_to(s).square())


def index_cases():
    for rows, channels, dims in [(5, 3, (7,)), (256, 64, (2, 33)), (4, 1, (2, 3, 4)), (3, 17, ())]:
        index = np.asarray(integers(rows, *dims))
        text = f"table [{rows}, {channels}] at {list(dims)}"
        case(f"gather {text}", [normal(rows, channels), index],
             lambda g, t, i: g.square(g.gather(t, i)), lambda t, i: t[i].square())

        def scatter(x, i, rows=rows, channels=channels):
            flat = x.reshape(-1, channels)
            return torch.zeros(rows, channels).double().index_add(0, i.reshape(-1), flat).square()

        case(f"scatter_add {text}", [normal(*dims, channels), index],
             lambda g, x, i, r=rows: g.square(g.scatter_add(x, i, r)), scatter)
    for dims, classes in [((5,), 3), ((2, 33), 256), ((2, 3, 4), 7), ((), 4)]:
        index = np.asarray(integers(classes, *dims))

        def pick(x, i):
            return x.gather(-1, i.unsqueeze(-1)).squeeze(-1)

        case(f"pick from {list(dims)} of {classes}", [normal(*dims, classes), index],
             lambda g, x, i: g.square(g.pick(x, i)), lambda x, i: pick(x, i).square())
        case(f"unpick {list(dims)} into {classes}", [normal(*dims), index],
             lambda g, x, i, c=classes: g.square(g.unpick(x, i, c)),
             lambda x, i, c=classes: (F.one_hot(i, c) * x.unsqueeze(-1)).square())


# ---- reductions ----


def reduction_cases():
    for dims, axes in [((7,), (0,)), ((3, 5), (0,)), ((3, 5), (1,)), ((3, 5), (0, 1)),
                       ((2, 3, 4), (1,)), ((2, 3, 4), (0, 2)), ((2, 3, 4, 5), (1, 2)),
                       ((2, 3, 4, 5), (0, 1, 2)), ((300, 65), (0,)), ((65, 300), (1,)),
                       ((2, 2, 3, 2, 2, 3), (1, 3, 5))]:
        mask = sum(1 << a for a in axes)
        for keep in (False, True):
            text = f"{list(dims)} over {axes}{' kept' if keep else ''}"
            case(f"sum {text}", [normal(*dims)],
                 lambda g, x, m=mask, k=keep: g.square(g.sum(x, m, k)),
                 lambda x, a=axes, k=keep: x.sum(a, keepdim=k).square())
            case(f"mean {text}", [normal(*dims)],
                 lambda g, x, m=mask, k=keep: g.square(g.mean(x, m, k)),
                 lambda x, a=axes, k=keep: x.mean(a, keepdim=k).square())
    for dims, axis in [((7,), 0), ((3, 5), 0), ((3, 5), 1), ((2, 3, 4), 1), ((5, 300), 1)]:
        for keep in (False, True):
            case(f"max {list(dims)} over {axis}{' kept' if keep else ''}", [apart(*dims)],
                 lambda g, x, a=axis, k=keep: g.square(g.max(x, a, k)),
                 lambda x, a=axis, k=keep: x.amax(a, keepdim=k).square())
    for dims in [(), (5,), (2, 3, 4)]:
        case(f"sum_all {list(dims)}", [normal(*dims)], lambda g, x: g.square(g.sum_all(x)),
             lambda x: x.sum().square())
        case(f"mean_all {list(dims)}", [normal(*dims)], lambda g, x: g.square(g.mean_all(x)),
             lambda x: x.mean().square())


def softmax_cases():
    for dims in [(5,), (3, 256), (2, 3, 10), (4, 1), (2, 1000)]:
        x = 3 * normal(*dims)
        case(f"softmax {list(dims)}", [x], lambda g, a: g.softmax(a),
             lambda a: torch.softmax(a, -1))
        case(f"log_softmax {list(dims)}", [x], lambda g, a: g.log_softmax(a),
             lambda a: torch.log_softmax(a, -1))
    far = np.array([[1000, 999, -1000], [-1e4, -1e4, -1e4]], np.float32)
    case("softmax of large logits", [far], lambda g, a: g.softmax(a),
         lambda a: torch.softmax(a, -1))
    case("log_softmax of large logits", [far], lambda g, a: g.log_softmax(a),
         lambda a: torch.log_softmax(a, -1))


# ---- linear algebra ----


def matmul_cases():
    sizes = [((), 3, 4, 5), ((), 1, 1, 1), ((), 65, 33, 70), ((2,), 3, 4, 5), ((2, 3), 4, 2, 3),
             ((4,), 100, 64, 128)]
    for lead, m, k, n in sizes:
        for ta in (False, True):
            for tb in (False, True):
                for batched in {False, bool(lead)}:
                    a = normal(*lead, *((k, m) if ta else (m, k)))
                    b = normal(*(lead if batched else ()), *((n, k) if tb else (k, n)))
                    case(f"matmul {shapes_text([a, b])}{' ta' if ta else ''}{' tb' if tb else ''}",
                         [a, b], lambda g, x, y, t=(ta, tb): g.matmul(x, y, *t),
                         lambda x, y, t=(ta, tb): torch.matmul(x.mT if t[0] else x,
                                                               y.mT if t[1] else y))


def conv2d(x, w, stride, dilation, pad):
    x = F.pad(x.permute(0, 3, 1, 2), (*pad[1], *pad[0]))
    return F.conv2d(x, w.permute(3, 2, 0, 1), stride=stride, dilation=dilation).permute(0, 2, 3, 1)


def conv2d_transposed(y, w, stride, dilation, pad, h, width):
    full = F.conv_transpose2d(y.permute(0, 3, 1, 2), w.permute(3, 2, 0, 1), stride=stride,
                              dilation=dilation)
    top, left = pad[0][0], pad[1][0]
    crop = (-left, width - full.shape[3] + left, -top, h - full.shape[2] + top)
    return F.pad(full, crop).permute(0, 2, 3, 1)


def conv2d_filter(x, y, stride, dilation, pad, kh, kw):
    """The gradient that PyTorch finds for the weights, as a function of x and y."""
    w = torch.zeros(kh, kw, x.shape[3], y.shape[3], dtype=x.dtype, requires_grad=True)
    return torch.autograd.grad(conv2d(x, w, stride, dilation, pad), w, y, create_graph=True)[0]


CONVOLUTIONS = [
    # batch, h, w, in, kh, kw, out, stride, dilation, pad
    (1, 5, 5, 1, 3, 3, 1, (1, 1), (1, 1), ((0, 0), (0, 0))),
    (2, 6, 7, 3, 3, 3, 4, (1, 1), (1, 1), ((1, 1), (1, 1))),
    (2, 9, 8, 3, 4, 4, 5, (2, 2), (1, 1), ((1, 1), (1, 1))),
    (1, 12, 11, 2, 3, 2, 3, (2, 1), (2, 3), ((2, 1), (0, 3))),
    (2, 8, 9, 4, 1, 1, 6, (1, 1), (1, 1), ((0, 0), (0, 0))),
    (2, 8, 9, 4, 1, 1, 6, (2, 3), (1, 1), ((0, 0), (0, 0))),
    (1, 10, 10, 2, 3, 3, 2, (3, 2), (1, 2), ((0, 2), (3, 0))),
    (1, 11, 12, 3, 3, 3, 2, (1, 2), (1, 1), ((-1, -2), (-1, 1))),
    (2, 20, 16, 4, 8, 8, 16, (4, 4), (1, 1), ((2, 2), (2, 2))),
    (3, 7, 7, 16, 3, 3, 32, (1, 1), (1, 1), ((1, 1), (1, 1))),
]


def conv2d_cases():
    for batch, h, w, i, kh, kw, o, stride, dilation, pad in CONVOLUTIONS:
        p = agena.conv_params(stride, dilation, pad)
        how = (stride, dilation, pad)
        x, k = normal(batch, h, w, i), normal(kh, kw, i, o)
        text = (f"[{batch}, {h}, {w}, {i}] by [{kh}, {kw}, {i}, {o}] stride {stride} dilation "
                f"{dilation} pad {pad}")
        case(f"conv2d {text}", [x, k], lambda g, a, b, p=p: g.conv2d(a, b, p),
             lambda a, b, how=how: conv2d(a, b, *how))
        out = conv2d(torch.tensor(x), torch.tensor(k), *how)
        y = normal(*out.shape)
        case(f"conv2d_transposed {text}", [y, k],
             lambda g, a, b, p=p, s=(h, w): g.conv2d_transposed(a, b, p, *s),
             lambda a, b, how=how, s=(h, w): conv2d_transposed(a, b, *how, *s))
        case(f"conv2d_filter {text}", [x, y],
             lambda g, a, b, p=p, s=(kh, kw): g.conv2d_filter(a, b, p, *s),
             lambda a, b, how=how, s=(kh, kw): conv2d_filter(a, b, *how, *s))


def conv1d(x, w, stride, dilation, before, after):
    x = F.pad(x.transpose(1, 2), (before, after))
    return F.conv1d(x, w.permute(2, 1, 0), stride=stride, dilation=dilation).transpose(1, 2)


def conv1d_transposed(y, w, stride, before, length):
    full = F.conv_transpose1d(y.transpose(1, 2), w.permute(2, 1, 0), stride=stride)
    return F.pad(full, (-before, length - full.shape[2] + before)).transpose(1, 2)


def conv1d_cases():
    for batch, time, i, k, o, dilation in [(1, 9, 1, 2, 1, 1), (2, 13, 3, 2, 4, 4),
                                           (2, 40, 8, 3, 6, 8), (1, 7, 2, 3, 3, 16),
                                           (4, 100, 64, 2, 128, 32), (2, 5, 3, 1, 2, 1)]:
        case(f"conv1d_causal [{batch}, {time}, {i}] by [{k}, {i}, {o}] dilation {dilation}",
             [normal(batch, time, i), normal(k, i, o)],
             lambda g, x, w, d=dilation: g.conv1d_causal(x, w, d),
             lambda x, w, d=dilation, k=k: conv1d(x, w, 1, d, (k - 1) * d, 0))
    for batch, time, i, k, o, how in [(2, 9, 3, 3, 4, (1, 1, 1, 1)), (1, 12, 2, 4, 3, (2, 1, 1, 1)),
                                      (2, 17, 3, 3, 2, (3, 2, 0, 4)),
                                      (1, 8, 80, 5, 16, (1, 1, 2, 2)),
                                      (2, 10, 2, 2, 3, (1, 3, -1, 2))]:
        case(f"conv1d [{batch}, {time}, {i}] by [{k}, {i}, {o}] stride, dilation, pads {how}",
             [normal(batch, time, i), normal(k, i, o)], lambda g, x, w, h=how: g.conv1d(x, w, *h),
             lambda x, w, h=how: conv1d(x, w, *h))
    for batch, time, i, k, o, stride, before, after in [(2, 5, 3, 4, 2, 2, 1, 1),
                                                        (1, 4, 2, 10, 3, 5, 2, 3),
                                                        (2, 6, 16, 8, 16, 4, 2, 2),
                                                        (1, 7, 2, 3, 2, 1, 1, 1)]:
        length = (time - 1) * stride + k - before - after
        case(f"conv1d_transposed [{batch}, {time}, {o}] by [{k}, {i}, {o}] stride {stride}",
             [normal(batch, time, o), normal(k, i, o)],
             lambda g, y, w, p=(stride, before, after, length): g.conv1d_transposed(y, w, *p),
             lambda y, w, p=(stride, before, length): conv1d_transposed(y, w, *p))


# ---- pooling ----


def max_pool(x, kh, kw, stride, pad):
    x = F.pad(x.permute(0, 3, 1, 2), (*pad[1], *pad[0]), value=-math.inf)
    return F.max_pool2d(x, (kh, kw), stride).permute(0, 2, 3, 1)


def avg_pool(x, kh, kw, stride, pad):
    pads = (*pad[1], *pad[0])
    x = x.permute(0, 3, 1, 2)
    cells = F.avg_pool2d(F.pad(torch.ones_like(x), pads), (kh, kw), stride)
    return (F.avg_pool2d(F.pad(x, pads), (kh, kw), stride) / cells).permute(0, 2, 3, 1)


def pool_cases():
    for dims, kh, kw, stride, pad in [((1, 4, 4, 1), 2, 2, (2, 2), ((0, 0), (0, 0))),
                                      ((2, 7, 9, 3), 3, 3, (2, 2), ((1, 1), (1, 1))),
                                      ((2, 6, 5, 17), 2, 3, (1, 2), ((0, 1), (1, 0))),
                                      ((1, 8, 8, 2), 3, 3, (3, 3), ((1, 0), (0, 1))),
                                      ((2, 8, 8, 4), 4, 4, (4, 4), ((0, 0), (0, 0)))]:
        p = agena.conv_params(stride=stride, pad=pad)
        text = f"{list(dims)} windows [{kh}, {kw}] stride {stride} pad {pad}"
        for name, compute in (("max_pool", max_pool), ("avg_pool", avg_pool)):
            case(f"{name} {text}", [apart(*dims)],
                 lambda g, x, n=name, a=(kh, kw, p): g.square(getattr(g, n)(x, *a)),
                 lambda x, f=compute, a=(kh, kw, stride, pad): f(x, *a).square())


# ---- the LSTM cell ----


def lstm_cell(gates, c):
    i, f, n, o = gates.chunk(4, dim=1)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(n)
    return c, torch.sigmoid(o) * torch.tanh(c)


def lstm_cases():
    for batch, hidden in [(1, 1), (3, 5), (4, 64)]:
        case(f"lstm_cell [{batch}, {hidden}]", [normal(batch, 4 * hidden), normal(batch, hidden)],
             lambda g, x, c: g.lstm(x, c), lstm_cell)
    batch, features, hidden, steps = 3, 4, 6, 5

    def unrolled(g, x, wx, wh, bias, c, h):
        for t in range(steps):
            now = g.reshape(g.slice(x, 1, t, 1), agena.shape(batch, features))
            gates = g.add(g.add(g.matmul(now, wx, False, False), g.matmul(h, wh, False, False)),
                          bias)
            c, h = g.lstm(gates, c)
        return c, h

    def torch_unrolled(x, wx, wh, bias, c, h):
        # torch.nn.LSTMCell's own weights, given as arguments so that they can be differentiated.
        for t in range(steps):
            h, c = torch.lstm_cell(x[:, t], (h, c), wx.t(), wh.t(), bias, torch.zeros_like(bias))
        return c, h

    case(f"lstm_cell over {steps} steps",
         [normal(batch, steps, features), normal(features, 4 * hidden), normal(hidden, 4 * hidden),
          normal(4 * hidden), normal(batch, hidden), normal(batch, hidden)],
         unrolled, torch_unrolled)


# ---- likelihoods ----


def mol_loss(params, target, bits, min_log_scale):
    """Mixture of discretised logistics (Salimans et al. 2017, section 2.1)."""
    logits, mean, log_scale = params.chunk(3, dim=-1)
    log_scale = torch.maximum(log_scale, torch.tensor(float(min_log_scale), dtype=torch.float64))
    half = 1 / (2**bits - 1)
    x = target.unsqueeze(-1)
    inverse = torch.exp(-log_scale)
    upper, lower = inverse * (x + half - mean), inverse * (x - half - mean)
    middle = inverse * (x - mean)
    mass = torch.sigmoid(upper) - torch.sigmoid(lower)
    density = middle - log_scale - 2 * F.softplus(middle, threshold=1e3) + math.log(2 * half)
    inside = torch.where(mass > 1e-5, torch.log(mass.clamp(min=1e-12)), density)
    log_mass = torch.where(x > 1 - half, F.logsigmoid(-lower), inside)
    log_mass = torch.where(x < half - 1, F.logsigmoid(upper), log_mass)
    return -torch.logsumexp(torch.log_softmax(logits, -1) + log_mass, -1)


def gaussian_loss(params, target, min_log_scale):
    mean, log_scale = params[..., 0], params[..., 1]
    log_scale = torch.maximum(log_scale, torch.tensor(float(min_log_scale), dtype=torch.float64))
    z = (target - mean) * torch.exp(-log_scale)
    return 0.5 * math.log(2 * math.pi) + log_scale + 0.5 * z.square()


def levels(bits, *dims):
    """Targets on the grid of 2^bits levels, both ends among them."""
    top = 2**bits - 1
    index = random.integers(0, top + 1, dims)
    index.flat[0], index.flat[-1] = 0, top
    return (2 * index / top - 1).astype(np.float32)


def likelihood_cases():
    for dims, classes in [((7,), 3), ((2, 33), 256), ((2, 3, 4), 10), ((5,), 1000)]:
        case(f"cross_entropy {list(dims)} of {classes}",
             [2 * normal(*dims, classes), integers(classes, *dims)],
             lambda g, x, i: g.cross_entropy(x, i),
             lambda x, i: F.cross_entropy(x.movedim(-1, 1) if x.dim() > 2 else x, i,
                                          reduction="none"))
    for dims, k, bits in [((9,), 1, 8), ((2, 17), 10, 8), ((2, 17), 10, 16), ((3, 4, 5), 3, 16)]:
        params = np.concatenate([normal(*dims, k), 0.5 * normal(*dims, k),
                                 normal(*dims, k) - 2.5], axis=-1)
        case(f"mol_loss {list(dims)} of {k}, {bits} bits", [params, levels(bits, *dims)],
             lambda g, p, t, b=bits: g.mol_loss(p, t, b, -3.0),
             lambda p, t, b=bits: mol_loss(p, t, b, -3.0))
    # A trained net's narrow scales, near their target.
    target = 0.9 * levels(16, 4, 25)
    spread = 0.002 * normal(4, 25, 5)
    params = np.concatenate([normal(4, 25, 5), target[..., None] + spread, normal(4, 25, 5) - 6],
                            axis=-1)
    case("mol_loss of narrow scales, 16 bits", [params, target],
         lambda g, p, t: g.mol_loss(p, t, 16, -7.0), lambda p, t: mol_loss(p, t, 16, -7.0))
    for dims in [(5,), (2, 33), (2, 3, 4)]:
        params = np.stack([normal(*dims), normal(*dims) - 1], axis=-1)
        case(f"gaussian_loss {list(dims)}", [params, normal(*dims)],
             lambda g, p, t: g.gaussian_loss(p, t, -1.5), lambda p, t: gaussian_loss(p, t, -1.5))


def weight_norm_cases():
    for dims in [(5, 3), (2, 4, 6), (3, 3, 4, 8)]:
        axes = tuple(range(len(dims) - 1))
        case(f"weight_norm {list(dims)}", [normal(*dims), positive(dims[-1])],
             lambda g, v, gain: g.weight_norm(v, gain),
             lambda v, gain, a=axes: gain * v / v.square().sum(a).sqrt())


# ---- gradients of gradients through a net ----


def gradient_penalty_case():
    """WGAN-GP's penalty of a small discriminator: its gradient differentiates the convolutions'
    gradients."""
    batch = 4
    inputs = [normal(batch, 12, 12, 3), 0.3 * normal(4, 4, 3, 8), normal(8),
              0.2 * normal(4, 4, 8, 6), normal(6), normal(3 * 3 * 6, 1)]
    p = agena.conv_params((2, 2), (1, 1), ((1, 1), (1, 1)))
    how = ((2, 2), (1, 1), ((1, 1), (1, 1)))

    def build(g, x, w1, b1, w2, b2, w3):
        h = g.leaky_relu(g.add(g.conv2d(x, w1, p), b1), 0.2)
        h = g.tanh(g.add(g.conv2d(h, w2, p), b2))
        score = g.matmul(g.reshape(h, agena.shape(batch, -1)), w3, False, False)
        (slope,) = g.grad(g.sum_all(score), [x])
        norm = g.sqrt(g.sum(g.square(slope), 0b1110, False))
        return g.mean_all(g.square(g.affine(norm, 1, -1)))

    def compute(x, w1, b1, w2, b2, w3):
        h = F.leaky_relu(conv2d(x, w1, *how) + b1, 0.2)
        h = torch.tanh(conv2d(h, w2, *how) + b2)
        score = h.reshape(batch, -1) @ w3
        (slope,) = torch.autograd.grad(score.sum(), x, create_graph=True)
        return (slope.square().sum((1, 2, 3)).sqrt() - 1).square().mean()

    case("gradient penalty of a convolutional net", inputs, build, compute)


def refusal_cases():
    """Wrong shapes and indices end in a sentence, never in a crash."""

    def refuses(name, inputs, build):
        try:
            with agena.Graph() as g:
                g.run([build(g, *[g.leaf(x) for x in inputs])])
        except agena.Error as error:
            tap.ok(len(str(error)) > 10, f"refusal: {name}", f"sentence '{error}'")
        else:
            tap.ok(False, f"refusal: {name}", "it ran")

    refuses("add of [3] and [4]", [normal(3), normal(4)], lambda g, a, b: g.add(a, b))
    refuses("matmul of [2, 3] and [4, 5]", [normal(2, 3), normal(4, 5)],
            lambda g, a, b: g.matmul(a, b, False, False))
    refuses("gather outside the table", [normal(4, 2), np.array([1, 4], np.int32)],
            lambda g, t, i: g.gather(t, i))
    refuses("cross_entropy of class -1", [normal(2, 3), np.array([0, -1], np.int32)],
            lambda g, x, i: g.cross_entropy(x, i))
    refuses("conv2d with a window larger than its input", [normal(1, 2, 2, 1), normal(3, 3, 1, 1)],
            lambda g, x, w: g.conv2d(x, w, agena.conv_params()))
    refuses("slice beyond the end", [normal(4)], lambda g, x: g.slice(x, 0, 2, 3))


for cases in (binary_cases, unary_cases, far_cases, tie_cases, where_cases, gated_cases, view_cases,
              concat_cases, broadcast_cases, index_cases, reduction_cases, softmax_cases,
              matmul_cases, conv2d_cases, conv1d_cases, pool_cases, lstm_cases, likelihood_cases,
              weight_norm_cases, gradient_penalty_case, refusal_cases):
    cases()
tap.finish()
