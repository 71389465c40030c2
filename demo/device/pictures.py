"""Pictures to learn from, 28 x 28 bytes: digits as displays of seven segments show them, drawn at
random, and Fashion-MNIST where it is installed; and the stream of records that a device reads."""
import gzip
import math
import os
import random

SIDE = 28
FASHION = "/usr/share/datasets/fashion-mnist"

# Ends of the segments in units of half the height: (x, y) of one, (x, y) of the other.
SEGMENTS = {"a": (0, 0, 1, 0), "b": (1, 0, 1, 1), "c": (1, 1, 1, 2), "d": (0, 2, 1, 2),
            "e": (0, 1, 0, 2), "f": (0, 0, 0, 1), "g": (0, 1, 1, 1)}
DIGITS = ["abcdef", "bc", "abged", "abgcd", "fgbc", "afgcd", "afgcde", "abc", "abcdefg", "abcdfg"]
NOISE = bytes(i // 4 for i in range(256))


def draw(digit, rng):
    """A digit of random size, place, slant, width of pen, brightness and noise."""
    size, pen = rng.uniform(6, 9), rng.uniform(0.9, 1.7)
    slant, light = rng.uniform(-0.25, 0.25), rng.uniform(150, 255)
    left, top = rng.uniform(5, 11), rng.uniform(3, 7)
    picture = bytearray(rng.randbytes(SIDE * SIDE).translate(NOISE))
    for x1, y1, x2, y2 in (SEGMENTS[s] for s in DIGITS[digit]):
        length = math.hypot(x2 - x1, y2 - y1) * size
        for i in range(int(length) + 1):
            part = i / length
            y = top + (y1 + part * (y2 - y1)) * size
            x = left + (x1 + part * (x2 - x1)) * size + slant * (top + size - y)
            spot(picture, x, y, pen, light)
    return bytes(picture)


def spot(picture, x, y, pen, light):
    for row in range(int(y - 1), int(y + 3)):
        for column in range(int(x - 1), int(x + 3)):
            cover = min(1.0, max(0.0, pen + 0.5 - math.hypot(row - y, column - x)))
            at = row * SIDE + column
            picture[at] = max(picture[at], int(cover * light))


def digits(count, seed):
    """[(label, picture)], the labels in turn."""
    rng = random.Random(seed)
    return [(i % 10, draw(i % 10, rng)) for i in range(count)]


def fashion(part, count):
    """The first pictures of Fashion-MNIST's "train" or "t10k"; None where it is not installed."""
    base = os.path.join(FASHION, part)
    if not os.path.exists(base + "-images-idx3-ubyte.gz"):
        return None
    with gzip.open(base + "-labels-idx1-ubyte.gz") as file:
        labels = file.read(8 + count)[8:]
    with gzip.open(base + "-images-idx3-ubyte.gz") as file:
        data = file.read(16 + count * SIDE * SIDE)[16:]
    return [(label, data[i * SIDE * SIDE:(i + 1) * SIDE * SIDE]) for i, label in enumerate(labels)]


# ---- shifted tasks ----

INVERSE = bytes(range(255, -1, -1))


def inverted(pictures):
    return [(label, picture.translate(INVERSE)) for label, picture in pictures]


def rotated(pictures):
    """A quarter of a turn."""
    return [(label, bytes(picture[(SIDE - 1 - x) * SIDE + y] for y in range(SIDE) for x in range(SIDE)))
            for label, picture in pictures]


# ---- records: see demo/device/main.c ----

def body(pictures):
    return b"".join(bytes([label]) + picture for label, picture in pictures)


def learn(pictures, rate, step):
    return b"L" + bytes([len(pictures), rate & 255]) + step.to_bytes(4, "little") + body(pictures)


def classify(letter, pictures):
    return letter + len(pictures).to_bytes(2, "little") + body(pictures)


def lessons(pictures, batch, rate, first, steps, checks=100):
    """Records of steps first, first + 1, ... through the pictures in order, round and round; after
    every `checks` steps one that asks for the weights."""
    records = []
    for i in range(steps):
        chosen = [pictures[(i * batch + j) % len(pictures)] for j in range(batch)]
        records.append(learn(chosen, rate, first + i))
        if (i + 1) % checks == 0:
            records.append(b"W")
    return b"".join(records)
