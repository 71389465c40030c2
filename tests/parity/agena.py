"""A small binding of agena's C API (agena/tensor.h, agena/wavenet.h) for the parity tests: describe
a graph around NumPy arrays, differentiate it, run it. AGENA_LIBRARY names the library to load."""

import ctypes
import os
from ctypes import POINTER, Structure, byref, c_bool, c_char_p, c_double, c_float, c_int, c_int32, \
    c_int64, c_size_t, c_uint, c_uint64, c_void_p

import numpy as np

MAX_RANK = 6
NONE = -1

Node = c_int32


class Shape(Structure):
    _fields_ = [("rank", c_int), ("dim", c_int64 * MAX_RANK)]


class ConvParams(Structure):
    _fields_ = [("stride", c_int * 2), ("dilation", c_int * 2), ("pad", c_int * 2 * 2)]


class WavenetStack(Structure):
    _fields_ = [(name, c_int) for name in
                ("layers", "stacks", "kernel", "residual", "gate", "skip")]


class WavenetConfig(Structure):
    _fields_ = [
        ("sample_rate", c_int), ("preemphasis", c_float), ("input", c_int), ("output", c_int),
        ("mixtures", c_int), ("min_log_scale", c_float), ("main", WavenetStack), ("head", c_int),
        ("speakers", c_int), ("languages", c_int), ("global_channels", c_int),
        ("local_features", c_int), ("hop", c_int), ("local_context", c_int),
        ("local_channels", c_int), ("upsamples", c_int), ("upsample", c_int * 4),
        ("context", WavenetStack), ("context_rate", c_int),
    ]


class WavenetNodes(Structure):
    _fields_ = [(name, Node) for name in
                ("input", "target", "weight", "features", "speaker", "language", "past", "params",
                 "nll", "loss")]


class SamplerOptions(Structure):
    _fields_ = [("weights", c_int), ("streams", c_int), ("threads", c_int),
                ("temperature", c_float), ("seed", c_uint64)]


SOFTMAX, MOL, GAUSSIAN = range(3)
ONE_HOT, SCALAR = range(2)

_float_array, _int_array = POINTER(c_float), POINTER(c_int)
_nodes, _graph = POINTER(Node), c_void_p

# Builders: name -> the types of the arguments after the graph; each returns a node.
_BUILDERS = {
    "input": [c_char_p, c_int, Shape],
    "param": [c_char_p, Shape],
    "constant": [c_float, Shape],
    "constant_data": [_float_array, Shape],
    "affine": [Node, c_float, c_float],
    "leaky_relu": [Node, c_float],
    "clamp": [Node, c_float, c_float],
    "where": [Node, Node, Node],
    "reshape": [Node, Shape],
    "permute": [Node, _int_array],
    "slice": [Node, c_int, c_int64, c_int64],
    "pad": [Node, c_int, c_int64, c_int64],
    "concat": [_nodes, c_int, c_int],
    "broadcast": [Node, Shape],
    "gather": [Node, Node],
    "scatter_add": [Node, Node, c_int64],
    "pick": [Node, Node],
    "unpick": [Node, Node, c_int64],
    "sum": [Node, c_uint, c_bool],
    "mean": [Node, c_uint, c_bool],
    "max": [Node, c_int, c_bool],
    "matmul": [Node, Node, c_bool, c_bool],
    "conv2d": [Node, Node, ConvParams],
    "conv2d_transposed": [Node, Node, ConvParams, c_int64, c_int64],
    "conv2d_filter": [Node, Node, ConvParams, c_int64, c_int64],
    "conv1d_causal": [Node, Node, c_int],
    "conv1d": [Node, Node, c_int, c_int, c_int, c_int],
    "conv1d_transposed": [Node, Node, c_int, c_int, c_int, c_int64],
    "max_pool": [Node, c_int, c_int, ConvParams],
    "avg_pool": [Node, c_int, c_int, ConvParams],
    "cross_entropy": [Node, Node],
    "mol_loss": [Node, Node, c_int, c_float],
    "gaussian_loss": [Node, Node, c_float],
    "weight_norm": [Node, Node],
}
for _name in ("add", "sub", "mul", "div", "maximum", "minimum", "greater"):
    _BUILDERS[_name] = [Node, Node]
for _name in ("neg", "square", "sqrt", "exp", "log", "abs", "tanh", "sigmoid", "softplus", "relu",
              "stop_gradient", "gated", "sum_all", "mean_all", "softmax", "log_softmax"):
    _BUILDERS[_name] = [Node]

