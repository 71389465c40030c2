"""Optimisers beside PyTorch, RMSProp beside TensorFlow's formula in NumPy, and safetensors files
beside a reader and a writer of the format in a few lines of Python."""

import ctypes
import json
import os
import struct
import tempfile
from ctypes import POINTER, Structure, byref, c_char_p, c_float, c_int, c_int64, c_void_p

from tap import Tap
import agena
import numpy as np
import torch

tap = Tap()
random = np.random.default_rng(4)

ADAM, RMSPROP, SGD = range(3)
F32, BF16 = range(2)
STEPS = 50
SHAPES = {"w": (7, 33), "b": (5,), "conv": (3, 4, 6)}


# ---- the binding ----


class Schedule(Structure):
    _fields_ = [("kind", c_int), ("base", c_float), ("final", c_float), ("steps", c_int64),
                ("warmup", c_int64)]


class Options(Structure):
    _fields_ = [("kind", c_int), ("rate", Schedule)] + [
        (name, c_float) for name in
        ("beta1", "beta2", "epsilon", "weight_decay", "clip_norm", "average")]


library = ctypes.CDLL(os.environ["AGENA_LIBRARY"])
for name, result, arguments in [
    ("tensors_make", c_int, [c_int, POINTER(c_char_p), POINTER(agena.Shape), POINTER(c_void_p)]),
    ("tensors_free", None, [c_void_p]),
    ("tensors_data", c_void_p, [c_void_p, c_int]),
    ("optimizer_new", c_int, [POINTER(Options), c_void_p, POINTER(c_void_p)]),
    ("optimizer_free", None, [c_void_p]),
    ("optimizer_step", c_int, [c_void_p, c_void_p, c_void_p, POINTER(c_float)]),
    ("optimizer_average", c_void_p, [c_void_p]),
    ("safetensors_new", c_int, [POINTER(c_void_p)]),
    ("safetensors_load", c_int, [c_char_p, POINTER(c_void_p)]),
    ("safetensors_free", None, [c_void_p]),
    ("safetensors_add", c_int, [c_void_p, c_char_p, c_void_p]),
    ("safetensors_get", c_int, [c_void_p, c_char_p, c_void_p]),
    ("safetensors_set_meta", c_int, [c_void_p, c_char_p, c_char_p]),
    ("safetensors_meta", c_char_p, [c_void_p, c_char_p]),
    ("safetensors_save", c_int, [c_void_p, c_char_p, c_int]),
]:
    function = getattr(library, "ag_" + name)
    function.restype, function.argtypes = result, arguments


class Tensors:
    """A set of tensors; t["w"] is a NumPy view of its memory."""

    def __init__(self, shapes):
        self.handle, self.shapes = c_void_p(), shapes
        names = (c_char_p * len(shapes))(*[name.encode() for name in shapes])
        dims = (agena.Shape * len(shapes))(*[agena.shape(*s) for s in shapes.values()])
        agena.check(library.ag_tensors_make(len(shapes), names, dims, byref(self.handle)))

    def view(self, handle):
        views = {}
        for i, (name, dims) in enumerate(self.shapes.items()):
            address = library.ag_tensors_data(handle, i)
            flat = (c_float * int(np.prod(dims))).from_address(address)
            views[name] = np.ctypeslib.as_array(flat).reshape(dims)
        return views

    def set(self, arrays):
        for name, view in self.view(self.handle).items():
            view[...] = arrays[name]

    def get(self):
        return {name: view.copy() for name, view in self.view(self.handle).items()}

    def free(self):
        library.ag_tensors_free(self.handle)


def arrays(scale=1.0):
    return {name: (scale * random.standard_normal(dims)).astype(np.float32)
            for name, dims in SHAPES.items()}


# ---- optimisers ----


