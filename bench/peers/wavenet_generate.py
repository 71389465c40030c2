"""An incremental WaveNet sampler in PyTorch: samples/s of one stream.

Each layer keeps a queue of its past inputs, as public samplers do, so a sample costs one column
through every layer. Written with care: no gradients, weights as plain matrices, one fused
multiplication for both taps of the dilated convolution and one for residual and skip, in-place
sums.
"""

import argparse
import time

from peer import serve  # before torch: it says so when there is none
import torch

CLASSES = 256


class Sampler:
    def __init__(self, layers=20, stacks=2, residual=64, gate=128, skip=128, head=128, streams=1):
        per_stack = layers // stacks
        self.dilations = [2 ** (i % per_stack) for i in range(layers)]
        self.residual, self.half, self.skip, self.streams = residual, gate // 2, skip, streams

        def matrix(rows, columns):
            return torch.randn(rows, columns) / rows**0.5

        self.embed = matrix(CLASSES, residual)
        # Both taps of kernel 2 in one matrix: [past, present] x [2 residual, gate].
        self.dilated = [(torch.zeros(gate), matrix(2 * residual, gate)) for _ in self.dilations]
        self.out = [
            (torch.zeros(residual + skip), matrix(gate // 2, residual + skip))
            for _ in self.dilations
        ]
        self.hidden = (torch.zeros(head), matrix(skip, head))
        self.logits = (torch.zeros(CLASSES), matrix(head, CLASSES))
        self.queues = [torch.zeros(d, streams, residual) for d in self.dilations]
        self.position = 0
        self.classes = torch.full((streams,), 128)

    def step(self):
        x = self.embed[self.classes]
        total = torch.zeros(self.streams, self.skip)
        for i, dilation in enumerate(self.dilations):
            queue, slot = self.queues[i], self.position % dilation
            both = torch.cat((queue[slot], x), dim=1)
            queue[slot] = x
            pre = torch.addmm(self.dilated[i][0], both, self.dilated[i][1])
            z = torch.tanh(pre[:, : self.half]) * torch.sigmoid(pre[:, self.half :])
            joined = torch.addmm(self.out[i][0], z, self.out[i][1])
            x = x + joined[:, : self.residual]
            total += joined[:, self.residual :]
        hidden = torch.addmm(self.hidden[0], total.relu_(), self.hidden[1]).relu_()
        logits = torch.addmm(self.logits[0], hidden, self.logits[1])
        self.classes = torch.multinomial(torch.softmax(logits, dim=1), 1).squeeze(1)
        self.position += 1


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--streams", type=int, default=1)
    parser.add_argument("--samples", type=int, default=400)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    sampler = Sampler(streams=options.streams)

    def measure():
        start = time.perf_counter()
        with torch.inference_mode():
            for _ in range(options.samples):
                sampler.step()
        return options.samples * options.streams / (time.perf_counter() - start)

    serve(measure)


if __name__ == "__main__":
    main()
