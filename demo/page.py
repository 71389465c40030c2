#!/usr/bin/env python3
"""Write DIR/index.html from what demo.sh left in DIR: audio/, pictures/, figures/.

    page.py DIR
"""
import html
import json
import math
import os
import platform
import struct
import sys
import time
import wave

HERE = os.path.dirname(os.path.abspath(__file__))
FORMATS = {"f32": "float32", "bf16": "bfloat16", "int8": "8-bit integers"}


class Demo:
    """The folder that demo.sh filled."""

    def __init__(self, folder):
        self.folder = folder

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def figure(self, name):
        """figures/NAME.json, None when that part of the demonstration was left out."""
        path = self.path("figures", name + ".json")
        if not os.path.exists(path):
            return None
        with open(path, encoding="utf-8") as file:
            return json.load(file)

    def lines(self, name):
        """figures/NAME.jsonl: one object a line."""
        with open(self.path("figures", name + ".jsonl"), encoding="utf-8") as file:
            return [json.loads(line) for line in file]

    def seconds(self, name):
        with wave.open(self.path("audio", name + ".wav")) as file:
            return file.getnframes() / file.getframerate()

    def distance(self, name):
        return self.figure("distance-" + name)["mel_distance_db"]


def prompts():
    keys = ("file", "speaker", "code", "language", "voice", "text")
    with open(os.path.join(HERE, "prompts", "prompts.tsv"), encoding="utf-8") as file:
        for line in file:
            prompt = dict(zip(keys, line.rstrip("\n").split("\t")))
            prompt["name"] = prompt["file"].removesuffix(".g722")
            yield prompt


# ---- the training log (TensorBoard's event files: records of protocol buffers) ----


def fields(message):
    """(number, value) of every field of a protocol buffer; fixed-width values stay bytes."""
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(message):
        key = varint()
        kind = key & 7
        if kind == 0:
            yield key >> 3, varint()
        else:
            size = {1: 8, 2: None, 5: 4}[kind]
            size = varint() if size is None else size
            yield key >> 3, message[at:at + size]
            at += size


def records(data):
    at = 0
    while at + 12 <= len(data):
        (size,) = struct.unpack_from("<Q", data, at)
        yield data[at + 12:at + 12 + size]
        at += size + 16


def scalars(path, tag):
    """(time, step, value) of one scalar of the training log; before them, of the log's beginning."""
    with open(path, "rb") as file:
        for record in records(file.read()):
            event = dict(fields(record))
            seconds = struct.unpack("<d", event[1])[0]
            if 3 in event:
                yield seconds, 0, None
            for number, value in fields(event.get(5, b"")):
                scalar = dict(fields(value)) if number == 1 else {}
                if scalar.get(1, b"").decode() == tag:
                    yield seconds, event.get(2, 0), struct.unpack("<f", scalar[2])[0]


def curve(path, tag):
    """[(step, value)] of one scalar of the training log."""
    return [(step, value) for _, step, value in scalars(path, tag) if value is not None]


def timed_curve(path, tag):
    """[(seconds since the log was opened, value)]"""
    begin, *points = scalars(path, tag)
    return [(seconds - begin[0], value) for seconds, _, value in points]


