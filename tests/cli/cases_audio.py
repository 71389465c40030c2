"""agena audio: compare, convert, spectrogram."""

import json
import os
import struct

from workshop import agena, read, samples_of, tone, write, write_wav


def compare_measures_a_distance(w):
    def distance(a, b):
        return json.loads(agena("audio", "compare", a, b, "--json").succeeded().text())

    other = w.path("recordings/bob/03.wav")
    assert distance(w.recording, w.recording) == {"mel_distance_db": 0.0}
    far = distance(w.recording, other)["mel_distance_db"]
    assert far > 3, far
    out = agena("audio", "compare", w.recording, other).succeeded().text()
    assert out == f"log-mel distance {far:.2f} dB\n", out


def convert_writes_wav(w):
    out = w.path("converted.wav")
    agena("audio", "convert", w.recording, "-o", out).succeeded()
    assert samples_of(out) == samples_of(w.recording)
    agena("audio", "convert", w.recording, "--rate", "16000", "-o", out).succeeded()
    made, rate = samples_of(out)
    assert rate == 16000 and len(made) == 2 * len(samples_of(w.recording)[0])


def spectrogram_draws_a_picture(w):
    out = w.path("picture.png")
    agena("audio", "spectrogram", w.recording, "-o", out).succeeded()
    picture = read(out)
    assert picture[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", picture[16:24])
    assert width > 10 and height == 128, (width, height)


def wrong_files_are_named(w):
    out = w.path("none.out")
    text = write(w.path("text.wav"), b"no audio at all, " * 10)
    cut = write(w.path("cut.wav"), read(w.recording)[:30])
    for path in (text, cut, w.path("nowhere.wav"), w.folder):
        agena("audio", "compare", w.recording, path).failed(1, path)
        agena("audio", "convert", path, "-o", out).failed(1, path)
        agena("audio", "spectrogram", path, "-o", out).failed(1, path)
    assert not os.path.exists(out)


def wrong_places_are_named(w):
    silent = write_wav(w.path("tone.wav"), tone(440, 800))
    for out in (w.path("nowhere/x"), w.recordings):
        agena("audio", "convert", silent, "-o", out).failed(1, out)
        agena("audio", "spectrogram", silent, "-o", out).failed(1, out)
    agena("audio", "convert", silent, "--rate", "1", "-o", w.path("x.wav")).failed(1, "1")


CASES = (compare_measures_a_distance, convert_writes_wav, spectrogram_draws_a_picture,
         wrong_files_are_named, wrong_places_are_named)
