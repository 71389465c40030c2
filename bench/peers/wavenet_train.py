"""The training step of bench_train.c's WaveNet in PyTorch: samples/s, forward, backward and Adam.

Channels first, the layout PyTorch's own layers are made for. The input goes through an embedding
rather than a convolution over one-hot vectors; the dilated convolutions pad by themselves and their
result is cropped, which was faster than padding their input; residual and skip are two
convolutions, which was no slower than one whose result is split.
"""

import argparse
import time

from peer import serve  # before torch: it says so when there is none
import torch
import torch.nn.functional as F
from torch import nn

CLASSES = 256


class Layer(nn.Module):
    def __init__(self, residual, gate, skip, kernel, dilation, last):
        super().__init__()
        left = (kernel - 1) * dilation
        self.dilated = nn.Conv1d(residual, gate, kernel, dilation=dilation, padding=left)
        self.residual = None if last else nn.Conv1d(gate // 2, residual, 1)
        self.skip = nn.Conv1d(gate // 2, skip, 1)

    def forward(self, x):
        filtered, gate = self.dilated(x)[:, :, : x.shape[2]].chunk(2, dim=1)
        z = torch.tanh(filtered) * torch.sigmoid(gate)
        return x + self.residual(z) if self.residual else x, self.skip(z)


class WaveNet(nn.Module):
    def __init__(self, layers=20, stacks=2, residual=64, gate=128, skip=128, head=128, kernel=2):
        super().__init__()
        per_stack = layers // stacks
        self.embed = nn.Embedding(CLASSES, residual)
        self.layers = nn.ModuleList(
            Layer(residual, gate, skip, kernel, 2 ** (i % per_stack), last=i == layers - 1)
            for i in range(layers)
        )
        self.head = nn.Sequential(
            nn.ReLU(), nn.Conv1d(skip, head, 1), nn.ReLU(), nn.Conv1d(head, CLASSES, 1)
        )

    def forward(self, classes):
        """classes [batch, time] -> logits [batch, CLASSES, time] for the sample after each."""
        x = self.embed(classes).transpose(1, 2).contiguous()
        total = 0
        for layer in self.layers:
            x, skip = layer(x)
            total = total + skip
        return self.head(total)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--samples", type=int, default=8000)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    net = WaveNet()
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
    classes = torch.randint(0, CLASSES, (options.batch, options.samples + 1))

    def step():
        start = time.perf_counter()
        optimizer.zero_grad(set_to_none=True)
        loss = F.cross_entropy(net(classes[:, :-1]), classes[:, 1:])
        loss.backward()
        optimizer.step()
        loss.item()
        return options.batch * options.samples / (time.perf_counter() - start)

    serve(step)


if __name__ == "__main__":
    main()