def chart(points, level, level_name):
    """An SVG line chart of bits per sample, with a dashed line at `level`."""
    width, height, left, right, top, bottom = 640, 240, 44, 12, 14, 34
    last, highest = max(points[-1][0], 1), 8

    def x(step):
        return left + (width - left - right) * step / last

    def y(bits):
        return top + (height - top - bottom) * (1 - bits / highest)

    parts = [f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="Bits per sample fall '
             f'from {points[0][1]:.2f} to {points[-1][1]:.2f} in {last} steps">']
    for bits in range(0, highest + 1, 2):
        parts.append(f'<path class="grid" d="M{left} {y(bits):.1f}H{width - right}"/>'
                     f'<text class="end" x="{left - 8}" y="{y(bits) + 4:.1f}">{bits}</text>')
    for step in (0, last // 2, last):
        anchor = {0: "", last: "end"}.get(step, "middle")
        parts.append(f'<text class="{anchor}" x="{x(step):.1f}" y="{height - 14}">{step:,}</text>')
    parts.append(f'<path class="level" d="M{left} {y(level):.1f}H{width - right}"/>'
                 f'<text class="end" x="{width - right}" y="{y(level) - 6:.1f}">{level_name}</text>')
    line = " ".join(f"{x(step):.1f},{y(bits):.1f}" for step, bits in points)
    parts.append(f'<polyline class="line" points="{line}"/></svg>')
    return "".join(parts)


def race(lines):
    """An SVG chart of falling errors, in per cent, by seconds. lines: (points, name, class)."""
    width, height, left, right, top, bottom = 640, 260, 44, 12, 14, 34
    last = max(points[-1][0] for points, _, _ in lines)
    highest = min(100, 10 * math.ceil(10 * max(points[0][1] for points, _, _ in lines)) or 10)

    def x(seconds):
        return left + (width - left - right) * seconds / last

    def y(error):
        return top + (height - top - bottom) * (1 - 100 * error / highest)

    ends = ", ".join(f"{name} {100 * points[-1][1]:.1f} per cent" for points, name, _ in lines)
    parts = [f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="Wrong answers fall: '
             f'{ends} at the end">']
    for percent in range(0, highest + 1, max(highest // 5, 1)):
        parts.append(f'<path class="grid" d="M{left} {y(percent / 100):.1f}H{width - right}"/>'
                     f'<text class="end" x="{left - 8}" y="{y(percent / 100) + 4:.1f}">'
                     f'{percent}&#160;%</text>')
    parts.append(f'<text x="{left}" y="{height - 14}">0 s</text><text class="end" '
                 f'x="{width - right}" y="{height - 14}">{last:.0f} s</text>')
    for i, (points, name, kind) in enumerate(lines):
        line = " ".join(f"{x(seconds):.1f},{y(error):.1f}" for seconds, error in points)
        parts.append(f'<polyline class="{kind}" points="{line}"/>')
        parts.append(f'<path class="{kind}" d="M{width - 150} {top + 12 + 18 * i}h24"/>'
                     f'<text x="{width - 118}" y="{top + 16 + 18 * i}">{name}</text>')
    parts.append("</svg>")
    return "".join(parts)


# ---- pieces of the page ----


def player(name, label):
    return (f'<audio controls preload="metadata" src="audio/{name}.wav" '
            f'aria-label="{html.escape(label)}"></audio>')


def sound(demo, name, title, label):
    """A spectrogram with a player below it."""
    seconds = demo.seconds(name)
    alt = f"Spectrogram of {label}, {seconds:.1f} seconds"
    return (f'<figure><figcaption><span>{title}</span> <small>{seconds:.1f} s</small></figcaption>'
            f'<img src="pictures/{name}.png" alt="{html.escape(alt)}" loading="lazy">'
            f'{player(name, label)}</figure>')


def row(cells):
    first, *rest = cells
    return f'<tr><th scope="row">{first}</th>' + "".join(f"<td>{c}</td>" for c in rest) + "</tr>"


def table(head, rows, caption):
    heads = "".join(f'<th scope="col">{c}</th>' for c in head)
    return (f'<div class="wide"><table><caption>{caption}</caption><thead><tr>{heads}</tr></thead>'
            f'<tbody>{"".join(map(row, rows))}</tbody></table></div>')


def command(*lines):
    """Shell commands to copy; one line a string."""
    return f"<pre><code>{html.escape(chr(10).join(lines))}</code></pre>"


# ---- sections ----


def intro(demo):
    info = demo.figure("info")
    return f"""<header><p class="kicker">agena, a demonstration</p>
<h1>A WaveNet that learned to&nbsp;speak in&nbsp;C</h1>
<p class="lead">Everything on this page was made on this machine a moment ago, by the command
<code>agena</code> and one model file: {info["weights"]:,} weights, {info["layers"]} layers, trained
by agena on two hours of recorded telephone prompts in
{len(info["languages"])} languages by {len(info["speakers"])} speakers. The model draws one audio
sample after another, {info["sample_rate"]:,} a second, each from the {field(demo)}&nbsp;ms before it
and from log-mel features every {1000 * info["hop"] / info["sample_rate"]:.1f}&nbsp;ms.</p></header>"""


def copies(demo):
    parts = ["""<section><h2>Copy synthesis</h2>
<p>The model hears a recording only as 80 mel-frequency energies every 200 samples, without phase and
with little of the fine structure, and speaks the waveform anew. These four prompts are from the test
split: it has never been trained on them. The distance is the mean absolute difference of the two
log-mel spectrograms.</p>"""]
    for p in prompts():
        name, text = p["name"], html.escape(p["text"])
        parts.append(
            f'<article><p class="said" lang="{p["code"]}">“{text}”</p>'
            f'<p class="who">{p["language"]}, {p["voice"]}; distance '
            f'{demo.distance(name):.1f}&nbsp;dB</p><div class="pair">'
            + sound(demo, name, "Recording", f'the {p["language"]} recording')
            + sound(demo, "copy-" + name, "WaveNet", f'the {p["language"]} copy synthesis')
            + "</div></article>")
    return "".join(parts) + command(
        "agena wavenet generate models/speech.safetensors \\",
        "  --mel demo/prompts/en-allison.g722 \\",
        "  --speaker allison --language en -o copy.wav") + "</section>"


def speed_rows(demo):
    for key, name in FORMATS.items():
        one, two = (demo.figure(f"{key}-{threads}") for threads in (1, 2))
        yield (name, f'{one["samples_per_second"]:,.0f}', f'{one["times_real_time"]:.1f}',
               f'{two["samples_per_second"]:,.0f}', f'{two["times_real_time"]:.1f}',
               f'{one["first_sample_ms"]:.0f}', f"{demo.distance(key):.1f}")


def speed(demo):
    streams = demo.figure("streams-8")
    head = ("Weights", "samples/s", "× real time", "2 threads: samples/s",
            "× real time", "first sample, ms", "distance, dB")
    players = "".join(sound(demo, f"{key}-1", name, f"the English prompt with {name} weights")
                      for key, name in FORMATS.items())
    return f"""<section><h2>Three ways to store the weights</h2>
<p>The sampler keeps every layer’s past in rings and reads each weight once a sample, so its speed
is that of the processor’s caches: smaller weights are faster weights. Here is the English prompt
with each. The time includes loading the model and computing the features.</p>
{table(head, speed_rows(demo), "One stream, measured once, while this page was made.")}
<p>Eight streams side by side on one thread: {streams["samples_per_second"]:,.0f} samples/s in all,
as every weight that is read serves them all.</p>
<div class="triple">{players}</div></section>"""


def field(demo):
    """The receptive field in whole milliseconds."""
    info = demo.figure("info")
    return round(1000 * info["receptive_field"] / info["sample_rate"])


def free(demo):
    shell = command("agena wavenet generate models/speech.safetensors \\",
                    "  --speaker carlo --language it --seconds 4 --temperature 0.8 -o free.wav")
    return f"""<section><h2>Free speech</h2>
<p>Some of the training excerpts had their features taken away, so the model also runs with nothing to
go by but a voice and a language. After this little training, and hearing only its last
{field(demo)}&nbsp;ms, it makes the hiss and murmur of a voice, not yet its syllables.</p>
<div class="pair">{sound(demo, "free-allison", "Allison, English", "free speech by Allison")}
{sound(demo, "free-carlo", "Carlo, Italian", "free speech by Carlo")}</div>
{shell}</section>"""


def likelihood(demo):
    measured = demo.figure("evaluation")
    if not measured:
        return ""
    rows = (("The bundled WaveNet", f'{measured["bits_per_sample"]:.3f}'),
            ("Linear prediction, order 32, fitted to each recording",
             f'{measured["linear_prediction_bits"]:.3f}'),
            ("Entropy of the 256 classes", f'{measured["entropy_bits"]:.3f}'),
            ("Uniform guess", "8.000"))
    shell = command("agena data speech -o build/speech",
                    "agena wavenet eval models/speech.safetensors \\",
                    "  --data build/speech --baselines")
    return f"""<section><h2>How well it predicts</h2>
<p>The model’s own measure is how many bits it would need for the next sample of a recording it
has not heard, given all before it.</p>
{table(("Model", "bits per sample"), rows,
       f"Test split, {measured['samples']:,} samples for the WaveNet; the simple models on all "
       f"{measured['recordings']} recordings.")}
{shell}</section>"""


def training(demo):
    trained = demo.figure("trained")
    if not trained:
        return ""
    points = curve(demo.path("figures", "training.tfevents"), "train/bits")
    steps = demo.figure("trained-info")["steps"]
    shell = command("agena data speech --languages en -o build/english",
                    "agena wavenet train demo/train.yaml \\",
                    "  --data build/english -o build/run")
    return f"""<section><h2>A minute of training</h2>
<p>While this page was made, a much smaller network learned from nothing, on the English prompts.
After {steps:,} steps it needs {trained["bits_per_sample"]:.2f}&nbsp;bits per sample on
recordings it has not heard.</p>
<figure class="chart">{chart(points, trained["entropy_bits"], "entropy of the classes")}
<figcaption>Bits per sample of each training batch, by step.</figcaption></figure>
{shell}</section>"""


def in_integers(demo):
    integers, real = demo.figure("integers-info"), demo.figure("float-info")
    if not integers:
        return ""
    lines = [(timed_curve(demo.path("figures", way + ".tfevents"), "valid/error"), name, kind)
             for way, name, kind in (("integers", "integers", "line"), ("float", "float32", "other"))]
    cost = demo.figure("cost")
    shell = command("agena wage train demo/wage.yaml -o build/clothes",
                    "agena wage train demo/wage.yaml -o build/twin --float",
                    "agena wage cost build/clothes/model.safetensors")
    if not all(points for points, _, _ in lines):
        return ""

    def ends(model):
        return f'{100 * model["curve"][-1]["error"]:.1f}', f'{64 * model["steps"]:,}'

    rows = (("Integers, weights of two bits", *ends(integers)), ("float32", *ends(real)))
    energy = [cost[way]["energy_uj"]["training_compute"] for way in ("float", "integers")]
    return f"""<section><h2>A network that computes in integers</h2>
<p>WAGE networks keep weights, activations, gradients and errors as whole numbers of a few bits; the
learning rate is a shift, and there is no floating point in training at all. Here one of
{integers["weights"]:,} weights learned to tell ten kinds of clothes apart, and then its twin of the same
shape in float32, for the same time. By published figures for 45&nbsp;nm, the arithmetic of a training
step in integers takes {energy[0] / energy[1]:.0f}&nbsp;times less energy.</p>
<figure class="chart">{race(lines)}
<figcaption>Wrong answers on 2,000 pictures held out, by seconds of training.</figcaption></figure>
{table(("Network", "wrong, %", "pictures seen"), rows, "Fashion-MNIST, 12,000 pictures to learn from; "
       "both ran one after the other while this page was made.")}
{shell}</section>"""


def on_device(demo):
    device, taken = demo.figure("device"), demo.figure("footprint")
    if not device:
        return ""
    shell = command("agena wage train demo/device/clothes.yaml -o build/small",
                    "agena wage export build/small/model.safetensors -o build/device --batch 8",
                    "demo/device/learn.py build/device figures.json")
    right = [f'{100 * device[key] / device["pictures"]:.0f}' for key in ("upright", "before", "after")]
    rows = (("Upright, weights in flash", right[0]), ("Turned, before it learns", right[1]),
            (f'Turned, after {device["steps"]} steps', right[2]))
    return f"""<section><h2>It goes on learning on a microcontroller</h2>
<p>A network of {taken["weights"]:,} weights was exported as plain C, without allocation, floating point
or library, and compiled for a Cortex-M4 with 256&nbsp;KB of RAM, which QEMU played here. Then the clothes
came turned by a quarter, and it learned them anew from {device["steps"]} batches of
{device["batch"]} pictures, in {device["ram_bytes"] / 1024:.0f}&nbsp;KB of RAM and
{device["flash_bytes"] / 1024:.0f}&nbsp;KB of flash, with {device["stack_bytes"]}&nbsp;bytes of stack.
The tests hold its weights to those of the library, byte for byte.</p>
{table(("Clothes", "right, %"), rows, f'{device["pictures"]} pictures of the test split.')}
{shell}</section>"""


def world(demo):
    levels, scores = demo.lines("levels"), demo.lines("baseline")
    rows = [(html.escape(level["name"].removeprefix("lab/")), html.escape(level["summary"]),
             f'{level["seconds"]}', f'{score["random"]:.1f}', f'{score["expert"]:.1f}')
            for level, score in zip(levels, scores)]
    shell = command("agena lab show all -o levels.png", "agena lab baseline",
                    "agena lab play lasertag_three_opponents_small")
    return f"""<section><h2>A world of thirty tasks</h2>
<p>Mazes, open land, platforms, puzzles, laser tag, instructions in words and experiments from
psychology, after DMLab-30: walls, sprites and sky are made by the program, every episode is drawn anew
from its seed, and a person can play each task in a window. This is what an agent sees, a glimpse of
each of the {len(levels)} levels in the order of the table.</p>
<img class="sheet" src="pictures/levels.png" alt="One picture of each level, six in a row" loading="lazy">
<p>Twenty seconds of laser tag, as the scripted expert plays it, beside the map from above.</p>
<img class="sheet" src="pictures/level.png" alt="Six moments of laser tag with maps" loading="lazy">
<details><summary>What there is to do, and the scores of the random agent and the expert</summary>
{table(("Level", "What to do", "seconds", "random", "expert"), rows,
       f'Mean of {scores[0]["episodes"]} episodes.')}</details>
{shell}</section>"""


def processor():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        names = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
    return names[0] if names else platform.machine()


def colophon(demo):
    when = time.strftime("%d %B %Y, %H:%M UTC", time.gmtime())
    machine = f"{processor()}, {os.cpu_count()} processors, {platform.system()} {platform.machine()}"
    return f"""<footer><h2>About this page</h2>
<p>Made on {when} by <code>./dev demo</code> on {html.escape(machine)}. Other programs that ran at the
same time make the figures smaller; <code>./dev bench</code> measures with care.</p>
<p>Recordings: Asterisk prompts, © Allison Smith and June Wallack
(<a href="https://creativecommons.org/licenses/by-sa/3.0/">CC&nbsp;BY-SA&nbsp;3.0</a>), Carlo Flora and
Maxim Topal, ivrvoice.ru (<a href="https://creativecommons.org/licenses/by/3.0/">CC&nbsp;BY&nbsp;3.0</a>).
The copies are adaptations by agena under the licence of their original.</p>
<details><summary>The model</summary><pre>{html.escape(read(demo.path("figures", "info.txt")))}</pre>
</details></footer>"""


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def page(demo):
    body = "".join(section(demo)
                   for section in (intro, copies, speed, free, likelihood, training,
                                   in_integers, on_device, world, colophon))
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>agena: a WaveNet speaks</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><link rel="icon" href="data:,">
<style>{read(os.path.join(HERE, "page.css"))}</style></head>
<body><main>{body}</main></body></html>
"""


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    demo = Demo(sys.argv[1])
    with open(demo.path("index.html"), "w", encoding="utf-8") as file:
        file.write(page(demo))


if __name__ == "__main__":
    main()
