"""The reference of the WaveNet tests: a PyTorch module written from the equations of
agena/wavenet.h (channels first, float64), configurations and random data."""

import math

import agena
import numpy as np
import torch
import torch.nn.functional as F

random = np.random.default_rng(2)

CLASSES = 256


class WaveNet(torch.nn.Module):
    def __init__(self, config, weights):
        super().__init__()
        self.config = config
        self.weights = torch.nn.ParameterDict({
            name.replace(".", "/"): torch.nn.Parameter(torch.tensor(w, dtype=torch.float64))
            for name, w in weights.items()
        })

    def weight(self, name):
        return self.weights[name.replace(".", "/")]

    def linear(self, x, name):
        """A 1x1 convolution of x [batch, in, time]."""
        has_bias = name.replace(".", "/") + "/bias" in self.weights
        bias = self.weight(name + ".bias") if has_bias else None
        return F.conv1d(x, self.weight(name + ".weight").t().unsqueeze(2), bias)

    def local(self, features, margin):
        """features [batch, frames, channels] -> conditioning [batch, channels, time / cond_hop]."""
        kernel = self.weight("local.conv.weight").permute(2, 1, 0)
        c = F.relu(F.conv1d(features.transpose(1, 2), kernel, self.weight("local.conv.bias")))
        skipped = margin
        for i in range(self.config.upsamples):
            factor = self.config.upsample[i]
            kernel = self.weight(f"local.upsample.{i}.weight").permute(1, 2, 0)
            length = c.shape[2] * factor
            c = F.conv_transpose1d(c, kernel, stride=factor)[:, :, factor // 2 :][:, :, :length]
            c = F.relu(c + self.weight(f"local.upsample.{i}.bias").unsqueeze(1))
            skipped *= factor
        return c[:, :, skipped : c.shape[2] - skipped]

    def stack(self, x, stack, prefix, conditions):
        """conditions: (name, values [batch, channels, 1 or a divisor of time])."""
        total = 0
        time = x.shape[2]
        for layer in range(stack.layers):
            name = f"{prefix}layers.{layer}."
            dilation = 2 ** (layer % (stack.layers // stack.stacks))
            kernel = self.weight(name + "dilated.weight").permute(2, 1, 0)
            past = F.pad(x, ((stack.kernel - 1) * dilation, 0))
            pre = F.conv1d(past, kernel, self.weight(name + "dilated.bias"), dilation=dilation)
            for what, values in conditions:
                slow = self.linear(values, name + what)
                pre = pre + slow.repeat_interleave(time // values.shape[2], dim=2)
            half = stack.gate // 2
            z = torch.tanh(pre[:, :half]) * torch.sigmoid(pre[:, half:])
            total = total + self.linear(z, name + "skip")
            if layer + 1 < stack.layers:
                x = x + self.linear(z, name + "residual")
        return F.relu(total + self.weight(prefix + "skip.bias").unsqueeze(1))

    def conditions(self, data, margin):
        made = []
        if self.config.local_features:
            made.append(("local", self.local(data["features"], margin)))
        vectors = [self.weight(f"{who}.weight")[data[who]] for who in ("speaker", "language")
                   if who in data]
        if vectors:
            made.append(("global", sum(vectors).unsqueeze(2)))
        if self.config.context.layers:
            x = self.linear(data["past"].unsqueeze(1), "context.input")
            made.append(("context", self.stack(x, self.config.context, "context.", [])))
        return made

    def forward(self, data, margin):
        """The distribution's parameters [batch, time, outputs]."""
        if self.config.input == agena.ONE_HOT:
            columns = F.one_hot(data["input"], CLASSES).double().transpose(1, 2)
        else:
            columns = data["input"].unsqueeze(1)
        x = self.linear(columns, "input")
        x = self.stack(x, self.config.main, "", self.conditions(data, margin))
        x = F.relu(self.linear(x, "head.0"))
        return self.linear(x, "head.1").transpose(1, 2)

    def likelihood(self, params, target):
        """Negative log likelihood of each target in nats."""
        if self.config.output == agena.SOFTMAX:
            return F.cross_entropy(params.transpose(1, 2), target, reduction="none")
        lowest = torch.tensor(self.config.min_log_scale, dtype=torch.float64)
        if self.config.output == agena.GAUSSIAN:
            log_scale = torch.maximum(params[..., 1], lowest)
            normal = torch.distributions.Normal(params[..., 0], log_scale.exp())
            return -normal.log_prob(target)
        logits, mean, log_scale = params.chunk(3, dim=-1)
        log_scale = torch.maximum(log_scale, lowest)
        half, scale, x = 1 / 65535, torch.exp(log_scale), target.unsqueeze(-1)
        above, below = (x + half - mean) / scale, (x - half - mean) / scale
        mass = torch.sigmoid(above) - torch.sigmoid(below)
        middle = (x - mean) / scale
        density = middle - log_scale - 2 * F.softplus(middle, threshold=1e3) + math.log(2 * half)
        log_mass = torch.where(mass > 1e-5, mass.clamp(min=1e-12).log(), density)
        log_mass = torch.where(x > 1 - half, F.logsigmoid(-below), log_mass)
        log_mass = torch.where(x < half - 1, F.logsigmoid(above), log_mass)
        return -torch.logsumexp(torch.log_softmax(logits, -1) + log_mass, dim=-1)


# ---- configurations and data ----


def stack(layers, stacks, kernel, residual, gate, skip):
    return agena.WavenetStack(layers, stacks, kernel, residual, gate, skip)


def config(main, **fields):
    c = agena.WavenetConfig(sample_rate=16000, mixtures=4, min_log_scale=-7, main=main, head=7,
                            hop=1)
    for name, value in fields.items():
        if name == "upsample":
            value = (agena.c_int * 4)(*value)
            c.upsamples = sum(1 for u in value if u)
        setattr(c, name, value)
    return c


def draw_weight(name, dims):
    if name.endswith(".bias"):
        return (0.3 * random.standard_normal(dims)).astype(np.float32)
    fan_in = int(np.prod(dims[:-1])) if not name.startswith("input") else 1
    scale = 0.5 if name.split(".")[0] in ("speaker", "language") else 1 / math.sqrt(fan_in)
    return (scale * random.standard_normal(dims)).astype(np.float32)


def draw_audio(dims):
    """Samples on the 16-bit grid, both ends of it among them."""
    level = random.integers(20000, 45000, dims)
    level.flat[0], level.flat[-1] = 0, 65535
    return (level / 32767.5 - 1).astype(np.float32)


def draw_data(c, batch, samples, margin):
    data = {"weight": random.random((batch, samples)).astype(np.float32) / (batch * samples)}
    if c.input == agena.ONE_HOT:
        data["input"] = random.integers(0, CLASSES, (batch, samples)).astype(np.int32)
    else:
        data["input"] = draw_audio((batch, samples))
    if c.output == agena.SOFTMAX:
        data["target"] = random.integers(0, CLASSES, (batch, samples)).astype(np.int32)
    else:
        data["target"] = draw_audio((batch, samples))
    if c.local_features:
        frames = samples // c.hop + 2 * (c.local_context + margin)
        features = random.standard_normal((batch, frames, c.local_features))
        data["features"] = features.astype(np.float32)
    for who, count in (("speaker", c.speakers), ("language", c.languages)):
        if count:
            data[who] = random.integers(0, count, batch).astype(np.int32)
    if c.context.layers:
        data["past"] = random.standard_normal((batch, samples // c.context_rate)).astype(np.float32)
    return data
