"""ViZDoom's basic scenario without a window, at its smallest picture (160 x 120 RGB), one action for
four tics: observations a second, new episodes included. Prints "ready", then a value a line "go"."""

import os
import random
import sys
import tempfile
import time

try:
    import vizdoom
except ImportError:
    venv = os.path.join(os.path.dirname(__file__), "../../build/gym-venv/bin/python")
    python = os.environ.get("AGENA_PYTHON") or venv
    if os.access(python, os.X_OK) and not os.environ.get("AGENA_PEER_RETRY"):
        os.environ["AGENA_PEER_RETRY"] = "1"
        os.execv(python, [python, __file__])
    sys.exit("this peer needs ViZDoom (pip install vizdoom, with AGENA_PYTHON its interpreter)")

STEPS, REPEAT = 2000, 4


def start():
    # The game is a process that takes turns with this one: on one processor neither has to wake another.
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    game = vizdoom.DoomGame()
    game.set_doom_config_path(os.path.join(tempfile.gettempdir(), "vizdoom.ini"))  # not in this folder
    game.load_config(os.path.join(vizdoom.scenarios_path, "basic.cfg"))
    game.set_screen_resolution(vizdoom.ScreenResolution.RES_160X120)
    game.set_screen_format(vizdoom.ScreenFormat.RGB24)
    game.set_window_visible(False)
    game.set_sound_enabled(False)
    game.set_mode(vizdoom.Mode.PLAYER)
    game.init()
    return game


def measure(game):
    actions = [[int(i == k) for i in range(3)] for k in range(3)]
    begun = time.perf_counter()
    seen = 0
    for _ in range(STEPS):
        if game.is_episode_finished():
            game.new_episode()
        seen += game.get_state().screen_buffer[0, 0, 0] >= 0
        game.make_action(random.choice(actions), REPEAT)
    return seen / (time.perf_counter() - begun)


def main():
    game = start()
    measure(game)
    print("ready", flush=True)
    for line in sys.stdin:
        if line.strip() != "go":
            break
        print(repr(float(measure(game))), flush=True)
    game.close()


main()
