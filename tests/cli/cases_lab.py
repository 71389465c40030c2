"""The levels of the 3-D world: list, pictures, films, scores, playing."""

import json
import os
import shutil
import struct

from workshop import Skip, agena, read

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
    assert picture_size(path) == (3 * (64 + 48 + 4) + 4, 2 * (48 + 10 + 4) + 4)
    first = read(path)
    agena("lab", "show", "lab/" + LEVEL, "--width", 64, "--height", 48, "--frames", 5, "-o",
          path).succeeded()
    assert read(path) == first
    agena("lab", "show", "all", "--width", 32, "--height", 24, "--seconds", 1, "-o",
          path).succeeded()
    assert picture_size(path) == (6 * 36 + 4, 6 * (24 + 10 + 4) + 4)


def show_draws_any_size(w):
    path = w.path("size.png")
    for width, height in ((1, 1), (4096, 3), (1, 300), (7, 2)):
        agena("lab", "show", LEVEL, "--width", width, "--height", height, "--frames", 1,
              "--seconds", 0.2, "-o", path).succeeded()
        assert picture_size(path)[0] == width + height + 8
    agena("lab", "show", LEVEL, "--width", 0, "-o", path).failed(2, "--width", "4096")


def films_need_ffmpeg(w):
    if "MESON_EXE_WRAPPER" in os.environ:
        raise Skip("qemu-user's posix_spawn does not tell that a program cannot be started")
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
    else:
        assert result.text().startswith("episode 0: left after 0."), result.text()


def wrong_levels_and_files(w):
    for command in ("show", "play", "baseline"):
        more = ("-o", w.path("none.png")) if command == "show" else ()
        agena("lab", command, "nowhere", *more).failed(1, "nowhere", "agena lab list")
    agena("lab", "play", "rooms_watermase").failed(1, "did you mean rooms_watermaze?")
    agena("lab", "play", "keys_doors").failed(1, "did you mean rooms_keys_doors_puzzle?")
    agena("lab", "show", LEVEL, "-o", w.path("none.bmp")).failed(2, ".png", ".gif")
    agena("lab", "show", "all", "-o", w.path("none.mp4")).failed(2, "none.mp4", ".png")
    agena("lab", "show", LEVEL, "--width", 321, "--seconds", 1, "-o",
          w.path("none.gif")).failed(1, "even width")
    agena("lab", "show", LEVEL, "--seconds", 1, "-o", w.path("no/none.gif")).failed(1, "no/none.gif")
    agena("lab", "play", LEVEL, "--record", w.path("no/scores.jsonl")).failed(1, "no/scores.jsonl")
    agena("lab", "show", LEVEL, "--frames", 1, "-o", w.path("no/none.png")).failed(1, "no/none.png")
    agena("lab", "show", LEVEL, "--width", 1920, "--height", 1080, "--frames", 400, "-o",
          w.path("none.png")).failed(1, "too large")


CASES = (list_names_thirty_tasks, show_draws_a_sheet, show_draws_any_size, films_need_ffmpeg, baseline_is_a_scale,
         play_without_a_screen, wrong_levels_and_files)