# The other functions: name -> result, arguments.
_FUNCTIONS = {
    "error": (c_char_p, []),
    "graph_new": (c_int, [POINTER(_graph)]),
    "graph_free": (None, [_graph]),
    "graph_error": (c_int, [_graph]),
    "node_shape": (Shape, [_graph, Node]),
    "node_dtype": (c_int, [_graph, Node]),
    "graph_params": (c_int, [_graph]),
    "graph_param": (Node, [_graph, c_int]),
    "node_name": (c_char_p, [_graph, Node]),
    "lstm_cell": (None, [_graph, Node, Node, _nodes, _nodes]),
    "grad": (c_int, [_graph, Node, _nodes, c_int, _nodes]),
    "graph_compile": (c_int, [_graph, _nodes, c_int, POINTER(c_void_p)]),
    "plan_free": (None, [c_void_p]),
    "plan_memory": (c_size_t, [c_void_p]),
    "plan_flops": (c_double, [c_void_p]),
    "exec_new": (c_int, [c_void_p, POINTER(c_void_p)]),
    "exec_free": (None, [c_void_p]),
    "exec_bind": (c_int, [c_void_p, Node, c_void_p]),
    "exec_run": (c_int, [c_void_p]),
    "exec_data": (c_void_p, [c_void_p, Node]),
    "wavenet_graph": (c_int, [POINTER(WavenetConfig), c_int, c_int64, c_int, _graph,
                              POINTER(WavenetNodes)]),
    "wavenet_weights": (c_int, [POINTER(WavenetConfig), POINTER(c_void_p)]),
    "wavenet_outputs": (c_int, [POINTER(WavenetConfig)]),
    "tensors_free": (None, [c_void_p]),
    "tensors_count": (c_int, [c_void_p]),
    "tensors_name": (c_char_p, [c_void_p, c_int]),
    "tensors_shape": (Shape, [c_void_p, c_int]),
    "tensors_data": (_float_array, [c_void_p, c_int]),
    "sampler_new": (c_int, [POINTER(WavenetConfig), c_void_p, POINTER(SamplerOptions),
                            POINTER(c_void_p)]),
    "sampler_free": (None, [c_void_p]),
    "sampler_start": (c_int, [c_void_p, c_int, _float_array, c_int64, c_int, c_int]),
    "sampler_predict": (c_int, [c_void_p, _float_array, c_int64, _float_array]),
}


def _load():
    library = ctypes.CDLL(os.environ["AGENA_LIBRARY"])
    for name, arguments in _BUILDERS.items():
        function = getattr(library, "ag_" + name)
        function.restype, function.argtypes = Node, [_graph] + arguments
    for name, (result, arguments) in _FUNCTIONS.items():
        function = getattr(library, "ag_" + name)
        function.restype, function.argtypes = result, arguments
    return library


_library = _load()


class Error(Exception):
    pass


def check(status):
    if status != 0:
        raise Error(_library.ag_error().decode())


def shape(*dims):
    return Shape(len(dims), (c_int64 * MAX_RANK)(*dims))


def conv_params(stride=(1, 1), dilation=(1, 1), pad=((0, 0), (0, 0))):
    pads = (c_int * 2 * 2)(*[(c_int * 2)(*p) for p in pad])
    return ConvParams((c_int * 2)(*stride), (c_int * 2)(*dilation), pads)


def _node_array(nodes):
    return (Node * len(nodes))(*nodes)


