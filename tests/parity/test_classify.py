"""The float32 twins of WAGE networks beside the same networks in PyTorch: outputs, losses,
gradients, and a few steps of gradient descent."""

import ctypes
import os
from ctypes import POINTER, Structure, byref, c_bool, c_char_p, c_int

from tap import Tap
import agena
import numpy as np
import torch
from torch.nn import functional as F

tap = Tap()
random = np.random.default_rng(18)

BATCH = 6
SOFTMAX, SQUARES = range(2)
CONV, POOL, DENSE = range(3)


class Bits(Structure):
    _fields_ = [(name, c_int) for name in ("weights", "activations", "gradients", "errors")]


class Layer(Structure):
    _fields_ = [("kind", c_int), ("channels", c_int), ("kernel", c_int), ("stride", c_int),
                ("valid", c_bool), ("bits", Bits)]


class Config(Structure):
    _fields_ = [("height", c_int), ("width", c_int), ("channels", c_int), ("layers", c_int),
                ("layer", Layer * 32), ("bits", Bits), ("nearest", c_bool), ("unscaled", c_bool),
                ("he", c_bool)]


class Nodes(Structure):
    _fields_ = [(name, agena.Node) for name in ("pictures", "labels", "outputs", "loss")]


library = ctypes.CDLL(os.environ["AGENA_LIBRARY"])
library.ag_classify_parse_network.argtypes = [c_char_p, POINTER(Config)]
library.ag_classify_graph.argtypes = [POINTER(Config), c_int, c_int, ctypes.c_void_p,
                                      POINTER(Nodes)]


def configuration(text, height, width, channels):
    config = Config(height=height, width=width, channels=channels, bits=Bits(2, 8, 8, 8))
    agena.check(library.ag_classify_parse_network(text.encode(), byref(config)))
    return config


class Ours(agena.Graph):
    def twin(self, config, loss):
        nodes = Nodes()
        agena.check(library.ag_classify_graph(byref(config), BATCH, loss, self._handle,
                                              byref(nodes)))
        return nodes


def padding(size, kernel, stride):
    """Zeros before and after, as TensorFlow's SAME."""
    missing = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return missing // 2, missing - missing // 2


def theirs(config, weights, pictures):
    """The network in PyTorch, channels first. pictures [batch, height, width, channels]."""
    x, weights = pictures.permute(0, 3, 1, 2), iter(weights)
    for i in range(config.layers):
        layer = config.layer[i]
        stride = layer.stride or (layer.kernel if layer.kind == POOL else 1)
        if layer.kind == CONV:
            if not layer.valid:
                x = F.pad(x, padding(x.shape[3], layer.kernel, stride) +
                          padding(x.shape[2], layer.kernel, stride))
            x = F.relu(F.conv2d(x, next(weights).permute(3, 2, 0, 1), stride=stride))
        elif layer.kind == POOL:
            x = F.max_pool2d(x, layer.kernel, stride)
        else:
            if x.dim() == 4:
                x = x.permute(0, 2, 3, 1).flatten(1)
            x = x @ next(weights)
            x = F.relu(x) if i < config.layers - 1 else x
    return x


def loss_of(kind, outputs, labels):
    if kind == SOFTMAX:
        return F.cross_entropy(outputs, labels)
    hot = F.one_hot(labels, outputs.shape[1]).float()
    return ((outputs - hot) ** 2).sum(1).mean()


def check_twin(name, text, shape, kind):
    config = configuration(text, *shape)
    classes = config.layer[config.layers - 1].channels
    rate = 0.01 if kind == SOFTMAX else 0.0005
    pictures = random.uniform(-1, 1, (BATCH, *shape)).astype(np.float32)
    labels = random.integers(0, classes, BATCH).astype(np.int32)
    with Ours() as g:
        nodes = g.twin(config, kind)
        params = list(g.params().values())
        weights = []
        for node in params:
            dims = g.shape(node)
            weights.append(random.normal(0, (2 / np.prod(dims[:-1])) ** 0.5,
                                         dims).astype(np.float32))
            g.set(node, weights[-1])
        g.set(nodes.pictures, pictures)
        g.set(nodes.labels, labels)
        gradients = g.grad(nodes.loss, params)
        copies = [torch.tensor(w, requires_grad=True) for w in weights]
        for step in range(4):
            ours = g.run([nodes.outputs, nodes.loss] + gradients)
            outputs = theirs(config, copies, torch.tensor(pictures))
            loss = loss_of(kind, outputs, torch.tensor(labels, dtype=torch.int64))
            grads = torch.autograd.grad(loss, copies)
            tap.close(ours, [outputs, loss.reshape(()), *grads], f"{name}, step {step}")
            for node, w, copy, a, b in zip(params, weights, copies, ours[2:], grads):
                w -= rate * a
                g.set(node, w)
                copy.data -= rate * b


NETWORKS = {
    "the paper's digits": ("32C5-MP2-64C5-MP2-512FC-10", (28, 28, 1)),
    "a narrow VGG": ("2x(8C3)-MP2-2x(16C3)-MP2-2x(32C3)-MP2-64FC-10", (32, 32, 3)),
    "strides and odd sides": ("6C5s2-8C3s3v-9C2-20FC-5", (29, 23, 2)),
    "overlapping pools": ("8C5s2v-MP3s2-12C3-MP3s2-16FC-7", (41, 37, 3)),
    "dense layers alone": ("30FC-20FC-4", (7, 5, 1)),
}

for title, (network, size) in NETWORKS.items():
    for kind, word in ((SOFTMAX, "softmax"), (SQUARES, "squares")):
        check_twin(f"{title}, {word}", network, size, kind)

tap.finish()
