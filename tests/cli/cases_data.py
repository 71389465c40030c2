"""agena data: manifests of a folder, the list of known data sets."""

import json
import os

from workshop import SPEAKERS, agena, write


def audio_builds_a_manifest(w):
    out = agena("data", "audio", w.recordings, "-o", w.data, "--language", "en").succeeded().text()
    assert "speakers: 2" in out, out
    with open(os.path.join(w.data, "manifest.jsonl"), encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    rows = [row for row in rows if "path" in row]
    assert len(rows) == 40, len(rows)
    assert {row["speaker"] for row in rows} == set(SPEAKERS)
    assert {row["split"] for row in rows} == {"train", "valid", "test"}
    assert {(row["language"], row["sample_rate"]) for row in rows} == {("en", 8000)}
    lengths = sorted(round(row["seconds"] * 8000) for row in rows)
    assert lengths == sorted(2 * [2000 + 60 * i for i in range(20)]), lengths


def the_same_folder_gives_the_same_manifest(w):
    again = w.path("again")
    agena("data", "audio", w.recordings, "-o", again, "--language", "en",
          "--threads", "1").succeeded()
    with open(os.path.join(w.data, "manifest.jsonl"), "rb") as a:
        with open(os.path.join(again, "manifest.jsonl"), "rb") as b:
            assert a.read() == b.read()


def list_is_json(_):
    lines = agena("data", "list", "--json").succeeded().text().splitlines()
    sets = [json.loads(line) for line in lines]
    assert len(sets) > 1 and len({each["name"] for each in sets}) == len(sets)
    for each in sets:
        assert each["what"] and each["licence"] and each["download"] in (True, False), each
    out = agena("data", "list").succeeded().text()
    for each in sets:
        assert each["name"] in out


def wrong_folders_are_named(w):
    agena("data", "audio", w.path("nowhere"), "-o", w.data).failed(1, w.path("nowhere"))
    os.makedirs(w.path("empty"), exist_ok=True)
    agena("data", "audio", w.path("empty"), "-o", w.path("none")).failed(1, w.path("empty"))
    agena("data", "audio", w.recordings, "-o", w.recipe).failed(1, w.recipe)


def damaged_recordings_are_named(w):
    os.makedirs(w.path("damaged"), exist_ok=True)
    bad = write(w.path("damaged/bad.wav"), b"RIFF\xff\xff\xff\xffWAVEfmt ")
    agena("data", "audio", w.path("damaged"), "-o", w.path("none")).failed(1, bad)
    assert not os.path.exists(w.path("none"))


def unknown_data_sets_are_named(_):
    agena("data", "get", "nosuchset").failed(1, "nosuchset")


CASES = (audio_builds_a_manifest, the_same_folder_gives_the_same_manifest, list_is_json,
         wrong_folders_are_named, damaged_recordings_are_named, unknown_data_sets_are_named)
