"""The word counting of tools/speech_quality.py; and the whole of it with programs that play their part."""
import argparse
import json
import os
import stat
import sys
import tempfile

import tap

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
sys.path.insert(0, os.path.join(ROOT, "tools"))
import speech_quality as quality  # noqa: E402

AGENA = """#!/bin/sh
# Stands in for agena: every recording is its own copy, at 2 dB.
case "$2" in
compare) echo '{"mel_distance_db":2.0}' ;;
convert | generate) for last; do :; done; : >"$last" ;;
esac
"""
SPHINX = """#!/bin/sh
# Stands in for the recogniser: perfect on originals, deaf to one word of the copies.
while [ $# -gt 0 ]; do
    case "$1" in -cepdir) folder=$2 ;; -hyp) result=$2 ;; esac
    shift
done
case "$folder" in
*original) echo "press one now (000 -1234)" >"$result" ;;
*) echo "press(2) won now (000 -99)" >"$result" ;;
esac
"""


def test_words():
    assert quality.words("Press 1, then the user's 'pound' key...") == [
        "press", "one", "then", "the", "user's", "pound", "key"]
    assert quality.words("12 42 90 805") == [
        "twelve", "forty", "two", "ninety", "eight", "zero", "five"]
    assert quality.words("re-entered") == ["re", "entered"]


def test_matches():
    def count(reference, hypothesis):
        return sorted(quality.matched(reference.split(), hypothesis.split()))
    assert count("a b c", "a b c") == [0, 1, 2]
    assert count("a b c", "") == [] and count("", "a") == []
    assert count("a b c", "x a c") == [0, 2]
    assert count("a b c d", "a x d") == [0, 3]
    assert count("a b", "b a") in ([0], [1])
    assert count("one two three", "four five six") == []


def test_repeated_words_match_once():
    assert len(quality.matched("no no no".split(), "no".split())) == 1


def test_shares():
    record = {"path": "p", "seconds": 2.0, "text": "press 1 now"}
    each = quality.compare(record, "press one now".split(), "press won now".split(), 4.0)
    assert (each["words"], each["original_correct"], each["both_correct"]) == (3, 3, 2)
    worse = quality.compare(record | {"seconds": 6.0}, ["press"], "press one now".split(), 8.0)
    assert (worse["copy_correct"], worse["both_correct"]) == (3, 1)
    options = argparse.Namespace(model="m", weights="f32", seed=1, temperature=1.0, language="en",
                                 split=["test"])
    total = quality.summarise(options, [each, worse])
    assert total["share"] == 0.75 and total["mel_distance_db"] == 7.0


def program(path, text):
    with open(path, "w", encoding="ascii") as file:
        file.write(text)
    os.chmod(path, os.stat(path).st_mode | stat.S_IXUSR)


def test_whole_run():
    with tempfile.TemporaryDirectory() as folder:
        program(os.path.join(folder, "agena"), AGENA)
        program(os.path.join(folder, "pocketsphinx_batch"), SPHINX)
        record = {"path": "a.g722", "speaker": "s", "language": "en", "text": "Press 1 now.",
                  "seconds": 1.0, "split": "test", "sample_rate": 16000}
        others = [record | {"language": "fr"}, record | {"split": "train"}, record | {"text": ""}]
        with open(os.path.join(folder, "manifest.jsonl"), "w", encoding="utf-8") as file:
            file.writelines(json.dumps(r) + "\n" for r in [record, *others])
        os.environ["PATH"] = folder + os.pathsep + os.environ["PATH"]
        sys.argv = ["speech_quality.py", "model", "--data", folder, "--agena",
                    os.path.join(folder, "agena")]
        result = quality.measure(quality.parse(), folder)
    assert (result["utterances"], result["words"]) == (1, 3)
    assert (result["original_correct"], result["both_correct"]) == (3, 2)
    assert result["mel_distance_db"] == 2.0


tap.run(globals())
