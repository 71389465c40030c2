"""What every peer shares: print "ready", then a measured value for each line "go" on the input."""

import importlib.util
import sys

if importlib.util.find_spec("torch") is None:
    sys.exit("this peer needs PyTorch (Debian's package python3-torch)")


def serve(measure):
    measure()  # warm-up: allocators, thread pools, oneDNN's kernel cache
    print("ready", flush=True)
    for line in sys.stdin:
        if line.strip() != "go":
            break
        print(repr(float(measure())), flush=True)
