"""Environments for the tests of gym:, named "gym_worlds:Mixed-v0" and so on: spaces of all kinds, and
things that go wrong on the third step."""
import os
import re
import signal
import subprocess
import sys
import time

import gymnasium
import numpy as np
from gymnasium import spaces


class Mixed(gymnasium.Env):
    """Observes the last action in many forms."""
    metadata = {"render_modes": ["rgb_array"], "render_fps": 12}
    observation_space = spaces.Dict({
        "picture": spaces.Box(0, 255, (3, 4, 3), np.uint8),
        "inner": spaces.Tuple([spaces.Box(-1, 1, (2, 2), np.float64), spaces.Discrete(5, start=10)]),
        "mission": spaces.Text(20, charset="abcdefghijklmnopqrstuvwxyz é"),
        "flags": spaces.MultiBinary(3),
        "deep": spaces.Box(-np.inf, np.inf, (1, 2, 1, 2, 3), np.float32),
        "lone": spaces.Box(0, 9, (), np.int64),
    })
    action_space = spaces.Dict({
        "jump": spaces.Discrete(3, start=-1),
        "legs": spaces.MultiDiscrete([2, 4]),
        "turn": spaces.Tuple([spaces.Box(-2, 2, (1,), np.float32), spaces.MultiBinary(2)]),
    })

    def __init__(self, render_mode=None, mission="go on"):
        self.render_mode, self.mission = render_mode, mission

    def observation(self, action):
        lone = 0 if action is None else action["jump"] + 1
        legs = [0, 0] if action is None else action["legs"]
        turn = 0 if action is None else action["turn"][0][0]
        bits = [0, 0] if action is None else action["turn"][1]
        return {"picture": np.full((3, 4, 3), self.steps, np.uint8),
                "inner": (np.array([[turn, legs[0]], [legs[1], 0.5]]), 10 + self.steps),
                "mission": self.mission if self.steps else self.mission * 30,
                "flags": np.array([*bits, 1], np.int8),
                "deep": np.arange(12, dtype=np.float32).reshape(1, 2, 1, 2, 3),
                "lone": np.int64(lone)}

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.steps = 0
        return self.observation(None), {}

    def step(self, action):
        assert self.action_space.contains(action), action
        print("what an environment prints must not reach our output")
        self.steps += 1
        return self.observation(action), 0.25, False, self.steps == 4, {}

    def render(self):
        return np.full((5, 7, 3), 100 + self.steps, np.uint8) if self.render_mode else None


class Troubled(gymnasium.Env):
    observation_space = spaces.Box(0, 1, (1,), np.float32)
    action_space = spaces.Discrete(2)

    def __init__(self, trouble="none"):
        self.trouble = trouble

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.steps = 0
        return self.np_random.random(1, np.float32), {}

    def step(self, action):
        self.steps += 1
        if self.steps == 3 and action == 1:
            {"error": self.err, "exit": lambda: os._exit(3), "hang": lambda: time.sleep(600),
             "kill": lambda: os.kill(os.getpid(), signal.SIGKILL), "leave": lambda: sys.exit(4),
             "fork": lambda: os.fork() and os._exit(3) or time.sleep(600), "hold": hold,
             "close": lambda: os.closerange(3, 100), "long": lambda: self.err("é" * 2000),
             "stdin": lambda: self.err(repr(sys.stdin.read()))}.get(self.trouble, int)()
            if self.trouble == "shape":
                return np.zeros(3, np.float32), 1.0, False, False, {}
        return self.np_random.random(1, np.float32), 1.0, self.steps == 5, False, {}

    def err(self, what="the wheel\ncame off"):
        raise ValueError(what)


def hold():
    """Start a program and never let go of the interpreter."""
    with subprocess.Popen(["sleep", "600"]):
        re.match("(a+)+$", "a" * 64 + "b")


class Known(Troubled):
    """Observes the number of its process."""
    observation_space = spaces.Box(0, np.inf, (1,), np.float64)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        return np.array([os.getpid()], np.float64), {}

    def step(self, action):
        return np.array([os.getpid()], np.float64), 1.0, False, False, {}


class Unheard(Troubled):
    observation_space = spaces.Sequence(spaces.Discrete(2))


class Wide(Troubled):
    action_space = spaces.MultiBinary(65)


for world in (Mixed, Troubled, Known, Unheard, Wide):
    gymnasium.register(world.__name__ + "-v0", entry_point=world)
