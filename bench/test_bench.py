"""agena-bench as a program: names, the JSON it prints, and peers that answer, give up or are missing.
Arguments: the program. Peers are scripts of this test's own, so nothing but Python is needed."""

import json
import os
import subprocess
import sys
import tempfile

KEYS = ["name", "unit", "agena", "peer_name", "peer", "ratio", "peak_share"]
NAMES = ["wavenet-train", "wavenet-generate-f32", "wavenet-generate-bf16", "wavenet-generate-int8",
         "wavenet-generate-f32-2threads", "wavenet-generate-bf16-2threads",
         "wavenet-generate-int8-2threads", "wavenet-generate-8streams", "wavenet-first-sample",
         "wavenet-generate-rss", "wage-train-lenet", "wage-train-vgg", "wage-infer-lenet", "env-bridge",
         "lab-render", "lab-render-batch", "lab-render-2threads", "lab-render-slowest", "lab-reset"]

ANSWERS = """
print("ready", flush=True)
for value in (5, 900, 10, 20, 1):
    input()
    print(value, flush=True)
"""
GIVES_UP = "print('ready', flush=True)\ninput()\n"
MISSING = "raise SystemExit('there is nothing here')\n"

count = failures = 0


def ok(passed, name, seen=""):
    global count, failures
    count += 1
    failures += not passed
    print(f"{'ok' if passed else 'not ok'} {count} - {name}")
    if not passed:
        print("# " + str(seen).replace("\n", "\n# "))


def run(*arguments, peer=None):
    with tempfile.TemporaryDirectory() as folder:
        environment = dict(os.environ, AGENA_PEERS=folder, AGENA_PYTHON=sys.executable)
        with open(os.path.join(folder, "wavenet_generate.py"), "w") as script:
            script.write(peer or "")
        return subprocess.run([sys.argv[1], *arguments], capture_output=True, text=True,
                              env=environment)


def names():
    listed = run("--list")
    ok(set(NAMES) <= set(listed.stdout.split()), "every figure is listed", listed.stdout)
    family = run("--list", "wavenet-generate").stdout.split()
    ok(all(n.startswith("wavenet-generate-") for n in family) and len(family) == 8,
       "a family by its first words", family)
    one = run("--list", "wavenet-generate-f32").stdout.split()
    ok(one == ["wavenet-generate-f32"], "a full name is that figure alone", one)
    for wrong in ("wavenet-gen", "--jsn"):
        refused = run(wrong)
        ok(refused.returncode == 2 and not refused.stdout and "usage" in refused.stderr,
           f"'{wrong}' is refused", refused)


def measure(peer):
    """The one object that is printed, and the whole result."""
    result = run("wavenet-generate-int8", "--json", peer=peer)
    lines = result.stdout.splitlines()
    return json.loads(lines[0]) if len(lines) == 1 else None, result


def figures():
    figure, result = measure(ANSWERS)
    ok(result.returncode == 0 and figure and list(figure) == KEYS, "the keys, in order", result)
    ok(figure and figure["unit"] == "samples/s" and figure["agena"] > 0, "our figure", figure)
    ok(figure and figure["peer"] == 10, "the peer's median", figure)
    ok(figure and abs(figure["ratio"] / figure["agena"] * 10 - 1) < 1e-4, "the ratio", figure)
    ok(figure and 0 < figure["peak_share"] < 1.2, "the share of the peak", figure)
    figure, result = measure(MISSING)
    ok(result.returncode == 0 and figure and figure["agena"] > 0
       and [figure[k] for k in ("peer_name", "peer", "ratio")] == [None] * 3,
       "a missing peer is null", result)
    ok("no peer" in result.stderr and "nothing here" in result.stderr, "and is told", result)
    figure, result = measure(GIVES_UP)
    ok(result.returncode == 1 and figure is None and "PyTorch" in result.stderr,
       "a peer that dies is an error", result)


names()
figures()
print(f"1..{count}")
sys.exit(failures > 0)