class Graph:
    """One graph. Every builder of tensor.h is a method without the prefix: g.add(a, b)."""

    def __init__(self):
        self._handle = c_void_p()
        check(_library.ag_graph_new(byref(self._handle)))
        self._values = {}  # leaf -> array

    def __enter__(self):
        return self

    def __exit__(self, *_):
        _library.ag_graph_free(self._handle)

    def __getattr__(self, name):
        if name not in _BUILDERS:
            raise AttributeError(name)
        function = getattr(_library, "ag_" + name)
        return lambda *arguments: function(self._handle, *arguments)

    def leaf(self, array):
        """A parameter of this float32 value, or an input of this int32 value."""
        name = f"leaf{len(self._values)}".encode()
        if array.dtype == np.int32:
            node = self.input(name, 1, shape(*array.shape))
        else:
            node = self.param(name, shape(*array.shape))
        self.set(node, array)
        return node

    def set(self, node, array):
        """The value that a leaf is bound to."""
        if tuple(array.shape) != self.shape(node):
            raise Error(f"shape {array.shape} for a node of {self.shape(node)}")
        self._values[node] = np.ascontiguousarray(array)

    def data(self, array):
        """A constant."""
        dims = shape(*array.shape)  # first: NumPy makes a vector of a contiguous scalar
        array = np.ascontiguousarray(array, dtype=np.float32)
        return self.constant_data(array.ctypes.data_as(_float_array), dims)

    def permuted(self, x, *axes):
        return self.permute(x, (c_int * len(axes))(*axes))

    def joined(self, nodes, axis):
        return self.concat(_node_array(nodes), len(nodes), axis)

    def lstm(self, gates, c):
        c_out, h_out = Node(), Node()
        _library.ag_lstm_cell(self._handle, gates, c, byref(c_out), byref(h_out))
        return c_out.value, h_out.value

    def wavenet(self, config, batch, samples, margin):
        nodes = WavenetNodes()
        check(_library.ag_wavenet_graph(byref(config), batch, samples, margin, self._handle,
                                        byref(nodes)))
        return nodes

    def params(self):
        """Name -> node of every parameter."""
        nodes = [_library.ag_graph_param(self._handle, i)
                 for i in range(_library.ag_graph_params(self._handle))]
        return {_library.ag_node_name(self._handle, n).decode(): n for n in nodes}

    def shape(self, node):
        s = _library.ag_node_shape(self._handle, node)
        if s.rank < 0:
            _library.ag_graph_error(self._handle)
            raise Error(_library.ag_error().decode())
        return tuple(s.dim[: s.rank])

    def grad(self, y, wrt):
        out = (Node * len(wrt))()
        check(_library.ag_grad(self._handle, y, _node_array(wrt), len(wrt), out))
        return list(out)

    def run(self, outputs):
        """Compile for these nodes and run once: their values."""
        plan, run = c_void_p(), c_void_p()
        check(_library.ag_graph_compile(self._handle, _node_array(outputs), len(outputs),
                                        byref(plan)))
        try:
            check(_library.ag_exec_new(plan, byref(run)))
            for node, array in self._values.items():
                check(_library.ag_exec_bind(run, node, array.ctypes.data))
            check(_library.ag_exec_run(run))
            return [self._fetch(run, node) for node in outputs]
        finally:
            _library.ag_exec_free(run)
            _library.ag_plan_free(plan)

    def _fetch(self, run, node):
        dims = self.shape(node)
        integer = _library.ag_node_dtype(self._handle, node) == 1
        kind = c_int32 if integer else c_float
        address = _library.ag_exec_data(run, node)
        if not address:
            raise Error("an output has no data")
        count = int(np.prod(dims, dtype=np.int64))
        return np.ctypeslib.as_array((kind * count).from_address(address)).reshape(dims).copy()


class Weights:
    """The named tensors of a WaveNet, as views that can be written to."""

    def __init__(self, config):
        self.handle = c_void_p()
        check(_library.ag_wavenet_weights(byref(config), byref(self.handle)))
        self.arrays = {}
        for i in range(_library.ag_tensors_count(self.handle)):
            s = _library.ag_tensors_shape(self.handle, i)
            data = _library.ag_tensors_data(self.handle, i)
            view = np.ctypeslib.as_array(data, shape=tuple(s.dim[: s.rank]))
            self.arrays[_library.ag_tensors_name(self.handle, i).decode()] = view

    def __enter__(self):
        return self

    def __exit__(self, *_):
        _library.ag_tensors_free(self.handle)


class Sampler:
    """The cached sampler with float32 weights."""

    def __init__(self, config, weights, streams, threads):
        self._config, self._streams = config, streams
        options = SamplerOptions(0, streams, threads, 1.0, 1)
        self._handle = c_void_p()
        check(_library.ag_sampler_new(byref(config), weights.handle, byref(options),
                                      byref(self._handle)))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        _library.ag_sampler_free(self._handle)

    def start(self, stream, features, speaker, language):
        data, frames = None, 0
        if features is not None:
            features = np.ascontiguousarray(features)
            data, frames = features.ctypes.data_as(_float_array), len(features)
        check(_library.ag_sampler_start(self._handle, stream, data, frames, speaker, language))

    def predict(self, audio):
        """Parameters [streams, count, outputs] of the distributions of audio [streams, count]."""
        audio = np.ascontiguousarray(audio)
        count = audio.shape[1]
        outputs = _library.ag_wavenet_outputs(byref(self._config))
        params = np.zeros((self._streams, count, outputs), np.float32)
        check(_library.ag_sampler_predict(self._handle, audio.ctypes.data_as(_float_array), count,
                                          params.ctypes.data_as(_float_array)))
        return params
