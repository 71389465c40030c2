"""An environment that does next to nothing, to measure what the bridge to Gymnasium costs."""

import gymnasium
import numpy as np


class Trivial(gymnasium.Env):
    observation_space = gymnasium.spaces.Box(0, 1, (4,), np.float32)
    action_space = gymnasium.spaces.Discrete(2)
    nothing = np.zeros(4, np.float32)

    def reset(self, *, seed=None, options=None):
        return self.nothing, {}

    def step(self, action):
        return self.nothing, 0.0, False, False, {}


gymnasium.register("Trivial-v0", entry_point=Trivial)
