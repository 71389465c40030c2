"""The whole WaveNet of agena/wavenet.h beside PyTorch: the distribution's parameters, the loss and
the gradients of every weight and input."""

from tap import Tap
import agena
import numpy as np
from reference_wavenet import WaveNet, config, draw_data, draw_weight, stack
import torch

tap = Tap()


def ours(c, weights, data, batch, samples, margin):
    """[params, nll, loss], and name -> gradient of the loss; fills `weights` with random values."""
    with agena.Graph() as g:
        nodes = g.wavenet(c, batch, samples, margin)
        params = g.params()
        for name, node in params.items():
            weights[name] = draw_weight(name, g.shape(node))
            g.set(node, weights[name])
        for name, array in data.items():
            g.set(getattr(nodes, name), array)
        wrt = dict(params)
        wrt.update((name, getattr(nodes, name)) for name, array in data.items()
                   if array.dtype == np.float32)
        gradients = g.grad(nodes.loss, list(wrt.values()))
        values = g.run([nodes.params, nodes.nll, nodes.loss] + gradients)
        return values[:3], dict(zip(wrt, values[3:]))


def theirs(c, weights, data, margin):
    net = WaveNet(c, weights)
    tensors = {name: torch.tensor(x.astype(np.float64), requires_grad=True)
               if x.dtype == np.float32 else torch.tensor(x.astype(np.int64))
               for name, x in data.items()}
    params = net(tensors, margin)
    nll = net.likelihood(params, tensors["target"])
    loss = (tensors["weight"] * nll).sum()
    loss.backward()
    gradients = {name.replace("/", "."): w.grad for name, w in net.weights.items()}
    gradients.update((name, x.grad) for name, x in tensors.items() if x.requires_grad)
    return [params, nll, loss], gradients


def compare(name, c, batch=2, samples=24, margin=0):
    weights, data = {}, draw_data(c, batch, samples, margin)
    try:
        values, gradients = ours(c, weights, data, batch, samples, margin)
    except agena.Error as error:
        tap.ok(False, name, str(error))
        return
    expected, slopes = theirs(c, weights, data, margin)
    for what, a, b in zip(("distribution", "negative log likelihood", "loss"), values, expected):
        tap.close([a], [b], f"{name}: {what}")
    for leaf, a in gradients.items():
        tap.close([a], [slopes[leaf]], f"{name}: gradient of {leaf}")


SMALL = stack(4, 2, 2, 5, 8, 6)
SCALAR_MOL = {"input": agena.SCALAR, "output": agena.MOL}

compare("softmax, kernel 2", config(SMALL))
compare("softmax, kernel 3", config(stack(6, 2, 3, 5, 8, 6)))
compare("softmax of scalar input", config(SMALL, input=agena.SCALAR))
compare("mixture of logistics, kernel 2", config(SMALL, **SCALAR_MOL))
compare("mixture of logistics, kernel 3", config(stack(5, 1, 3, 4, 6, 5), **SCALAR_MOL))
compare("Gaussian", config(SMALL, input=agena.SCALAR, output=agena.GAUSSIAN))
compare("one layer", config(stack(1, 1, 2, 3, 2, 4)))
compare("speakers", config(SMALL, speakers=3, global_channels=4))
compare("languages", config(SMALL, languages=5, global_channels=4))
compare("speakers and languages", config(SMALL, speakers=3, languages=2, global_channels=4))

LOCAL = {"local_features": 5, "local_channels": 6, "local_context": 1}
compare("local, repeated", config(SMALL, hop=4, **LOCAL))
compare("local, upsampled by 2, 2", config(SMALL, hop=8, upsample=(2, 2), **LOCAL))
compare("local, upsampled by 3", config(SMALL, hop=6, upsample=(3,), **LOCAL))
compare("local, upsampled to every sample", config(SMALL, hop=4, upsample=(4,), **LOCAL))
compare("local, crop with a margin", config(SMALL, hop=4, upsample=(2,), **LOCAL), margin=2)
compare("local without neighbours", config(SMALL, hop=4, upsample=(2,), local_features=5,
                                           local_channels=6))

CONTEXT = {"context": stack(3, 1, 2, 4, 6, 5), "context_rate": 4}
compare("context stack", config(SMALL, **CONTEXT))
compare("context stack and local", config(SMALL, hop=8, upsample=(4,), **LOCAL, **CONTEXT))
compare("everything, softmax",
        config(stack(6, 2, 3, 5, 8, 6), speakers=3, languages=2, global_channels=4, hop=8,
               upsample=(2, 2), **LOCAL, **CONTEXT), margin=1)
compare("everything, mixture of logistics",
        config(stack(6, 3, 2, 5, 8, 6), speakers=3, languages=2, global_channels=4, hop=6,
               upsample=(3,), **LOCAL, **CONTEXT, **SCALAR_MOL), margin=1)
compare("20 layers, 64 residual, 128 gate, 128 skip",
        config(stack(20, 2, 2, 64, 128, 128), head=128), batch=1, samples=1500)
tap.finish()
