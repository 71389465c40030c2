"""The nets of bench_wage.c in PyTorch, in float32: images/s of training steps (forward, backward,
SGD) or of inference, 128 images at a time.

As the paper's nets: no batch normalisation, pooling before the rectifier, the sum of squares.
Channels last was the faster layout for all three, for inference nearly twice.
"""

import argparse
import time

from peer import serve  # before torch: it says so when there is none
import torch
from torch import nn

BATCH, CLASSES = 128, 10
SHAPES = {"lenet": (1, 28, 28), "vgg": (3, 32, 32)}
ROUNDS = {("lenet", True): 10, ("vgg", True): 1, ("lenet", False): 30, ("vgg", False): 1}


def lenet():
    return nn.Sequential(
        nn.Conv2d(1, 32, 5, padding=2, bias=False), nn.MaxPool2d(2), nn.ReLU(),
        nn.Conv2d(32, 64, 5, padding=2, bias=False), nn.MaxPool2d(2), nn.ReLU(),
        nn.Flatten(), nn.Linear(3136, 512, bias=False), nn.ReLU(),
        nn.Linear(512, CLASSES, bias=False),
    )


def vgg():
    layers, before = [], 3
    for channels in (128, 256, 512):
        layers += [nn.Conv2d(before, channels, 3, padding=1, bias=False), nn.ReLU(),
                   nn.Conv2d(channels, channels, 3, padding=1, bias=False), nn.MaxPool2d(2),
                   nn.ReLU()]
        before = channels
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(8192, 1024, bias=False), nn.ReLU(),
                         nn.Linear(1024, CLASSES, bias=False))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("net", choices=SHAPES)
    parser.add_argument("--train", action="store_true")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--layout", choices=["contiguous", "channels_last"], default="channels_last")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    layout = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}
    layout = layout[options.layout]
    net = {"lenet": lenet, "vgg": vgg}[options.net]().to(memory_format=layout)
    images = torch.rand(BATCH, *SHAPES[options.net]) * 2 - 1
    images = images.contiguous(memory_format=layout)
    targets = nn.functional.one_hot(torch.randint(0, CLASSES, (BATCH,)), CLASSES).float()
    optimizer = torch.optim.SGD(net.parameters(), lr=1e-4)
    rounds = ROUNDS[options.net, options.train]

    def train():
        optimizer.zero_grad(set_to_none=True)
        loss = 0.5 * (net(images) - targets).square().sum()
        loss.backward()
        optimizer.step()
        loss.item()

    def infer():
        with torch.inference_mode():
            net(images)

    def measure():
        start = time.perf_counter()
        for _ in range(rounds):
            train() if options.train else infer()
        return rounds * BATCH / (time.perf_counter() - start)

    serve(measure)


if __name__ == "__main__":
    main()
