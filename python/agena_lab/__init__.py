"""agena's 3-D world of thirty tasks as environments of gymnasium.

    env = gymnasium.make("agena_lab/rooms_watermaze-v0")     # after import agena_lab
    env = agena_lab.LabEnv("rooms_watermaze")
    envs = agena_lab.LabVectorEnv("rooms_watermaze", 64)     # steps on every processor

Observations are pictures [height, width, 3]; levels with an instruction give a dict of the picture
and the text. An action is one of nine combinations, or with native_actions seven whole numbers.
"""

import gymnasium
import numpy
from gymnasium.vector import AutoresetMode

from .batch import Batch
from .library import LIBRARY, Error

__all__ = ["Error", "LabEnv", "LabVectorEnv", "levels"]


def levels():
    """The names of the levels."""
    names = [LIBRARY.ag_env_name(i).decode() for i in range(LIBRARY.ag_env_count())]
    return [name.removeprefix("lab/") for name in names if name.startswith("lab/")]


def _seed(np_random):
    return int(np_random.integers(1 << 62))


def _speaks(level):
    return level.startswith("language_")


class LabEnv(gymnasium.Env):
    """One world. A decision lasts `action_repeat` of its 60 ticks a second."""

    metadata = {"render_modes": ["rgb_array"], "render_fps": 15}

    def __init__(self, level, width=96, height=72, depth=False, action_repeat=4,
                 native_actions=False, render_mode=None):
        self.batch = Batch("lab/" + level, 1, 1, action_repeat, width, height, depth,
                           native_actions)
        self.text = _speaks(level)
        self.observation_space = self.batch.observation_space(self.text)
        self.action_space = self.batch.action_space()
        self.render_mode = render_mode

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        if seed is not None:
            self.batch.seed(0, _seed(self.np_random))
        self.batch.reset()
        return self.batch.observation(0, self.text), {}

    def step(self, action):
        self.batch.step([action])
        return (self.batch.observation(0, self.text), float(self.batch.reward[0]),
                bool(self.batch.terminated[0]), bool(self.batch.truncated[0]), {})

    def render(self):
        return self.batch.render(0) if self.render_mode == "rgb_array" else None

    def close(self):
        self.batch.close()


class LabVectorEnv(gymnasium.vector.VectorEnv):
    """Many worlds that step at once on `threads` processors (0: all). An ended one begins anew in
    the same step; its last observation is in info["final_obs"]."""

    metadata = {"render_modes": [], "autoreset_mode": AutoresetMode.SAME_STEP}

    def __init__(self, level, num_envs, width=96, height=72, depth=False, action_repeat=4,
                 native_actions=False, threads=0):
        self.batch = Batch("lab/" + level, num_envs, threads, action_repeat, width, height, depth,
                           native_actions)
        self.text = _speaks(level)
        self.num_envs = num_envs
        self.render_mode = None
        self.single_observation_space = self.batch.observation_space(self.text)
        self.single_action_space = self.batch.action_space()
        self.observation_space = gymnasium.vector.utils.batch_space(self.single_observation_space,
                                                                    num_envs)
        self.action_space = gymnasium.vector.utils.batch_space(self.single_action_space, num_envs)

    def _observations(self):
        if not self.text:
            return self.batch.arrays[0].copy()
        seen = [self.batch.observation(i, True) for i in range(self.num_envs)]
        return {key: numpy.stack([one[key] for one in seen])
                if isinstance(seen[0][key], numpy.ndarray) else tuple(one[key] for one in seen)
                for key in seen[0]}

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        if seed is not None:
            for i in range(self.num_envs):
                self.batch.seed(i, _seed(self.np_random))
        self.batch.reset()
        return self._observations(), {}

    def step(self, actions):
        self.batch.step(actions)
        reward = self.batch.reward.astype(numpy.float64)
        terminated = self.batch.terminated.astype(bool)
        truncated = self.batch.truncated.astype(bool)
        ended, info = terminated | truncated, {}
        if ended.any():
            final = numpy.full(self.num_envs, None, object)
            for i in numpy.flatnonzero(ended):
                final[i] = self.batch.observation(i, self.text)
            info = {"final_obs": final, "_final_obs": ended.copy(),
                    "final_info": {}, "_final_info": ended.copy()}
            self.batch.reset(ended)
        return self._observations(), reward, terminated, truncated, info

    def close_extras(self, **kwargs):
        self.batch.close()


for _level in levels():
    gymnasium.register(id=f"agena_lab/{_level}-v0", entry_point=LabEnv, kwargs={"level": _level})