def train(start, gradients, **options):
    """agena's weights, and their moving average or None, after one step a gradient."""
    weights, gradient, optimizer = Tensors(SHAPES), Tensors(SHAPES), c_void_p()
    weights.set(start)
    rate = Schedule(kind=0, base=options.pop("rate"))
    agena.check(library.ag_optimizer_new(byref(Options(rate=rate, **options)), weights.handle,
                                         byref(optimizer)))
    for g in gradients:
        gradient.set(g)
        agena.check(library.ag_optimizer_step(optimizer, weights.handle, gradient.handle, None))
    average = library.ag_optimizer_average(optimizer)
    average = average and {k: v.copy() for k, v in weights.view(average).items()}
    result = weights.get()
    library.ag_optimizer_free(optimizer)
    weights.free()
    gradient.free()
    return result, average


def train_torch(start, gradients, make, clip=None):
    """The same in PyTorch, in double precision."""
    params = {name: torch.nn.Parameter(torch.tensor(a, dtype=torch.float64))
              for name, a in start.items()}
    optimizer = make(params.values())
    for g in gradients:
        for name, param in params.items():
            param.grad = torch.tensor(g[name], dtype=torch.float64)
        if clip:
            torch.nn.utils.clip_grad_norm_(params.values(), clip)
        optimizer.step()
    return params


def compare(name, make, clip=None, **options):
    start, gradients = arrays(), [arrays() for _ in range(STEPS)]
    ours, _ = train(start, gradients, clip_norm=clip or 0, **options)
    theirs = train_torch(start, gradients, make, clip)
    # What the steps changed, so that the starting weights do not hide an error.
    tap.close([ours[k] - start[k] for k in SHAPES],
              [theirs[k].detach().numpy() - start[k] for k in SHAPES], name)


compare("Adam", lambda p: torch.optim.Adam(p, lr=0.01, betas=(0.9, 0.999), eps=1e-8),
        kind=ADAM, rate=0.01, beta1=0.9, beta2=0.999, epsilon=1e-8)
compare("Adam with a large epsilon",
        lambda p: torch.optim.Adam(p, lr=0.01, betas=(0.5, 0.9), eps=0.1),
        kind=ADAM, rate=0.01, beta1=0.5, beta2=0.9, epsilon=0.1)
compare("AdamW", lambda p: torch.optim.AdamW(p, lr=0.01, eps=1e-8, weight_decay=0.1),
        kind=ADAM, rate=0.01, beta1=0.9, beta2=0.999, epsilon=1e-8, weight_decay=0.1)
compare("Adam, clipped", lambda p: torch.optim.Adam(p, lr=0.01, eps=1e-8), clip=17.0,
        kind=ADAM, rate=0.01, beta1=0.9, beta2=0.999, epsilon=1e-8)
compare("SGD", lambda p: torch.optim.SGD(p, lr=0.01), kind=SGD, rate=0.01)
compare("SGD with momentum", lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.9),
        kind=SGD, rate=0.01, beta1=0.9)


def rmsprop(start, gradients, rate, decay, momentum, epsilon):
    """TensorFlow's RMSProp: the mean square starts at 1, epsilon is inside the root, and momentum
    works on the steps."""
    w = {k: v.astype(np.float64) for k, v in start.items()}
    square = {k: np.ones(s) for k, s in SHAPES.items()}
    step = {k: np.zeros(s) for k, s in SHAPES.items()}
    for g in gradients:
        for k in SHAPES:
            square[k] = decay * square[k] + (1 - decay) * g[k].astype(np.float64) ** 2
            step[k] = momentum * step[k] + rate * g[k] / np.sqrt(square[k] + epsilon)
            w[k] = w[k] - step[k]
    return w


for momentum, epsilon in [(0.0, 0.1), (0.9, 1e-10)]:
    start, gradients = arrays(), [arrays() for _ in range(STEPS)]
    ours, _ = train(start, gradients, kind=RMSPROP, rate=0.005, beta1=momentum, beta2=0.99,
                    epsilon=epsilon)
    theirs = rmsprop(start, gradients, 0.005, 0.99, momentum, epsilon)
    tap.close([ours[k] - start[k] for k in SHAPES], [theirs[k] - start[k] for k in SHAPES],
              f"RMSProp, momentum {momentum}")

