"""The cached sampler's predictions, one sample at a time, beside the whole network in PyTorch:
every step of every stream, whatever its threads and the pieces it is asked for."""

from tap import Tap
import agena
import numpy as np
from reference_wavenet import CLASSES, WaveNet, config, draw_audio, draw_weight, random, stack
import torch

tap = Tap()

SILENCE = 128  # the class of 0


def draw_classes(streams, samples):
    """Classes and their audio, in the middle of what the mu-law maps to each."""
    classes = random.integers(0, CLASSES, (streams, samples))
    y = 2 * classes / 255 - 1
    audio = np.sign(y) * (256 ** np.abs(y) - 1) / 255
    return classes, audio.astype(np.float32)


def shifted(series, first):
    """series [streams, time] one step later, beginning with `first`."""
    return np.concatenate([np.full_like(series[:, :1], first), series[:, :-1]], axis=1)


def draw_utterances(c, streams, samples):
    """Audio, conditioning of the sampler, and the inputs that the network reads for it."""
    data, conditions = {}, {}
    if c.input == agena.ONE_HOT:
        classes, audio = draw_classes(streams, samples)
        data["input"] = torch.tensor(shifted(classes, SILENCE))
    else:
        audio = draw_audio((streams, samples))
        data["input"] = torch.tensor(shifted(audio.astype(np.float64), 0))
    if c.local_features:
        dims = (streams, samples // c.hop, c.local_features)
        conditions["features"] = random.standard_normal(dims).astype(np.float32)
        ends = ((0, 0), (c.local_context, c.local_context), (0, 0))
        data["features"] = torch.tensor(np.pad(conditions["features"].astype(np.float64), ends))
    for who, count in (("speaker", c.speakers), ("language", c.languages)):
        if count:
            conditions[who] = random.integers(0, count, streams)
            data[who] = torch.tensor(conditions[who])
    if c.context.layers:
        means = audio.astype(np.float64).reshape(streams, -1, c.context_rate).mean(axis=2)
        data["past"] = torch.tensor(shifted(means, 0))
    return audio, conditions, data


def start(sampler, streams, conditions):
    for i in range(streams):
        features = conditions["features"][i] if "features" in conditions else None
        who = [int(conditions[w][i]) if w in conditions else 0 for w in ("speaker", "language")]
        sampler.start(i, features, *who)


def compare(name, c, streams=3, samples=96):
    audio, conditions, data = draw_utterances(c, streams, samples)
    with agena.Weights(c) as weights:
        for leaf, view in weights.arrays.items():
            view[...] = draw_weight(leaf, view.shape)
        expected = WaveNet(c, weights.arrays)(data, 0)
        for threads in (1, 2):
            with agena.Sampler(c, weights, streams, threads) as sampler:
                start(sampler, streams, conditions)
                whole = sampler.predict(audio)
                tap.close([whole], [expected], f"{name}, {threads} threads")
                start(sampler, streams, conditions)
                pieces = [sampler.predict(audio[:, a:b])
                          for a, b in ((0, 1), (1, 38), (38, samples))]
                tap.ok(np.array_equal(np.concatenate(pieces, axis=1), whole),
                       f"{name}, {threads} threads: in pieces", "other values than at once")


SMALL = stack(6, 2, 2, 6, 8, 10)
LOCAL = {"local_features": 5, "local_channels": 6, "local_context": 1}
CONTEXT = {"context": stack(3, 1, 2, 4, 6, 5), "context_rate": 4}

compare("one stream", config(SMALL), streams=1)
compare("softmax, kernel 2", config(SMALL))
compare("softmax, kernel 3", config(stack(4, 2, 3, 6, 8, 10)))
compare("mixture of logistics", config(SMALL, input=agena.SCALAR, output=agena.MOL))
compare("Gaussian", config(SMALL, input=agena.SCALAR, output=agena.GAUSSIAN))
compare("speakers and languages", config(SMALL, speakers=3, languages=2, global_channels=4))
compare("local, repeated", config(SMALL, hop=4, **LOCAL))
compare("local, upsampled by 2, 2", config(SMALL, hop=8, upsample=(2, 2), **LOCAL))
compare("local, upsampled by 3", config(SMALL, hop=6, upsample=(3,), **LOCAL))
compare("context stack", config(SMALL, **CONTEXT))
compare("everything", config(SMALL, speakers=3, languages=2, global_channels=4, hop=8,
                             upsample=(4,), **LOCAL, **CONTEXT))
compare("20 layers, 64 residual, 128 gate, 128 skip",
        config(stack(20, 2, 2, 64, 128, 128), head=128), streams=2, samples=1200)
tap.finish()
