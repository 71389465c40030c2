"""The levels of the 3-D world: list, pictures, films, scores, playing."""

import json
import os
import shutil
import struct

from workshop import agena, read

LEVEL = "rooms_select_nonmatching_object"


def picture_size(path):
    data = read(path)
    assert data[:8] == b"\x89PNG\r\n\x1a\n", data[:8]
    return struct.unpack(">II", data[16:24])


def list_names_thirty_tasks(_):
    levels = [json.loads(line)
              for line in agena("lab", "list", "--json").succeeded().text().splitlines()]
    names = [level["name"] for level in levels]
    assert len(names) == len(set(names)) == 32, names
    tasks = {name.removesuffix("_train").removesuffix("_test") for name in names}
    assert len(tasks) == 30, tasks
    assert sum(level["instruction"] for level in levels) == 4
    assert agena("lab", "list").succeeded().text().count("\n") == 32


def show_draws_a_sheet(w):
    path = w.path("level.png")
    agena("lab", "show", LEVEL, "--width", 64, "--height", 48, "--frames", 5, "-o",
          path).succeeded()
    assert picture_size(path) == (3 * (64 + 48 + 4) + 4, 2 * (48 + 4) + 4)
    first = read(path)
    agena("lab", "show", "lab/" + LEVEL, "--width", 64, "--height", 48, "--frames", 5, "-o",
          path).succeeded()
    assert read(path) == first
    agena("lab", "show", "all", "--width", 32, "--height", 24, "--seconds", 1, "-o",
          path).succeeded()
    assert picture_size(path) == (6 * 36 + 4, 6 * 28 + 4)


def films_need_ffmpeg(w):
    path = w.path("level.gif")
    words = ("lab", "show", LEVEL, "--width", 64, "--height", 48, "--seconds", 1, "-o", path)
    before = os.environ["PATH"]
    os.environ["PATH"] = w.folder
    try:
        agena(*words).failed(1, "ffmpeg", "install")
    finally:
        os.environ["PATH"] = before
    assert not os.path.exists(path) and not os.path.exists(path + ".part")
    if shutil.which("ffmpeg"):
        agena(*words).succeeded()
        assert read(path)[:6] == b"GIF89a"


def baseline_is_a_scale(_):
    words = ("lab", "baseline", LEVEL, "--episodes", 3, "--json")
    one = agena(*words, "--threads", 1).succeeded().text()
    assert agena(*words, "--threads", 3).succeeded().text() == one
    scores = json.loads(one)
    assert scores["level"] == "lab/" + LEVEL and scores["episodes"] == 3
    assert scores["expert"] > 50 > scores["random"], scores


def play_without_a_screen(_):
    os.environ["SDL_VIDEODRIVER"] = "dummy"
    try:
        result = agena("lab", "play", LEVEL, "--seconds", 0.2)
    finally:
        del os.environ["SDL_VIDEODRIVER"]
    if result.code:
        result.failed(1, "built without SDL2", "libsdl2-dev")


def wrong_levels_and_files(w):
    for command in ("show", "play", "baseline"):
        more = ("-o", w.path("none.png")) if command == "show" else ()
        agena("lab", command, "nowhere", *more).failed(1, "nowhere", "agena lab list")
    agena("lab", "show", LEVEL, "-o", w.path("none.bmp")).failed(2, ".png", ".gif")
    agena("lab", "show", LEVEL, "--frames", 1, "-o", w.path("no/none.png")).failed(1, "no/none.png")
    agena("lab", "show", LEVEL, "--width", 1920, "--height", 1080, "--frames", 400, "-o",
          w.path("none.png")).failed(1, "too large")


CASES = (list_names_thirty_tasks, show_draws_a_sheet, films_need_ffmpeg, baseline_is_a_scale,
         play_without_a_screen, wrong_levels_and_files)