start, gradients = arrays(), [arrays() for _ in range(STEPS)]
_, ours = train(start, gradients, kind=SGD, rate=0.01, average=0.95)
theirs = {k: v.astype(np.float64) for k, v in start.items()}
weights = dict(theirs)
for g in gradients:
    for k in SHAPES:
        weights[k] = weights[k] - 0.01 * g[k]
        theirs[k] = 0.95 * theirs[k] + 0.05 * weights[k]
tap.close([ours[k] - start[k] for k in SHAPES], [theirs[k] - start[k] for k in SHAPES],
          "moving average of the weights")


# ---- safetensors ----


def read_safetensors(path):
    """name -> (dtype, array of raw elements), and the metadata; strict about the layout."""
    with open(path, "rb") as file:
        data = file.read()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length].decode("utf-8"))
    body, end, found = data[8 + length :], 0, {}
    metadata = header.pop("__metadata__", {})
    for name, info in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
        begin, stop = info["data_offsets"]
        assert begin == end and (8 + length + begin) % 2 == 0
        kind = {"F32": "<f4", "BF16": "<u2"}[info["dtype"]]
        found[name] = info["dtype"], np.frombuffer(body[begin:stop], kind).reshape(info["shape"])
        end = stop
    assert end == len(body) and length % 8 == 0
    return found, metadata


def write_safetensors(path, tensors, metadata):
    """Keys in another order than the data, and an unaligned header: both are allowed."""
    header, body = {}, b""
    for name, (dtype, array) in tensors.items():
        header[name] = {"data_offsets": [len(body), len(body) + array.nbytes],
                        "shape": list(array.shape), "dtype": dtype}
        body += array.tobytes()
    header = dict(reversed(list(header.items())), __metadata__=metadata)
    text = json.dumps(header, indent=1).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + body)


def bf16(array):
    """Upper halves of float32, to nearest, ties to even."""
    bits = array.view(np.uint32).astype(np.uint64)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)


def save(values, path, store):
    tensors, file = Tensors(SHAPES), c_void_p()
    tensors.set(values)
    agena.check(library.ag_safetensors_new(byref(file)))
    agena.check(library.ag_safetensors_add(file, b"model.", tensors.handle))
    agena.check(library.ag_safetensors_set_meta(file, b"recipe", "\u00e9 \"x\"\n".encode()))
    agena.check(library.ag_safetensors_save(file, path.encode(), store))
    library.ag_safetensors_free(file)
    tensors.free()


def load(path):
    tensors, file = Tensors(SHAPES), c_void_p()
    agena.check(library.ag_safetensors_load(path.encode(), byref(file)))
    agena.check(library.ag_safetensors_get(file, b"", tensors.handle))
    metadata = library.ag_safetensors_meta(file, b"text").decode()
    library.ag_safetensors_free(file)
    values = tensors.get()
    tensors.free()
    return values, metadata


with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "file.safetensors")
    values = arrays()
    for store, dtype, encode in [(F32, "F32", lambda a: a), (BF16, "BF16", bf16)]:
        save(values, path, store)
        found, metadata = read_safetensors(path)
        same = all(found["model." + k][0] == dtype and
                   np.array_equal(found["model." + k][1], encode(values[k])) for k in SHAPES)
        tap.ok(same and len(found) == len(SHAPES) and metadata == {"recipe": "\u00e9 \"x\"\n"},
               f"Python reads what agena saves as {dtype}")

    halves = {k: v.astype(np.float16) for k, v in values.items()}
    for dtype, stored, wide in [
        ("F32", values, values),
        ("F16", halves, {k: v.astype(np.float32) for k, v in halves.items()}),
        ("BF16", {k: bf16(v) for k, v in values.items()},
         {k: (bf16(v).astype(np.uint32) << 16).view(np.float32) for k, v in values.items()}),
    ]:
        write_safetensors(path, {k: (dtype, v) for k, v in stored.items()}, {"text": "\u2713"})
        loaded, text = load(path)
        tap.ok(text == "\u2713" and all(np.array_equal(loaded[k], wide[k]) for k in SHAPES),
               f"agena loads {dtype} that Python wrote")

tap.finish()
