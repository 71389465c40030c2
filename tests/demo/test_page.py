"""The demonstration's page: made from invented figures, and the real one where it has been built."""
import json
import os
import struct
import sys
import tempfile
import wave

import check_page
import tap

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
sys.path.insert(0, os.path.join(ROOT, "demo"))
import page  # noqa: E402

GENERATED = {"samples": 16000, "seconds": 0.5, "samples_per_second": 32000, "times_real_time": 2.0,
             "first_sample_ms": 40.0}
MEASURED = {"bits_per_sample": 2.5, "samples": 1000, "recordings": 3, "entropy_bits": 7.5,
            "linear_prediction_bits": 5.5}
INFO = {"weights": 1000, "layers": 4, "steps": 10, "sample_rate": 16000, "receptive_field": 160,
        "hop": 200, "languages": ["en"], "speakers": ["allison"]}

CLOTHES = {"weights": 2000, "steps": 300, "curve": [{"epoch": 1, "loss": 0.5, "error": 0.125}]}
COST = {way: {"energy_uj": {"training_compute": energy}} for way, energy in
        (("integers", 2.0), ("float", 50.0))}
DEVICE = {"pictures": 200, "upright": 170, "before": 10, "after": 150, "steps": 300, "batch": 8,
          "ram_bytes": 122 * 1024, "flash_bytes": 73 * 1024, "stack_bytes": 552}


def write_wav(path, amplitude=8000):
    with wave.open(path, "wb") as file:
        file.setparams((1, 2, 16000, 0, "NONE", ""))
        file.writeframes(struct.pack("<h", amplitude) * 16000)


def varint(value):
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def field(number, kind, payload):
    size = varint(len(payload)) if kind == 2 else b""
    return varint(number << 3 | kind) + size + payload


def write_events(path, points, tag=b"train/bits"):
    """TensorBoard's format, with checksums left at zero; step s at s seconds after 100."""
    with open(path, "wb") as file:
        events = [field(1, 1, struct.pack("<d", 100)) + field(3, 2, b"brain.Event:2")]
        for step, bits in points:
            value = field(1, 2, tag) + field(2, 5, struct.pack("<f", bits))
            events.append(field(1, 1, struct.pack("<d", 100 + step)) + field(2, 0, varint(step)) +
                          field(5, 2, field(1, 2, value)))
        for event in events:
            file.write(struct.pack("<QI", len(event), 0) + event + bytes(4))


