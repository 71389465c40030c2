#!/usr/bin/env python3
"""A trained network goes on learning on a Cortex-M4 that QEMU plays: learn.py FOLDER FILE

FOLDER is what `agena wage export --batch 8` wrote of a network for Fashion-MNIST. The clothes then
come turned by a quarter; how many of 200 the device tells apart before and after learning, and its
memory, go into FILE as JSON."""
import json
import os
import re
import sys
import tempfile

import board
import pictures

BATCH, STEPS, RATE = 8, 300, 2


def lesson():
    train = pictures.fashion("train", BATCH * STEPS)
    test = pictures.fashion("t10k", 200)
    if not train or not test:
        sys.exit("learn.py: Fashion-MNIST is not installed")
    turned = pictures.rotated(test)
    return (pictures.classify(b"F", test) + pictures.classify(b"P", turned) +
            pictures.lessons(pictures.rotated(train), BATCH, RATE, 1 << 20, STEPS) +
            pictures.classify(b"P", turned))


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    with tempfile.TemporaryDirectory() as work:
        stream, image = os.path.join(work, "stream"), os.path.join(work, "image.elf")
        board.image(sys.argv[1], image)
        with open(stream, "wb") as file:
            file.write(lesson())
        lines = board.answer(image, stream)
        ram, flash = board.memory(image)
    upright, before, after = (int(n) for n in re.findall(r": (\d+) of", lines))
    with open(sys.argv[2], "w", encoding="utf-8") as file:
        json.dump({"pictures": 200, "upright": upright, "before": before, "after": after,
                   "steps": STEPS, "batch": BATCH, "ram_bytes": ram, "flash_bytes": flash,
                   "stack_bytes": int(re.search(r"stack (\d+)", lines)[1])}, file)


main()
