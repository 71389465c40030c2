"""agena info and agena wavenet eval, and files that are no models."""

import json
import os
import struct

from workshop import agena, read, write


def info_describes_the_model(w):
    facts = json.loads(agena("info", w.model, "--json").succeeded().text())
    expected = {"kind": "wavenet", "sample_rate": 8000, "layers": 4, "stacks": 2, "residual": 8,
                "receptive_field": 7, "speakers": ["ann", "bob"], "languages": [], "steps": 240,
                "local_features": 80, "hop": 80}
    assert {key: facts[key] for key in expected} == expected, facts
    out = agena("info", w.model).succeeded().text()
    for part in ("8000 Hz", "240 steps", "4 in 2 stacks", "ann, bob", str(facts["weights"])):
        assert part in out, out


def eval_measures_bits(w):
    def evaluate(*more):
        result = agena("wavenet", "eval", w.model, "--data", w.data, "--json", *more)
        return json.loads(result.succeeded().text())

    plain = evaluate()
    assert set(plain) == {"split", "bits_per_sample", "samples", "recordings"}, plain
    assert plain["split"] == "test" and plain["samples"] > 0 and 0 < plain["bits_per_sample"] < 8
    assert evaluate("--threads", "1") == plain
    full = evaluate("--baselines")
    assert {key: full[key] for key in plain} == plain
    assert 0 < full["entropy_bits"] <= 8 and 0 < full["linear_prediction_bits"] < 8, full
    train = evaluate("--split", "train", "--limit", "3")
    assert train["split"] == "train" and train["recordings"] > plain["recordings"]


def eval_prints_for_people(w):
    out = agena("wavenet", "eval", w.model, "--data", w.data, "--baselines").succeeded().text()
    assert out.count("bits a sample") == 3 and len(out.splitlines()) == 3, out


def eval_needs_the_models_speakers(w):
    other = w.path("other")
    agena("data", "audio", w.recordings, "-o", other, "--speaker", "carl").succeeded()
    agena("wavenet", "eval", w.model, "--data", other).failed(1, "carl")


USES = (("info",), ("wavenet", "generate", "-o", "none.wav"), ("wavenet", "eval", "--data", "none"))


def no_model(w):
    path = write(w.path("none.safetensors"), b"This is no model, only a sentence about one.\n")
    for use in USES:
        agena(*use, path).failed(1, path)
        agena(*use, w.path("nowhere")).failed(1, w.path("nowhere"), "No such file")
        agena(*use, w.folder).failed(1, w.folder)
    assert not os.path.exists("none.wav")


def truncated_models(w):
    whole = read(w.model)
    for size in (0, 1, 7, 8, 100, len(whole) // 2, len(whole) - 1):
        path = write(w.path("cut.safetensors"), whole[:size])
        agena("info", path).failed(1, path)


def flipped_bits(w):
    """In the header: an error, or, in a name, another name; never a crash."""
    whole = read(w.model)
    header = 8 + struct.unpack("<Q", whole[:8])[0]
    refused = 0
    for at in list(range(9)) + list(range(9, header, header // 40)):
        flipped = bytearray(whole)
        flipped[at] ^= 1 << at % 7
        path = write(w.path("flipped.safetensors"), flipped)
        result = agena("info", path)
        if result.code == 0:
            assert at > 8 and "agena: " not in result.err, f"byte {at}: {result.err}"
        else:
            refused += 1
            result.failed(1, path)
    assert refused > 20, refused


CASES = (info_describes_the_model, eval_measures_bits, eval_prints_for_people,
         eval_needs_the_models_speakers, no_model, truncated_models, flipped_bits)
