"""agena's 3-D world of thirty tasks as environments of gymnasium.

    import gymnasium, agena_lab
    env = gymnasium.make("agena_lab/rooms_watermaze-v0")
    envs = gymnasium.make_vec("agena_lab/rooms_watermaze-v0", num_envs=64)  # on every processor

or agena_lab.LabEnv("rooms_watermaze") and agena_lab.LabVectorEnv("rooms_watermaze", 64).
agena_lab.levels() names the levels.

Observations are pictures [height, width, 3], or 4 with depth; levels with an instruction give a dict
of the picture and the text. An action is one of nine combinations, or with native_actions seven whole
numbers. A decision lasts `action_repeat` of the world's 60 ticks a second.
"""

import operator

import gymnasium
import numpy
from gymnasium.utils import seeding
from gymnasium.vector import AutoresetMode

from .batch import Batch
from .library import LIBRARY, VERSION as __version__, Error, LibraryError

__all__ = ["Error", "LabEnv", "LabVectorEnv", "LibraryError", "levels"]


def levels():
    """The names of the levels."""
    names = [LIBRARY.ag_env_name(i).decode() for i in range(LIBRARY.ag_env_count())]
    return [name.removeprefix("lab/") for name in names if name.startswith("lab/")]


def _draw(np_random):
    """A seed for the library out of gymnasium's generator."""
    return int(np_random.integers(1 << 62))


def _speaks(level):
    return level.startswith("language_")


def _set_rendering(env, render_mode, action_repeat):
    """For either class: the mode, and the rate at which decisions look natural."""
    if render_mode not in (None, "rgb_array"):
        raise ValueError(f"render_mode is None or 'rgb_array', not {render_mode!r}")
    env.render_mode = render_mode
    ticks = env.batch.spec.frames_per_second
    env.metadata = {**env.metadata, "render_fps": max(1, round(ticks / max(1, action_repeat)))}


class LabEnv(gymnasium.Env):
    """One world. Pickled, it is made anew from its arguments."""

    metadata = {"render_modes": ["rgb_array"], "render_fps": 15}

    def __init__(self, level, width=96, height=72, depth=False, action_repeat=4,
                 native_actions=False, render_mode=None):
        self.arguments = (level, width, height, depth, action_repeat, native_actions, render_mode)
        self.batch = Batch("lab/" + level, 1, 1, action_repeat, width, height, depth,
                           native_actions)
        self.text, self.seeded = _speaks(level), False
        self.observation_space = self.batch.observation_space(self.text)
        self.action_space = self.batch.action_space()
        _set_rendering(self, render_mode, action_repeat)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        if seed is not None or not self.seeded:
            self.batch.seed(0, _draw(self.np_random))
            self.seeded = True
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

    def __reduce__(self):
        return type(self), self.arguments


class LabVectorEnv(gymnasium.vector.VectorEnv):
    """Many worlds that step at once on `threads` processors (0: all). An ended one begins anew in
    the same step; its last observation is in info["final_obs"]. The world of index i with seed s is
    LabEnv's with seed s + i."""

    metadata = {"render_modes": ["rgb_array"], "render_fps": 15,
                "autoreset_mode": AutoresetMode.SAME_STEP}

    def __init__(self, level, num_envs, width=96, height=72, depth=False, action_repeat=4,
                 native_actions=False, threads=0, render_mode=None):
        self.arguments = (level, num_envs, width, height, depth, action_repeat, native_actions,
                          threads, render_mode)
        self.batch = Batch("lab/" + level, num_envs, threads, action_repeat, width, height, depth,
                           native_actions)
        self.text, self.seeded = _speaks(level), False
        self.num_envs = num_envs
        self.single_observation_space = self.batch.observation_space(self.text)
        self.single_action_space = self.batch.action_space()
        self.observation_space = gymnasium.vector.utils.batch_space(self.single_observation_space,
                                                                    num_envs)
        self.action_space = gymnasium.vector.utils.batch_space(self.single_action_space, num_envs)
        _set_rendering(self, render_mode, action_repeat)

    def _observations(self):
        if not self.text:
            return self.batch.arrays[0].copy()
        seen = [self.batch.observation(i, True) for i in range(self.num_envs)]
        return {key: numpy.stack([one[key] for one in seen])
                if isinstance(seen[0][key], numpy.ndarray) else tuple(one[key] for one in seen)
                for key in seen[0]}

    def _generators(self, seed):
        """For each world a generator to draw its seed from, or None where it goes on."""
        if seed is None and not self.seeded:
            return [self.np_random] * self.num_envs
        if seed is None:
            return [None] * self.num_envs
        if not isinstance(seed, (list, tuple, numpy.ndarray)):
            first = operator.index(seed)
            super().reset(seed=first)
            seed = [first + i for i in range(self.num_envs)]
        if len(seed) != self.num_envs:
            raise ValueError(f"{len(seed)} seeds for {self.num_envs} environments")
        return [None if s is None else seeding.np_random(int(s))[0] for s in seed]

    def _mask(self, options):
        mask = (options or {}).get("reset_mask")
        if mask is None:
            return numpy.ones(self.num_envs, bool)
        mask = numpy.asarray(mask)
        if mask.shape != (self.num_envs,) or mask.dtype != bool:
            raise ValueError(f"reset_mask is an array of {self.num_envs} booleans")
        return mask

    def reset(self, *, seed=None, options=None):
        mask = self._mask(options)
        for i, generator in enumerate(self._generators(seed)):
            if generator is not None and (mask[i] or not self.seeded):
                self.batch.seed(i, _draw(generator))
        self.seeded = True
        self.batch.reset(mask)
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

    def render(self):
        """A picture of each world."""
        if self.render_mode != "rgb_array":
            return None
        return tuple(self.batch.render(i) for i in range(self.num_envs))

    def close_extras(self, **kwargs):
        self.batch.close()

    def __reduce__(self):
        return type(self), self.arguments


for _level in levels():
    gymnasium.register(id=f"agena_lab/{_level}-v0", entry_point="agena_lab:LabEnv",
                       vector_entry_point="agena_lab:LabVectorEnv", kwargs={"level": _level})
