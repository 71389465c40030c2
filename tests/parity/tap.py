"""Test Anything Protocol: one line a check, so that every operation counts as a test case."""

import sys

try:
    import numpy as np
    import torch
except ImportError as missing:
    print(f"1..0 # SKIP {missing}: the parity tests need python3-torch")
    sys.exit(0)

TOLERANCE = 1e-4

torch.set_num_threads(1)


class Tap:
    def __init__(self):
        self.count = self.failures = 0

    def ok(self, passed, name, why=""):
        self.count += 1
        self.failures += not passed
        print(f"{'ok' if passed else 'not ok'} {self.count} - {name}", flush=True)
        if not passed:
            print("# " + why.replace("\n", "\n# "), flush=True)

    def close(self, ours, theirs, name):
        """Pass when the largest difference is within the tolerance of the largest magnitude."""
        why = []
        for i, (a, b) in enumerate(zip(ours, theirs)):
            b = b.detach().numpy() if isinstance(b, torch.Tensor) else np.asarray(b)
            if a.shape != b.shape:
                why.append(f"result {i}: shape {a.shape}, PyTorch has {b.shape}")
                continue
            if a.size == 0:
                why.append(f"result {i} is empty")
                continue
            scale = max(np.abs(b).max(), 1e-30)
            error = np.abs(a - b).max() / scale
            if not error <= TOLERANCE:
                at = np.unravel_index(np.argmax(np.nan_to_num(np.abs(a - b), nan=np.inf)), a.shape)
                why.append(f"result {i} {a.shape}: relative error {error:.3g} at "
                           f"{tuple(map(int, at))}: {a[at]!r} instead of {b[at]!r}")
        if len(ours) != len(theirs):
            why.append(f"{len(ours)} results, PyTorch has {len(theirs)}")
        self.ok(not why, name, "\n".join(why))

    def finish(self):
        print(f"1..{self.count}")
        sys.exit(1 if self.failures else 0)
