"""agena wavenet generate: files, streams of PCM, seeds, threads, what cannot be written."""

import json
import os
import signal
import subprocess

from cases_train import on_a_small_disk
from workshop import RATE, agena, ended, read, samples_of, started, write


def generate(w, out, *more, seconds="0.5"):
    path = out if out == "-" else w.path(out)
    return agena("wavenet", "generate", w.model, "--seconds", seconds, *more, "-o", path)


def audio(w, *more):
    """The bytes of the samples of half a second."""
    generate(w, "made.wav", *more).succeeded()
    made, rate = samples_of(w.path("made.wav"))
    assert rate == RATE and len(made) == RATE, (rate, len(made))
    assert len(set(made)) > 10, "the audio is flat"
    return made


def wav_has_the_length_asked_for(w):
    audio(w)
    generate(w, "short.wav", seconds="0.000125").succeeded()
    assert len(samples_of(w.path("short.wav"))[0]) == 2


def standard_output_gets_the_same_samples(w):
    result = generate(w, "-").succeeded()
    assert result.out == audio(w)


def a_recording_gives_the_features_and_the_length(w):
    result = generate(w, "copy.wav", "--mel", w.recording, seconds="0").succeeded()
    made, _ = samples_of(w.path("copy.wav"))
    assert len(made) == len(samples_of(w.recording)[0]), result.err
    generate(w, "other.wav", "--mel", w.path("recordings/bob/03.wav"), seconds="0").succeeded()
    assert samples_of(w.path("other.wav"))[0] != made


def equal_seeds_give_equal_bytes(w):
    first = audio(w, "--seed", "5")
    assert audio(w, "--seed", "5") == first
    assert audio(w, "--seed", "5", "--threads", "2") == first
    assert audio(w, "--seed", "6") != first


def the_speaker_is_heard(w):
    assert audio(w, "--speaker", "ann") == audio(w)
    assert audio(w, "--speaker", "bob") != audio(w)


def streams_are_numbered_files(w):
    parts = {}
    for threads in ("1", "2"):
        generate(w, "many.wav", "--streams", "3", "--threads", threads).succeeded()
        for i in (1, 2, 3):
            part = samples_of(w.path(f"many-{i}.wav"))[0]
            assert parts.setdefault(i, part) == part, f"stream {i} depends on the threads"
    assert len(set(parts.values())) == 3 and parts[1] == audio(w)
    assert not os.path.exists(w.path("many.wav"))
    generate(w, "-", "--streams", "2").failed(2, "one stream")


def every_kind_of_weights(w):
    kinds = [audio(w, "--weights", kind) for kind in ("f32", "bf16", "int8")]
    assert kinds[0] == audio(w)
    for kind, made in zip(("bf16", "int8"), kinds[1:]):
        assert made != kinds[0] and audio(w, "--weights", kind, "--threads", "2") == made, kind


def temperature_0_leaves_nothing_to_chance(w):
    seeds = []
    for seed in "12":
        generate(w, "calm.wav", "--temperature", "0", "--seed", seed).succeeded()
        seeds.append(samples_of(w.path("calm.wav"))[0])
    assert seeds[0] == seeds[1] and len(seeds[0]) == RATE


def json_has_the_figures(w):
    figures = json.loads(generate(w, "made.wav", "--json").succeeded().text())
    assert figures["samples"] == RATE // 2 and figures["samples_per_second"] > 0, figures
    assert 0 <= figures["first_sample_ms"] <= 1000 * figures["seconds"] + 1, figures


def unknown_names_are_answered_with_the_known(w):
    generate(w, "none.wav", "--speaker", "carl").failed(1, "carl", "ann, bob")
    generate(w, "none.wav", "--language", "en").failed(1, "language")
    generate(w, "none.wav", "--mel", w.path("nowhere.wav")).failed(1, "nowhere.wav")
    generate(w, "none.wav", "--mel", w.recipe).failed(1, "recipe.yaml")
    assert not os.path.exists(w.path("none.wav"))


def places_that_cannot_be_written_are_told_before_the_work(w):
    for out in ("nowhere/made.wav", "recordings", "recipe.yaml/made.wav"):
        result = generate(w, out, seconds="7000").failed(1, w.path(out))
        assert "samples" not in result.err, result.err


def a_full_disk_keeps_the_old_file(w):
    done = on_a_small_disk(w, 8192, f"""
        echo old >disk/made.wav
        "$agena" wavenet generate '{w.model}' --seconds 1 -o disk/made.wav 2>errors
        echo $? >status
        ls disk >names
        cat disk/made.wav""")
    errors = read(w.path("errors")).decode()
    sentences = [line for line in errors.splitlines() if line.startswith("agena: ")]
    assert read(w.path("status")) == b"1\n" and len(sentences) == 1, errors
    assert "No space left on device" in sentences[0], sentences
    assert done.stdout == b"old\n" and read(w.path("names")) == b"made.wav\n"


def full_standard_output(w):
    with open("/dev/full", "wb") as full:
        for command in (("wavenet", "generate", w.model, "--seconds", "0.5", "-o", "-"),
                        ("info", w.model), ("info", w.model, "--json"), ("help",),
                        ("wavenet", "eval", w.model, "--data", w.data, "--json")):
            agena(*command, stdout=full).failed(1, "No space left on device")


def a_reader_that_leaves(w):
    process = started("wavenet", "generate", w.model, "--seconds", "7000", "-o", "-",
                      stdout=subprocess.PIPE)
    assert len(process.stdout.read(1000)) == 1000
    process.stdout.close()
    ended(process).failed(1, "Broken pipe")


def interruption_keeps_what_was_made(w):
    process = started("wavenet", "generate", w.model, "--seconds", "7000", "-o", "-",
                      stdout=subprocess.PIPE)
    process.stdout.read(1000)
    process.send_signal(signal.SIGINT)
    rest = process.stdout.read()
    result = ended(process).failed(130, "interrupted after")
    made = (1000 + len(rest)) // 2
    assert f"after {made} of 56000000 samples" in result.err, result.err


CASES = (wav_has_the_length_asked_for, standard_output_gets_the_same_samples,
         a_recording_gives_the_features_and_the_length, equal_seeds_give_equal_bytes,
         the_speaker_is_heard, streams_are_numbered_files, every_kind_of_weights,
         temperature_0_leaves_nothing_to_chance, json_has_the_figures,
         unknown_names_are_answered_with_the_known,
         places_that_cannot_be_written_are_told_before_the_work, a_full_disk_keeps_the_old_file,
         full_standard_output, a_reader_that_leaves, interruption_keeps_what_was_made)