def fill(folder):
    """What demo.sh leaves behind."""
    names = [p["name"] for p in page.prompts()]
    copies = ["copy-" + name for name in names]
    formats = [f"{weights}-{threads}" for weights in page.FORMATS for threads in (1, 2)]
    generated = copies + formats + ["free-allison", "free-carlo"]
    for part in ("audio", "pictures", "figures"):
        os.mkdir(os.path.join(folder, part))
    for name in names + generated:
        write_wav(os.path.join(folder, "audio", name + ".wav"))
        with open(os.path.join(folder, "pictures", name + ".png"), "wb") as file:
            file.write(b"\x89PNG\r\n\x1a\n")
    figures = {name: GENERATED for name in generated + ["streams-8"]}
    figures |= {"distance-" + name: {"mel_distance_db": 3.0} for name in [*names, *page.FORMATS]}
    figures |= {"integers-info": CLOTHES, "float-info": CLOTHES, "cost": COST}
    figures |= {"device": DEVICE, "footprint": {"weights": 54216}}
    figures |= {"info": INFO, "trained-info": INFO, "evaluation": MEASURED, "trained": MEASURED}
    lines = {"levels": {"name": "lab/maze", "seconds": 90, "summary": "find the <goal>"},
             "baseline": {"level": "lab/maze", "episodes": 2, "random": 1.5, "expert": 20.0}}
    for name, line in lines.items():
        with open(os.path.join(folder, "figures", name + ".jsonl"), "w", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
    for name in ("levels", "level"):
        with open(os.path.join(folder, "pictures", name + ".png"), "wb") as file:
            file.write(b"\x89PNG\r\n\x1a\n")
    for name, figure in figures.items():
        with open(os.path.join(folder, "figures", name + ".json"), "w", encoding="utf-8") as file:
            json.dump(figure, file)
    with open(os.path.join(folder, "figures", "info.txt"), "w", encoding="utf-8") as file:
        file.write("a model <of few words> & fewer weights\n")
    write_events(os.path.join(folder, "figures", "training.tfevents"), [(10, 7.5), (300, 5.25)])
    for way, points in (("integers", [(1, 0.5), (9, 0.125)]), ("float", [(2, 0.25), (8, 0.125)])):
        write_events(os.path.join(folder, "figures", way + ".tfevents"), points, b"valid/error")


def made(change=lambda folder: None):
    """Faults of a page made from invented figures, after `change` to its folder."""
    with tempfile.TemporaryDirectory() as folder:
        fill(folder)
        with open(os.path.join(folder, "index.html"), "w", encoding="utf-8") as file:
            file.write(page.page(page.Demo(folder)))
        change(folder)
        return check_page.faults(folder)


def test_page_is_sound():
    assert made() == [], made()


def test_missing_sound_is_found():
    found = made(lambda folder: os.remove(os.path.join(folder, "audio", "free-carlo.wav")))
    assert found == ["audio/free-carlo.wav is missing or empty"], found


def test_silence_is_found():
    found = made(lambda folder: write_wav(os.path.join(folder, "audio", "int8-1.wav"), 0))
    assert found == ["audio/int8-1.wav has no sound"], found


def test_broken_picture_is_found():
    def spoil(folder):
        with open(os.path.join(folder, "pictures", "int8-1.png"), "wb") as file:
            file.write(b"GIF89a")
    found = made(spoil)
    assert found == ["pictures/int8-1.png is no PNG file"], found


def test_bad_nesting_is_found():
    def spoil(folder):
        with open(os.path.join(folder, "index.html"), "a", encoding="utf-8") as file:
            file.write("<p><em>text</p>")
    assert "</p> closes nothing" in made(spoil)


def test_parts_may_be_left_out():
    with tempfile.TemporaryDirectory() as folder:
        fill(folder)
        for name in ("evaluation", "trained", "integers-info", "device"):
            os.remove(os.path.join(folder, "figures", name + ".json"))
        text = page.page(page.Demo(folder))
    assert "How well it predicts" not in text and "minute of training" not in text
    assert "computes in integers" not in text and "microcontroller" not in text


def test_integers_beside_float():
    with tempfile.TemporaryDirectory() as folder:
        fill(folder)
        text = page.page(page.Demo(folder))
        points = page.timed_curve(os.path.join(folder, "figures", "float.tfevents"), "valid/error")
    assert points == [(2, 0.25), (8, 0.125)], points
    assert "25&nbsp;times less energy" in text and "19,200" in text
    assert "integers 12.5 per cent, float32 12.5 per cent at the end" in text


def test_learning_on_a_device():
    with tempfile.TemporaryDirectory() as folder:
        fill(folder)
        text = page.page(page.Demo(folder))
    assert "54,216 weights" in text and "122&nbsp;KB of RAM" in text
    assert '<th scope="row">Turned, before it learns</th><td>5</td>' in text


def test_training_log_is_read():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "events")
        write_events(path, [(10, 7.5), (300, 5.25)])
        assert page.curve(path, "train/bits") == [(10, 7.5), (300, 5.25)]
        assert page.curve(path, "train/other") == []


def test_prompts_exist():
    for prompt in page.prompts():
        path = os.path.join(ROOT, "demo", "prompts", prompt["file"])
        assert 8000 < os.path.getsize(path) < 65536, path


def test_built_page():
    folder = os.path.join(ROOT, "build", "demo")
    if not os.path.exists(os.path.join(folder, "index.html")):
        raise tap.Skip("./dev demo has not been run")
    found = check_page.faults(folder)
    assert found == [], found


tap.run(globals())
