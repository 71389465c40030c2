"""A batch of agena's environments on numpy arrays, below the interfaces of gymnasium."""

import ctypes
import os
import weakref

import gymnasium
import numpy

from . import library
from .library import LIBRARY, Error, check

# What agents usually choose from: look left or right, little or much, walk, step aside, fire.
COMBINATIONS = numpy.array([[-20, 0, 0, 0, 0, 0, 0], [20, 0, 0, 0, 0, 0, 0],
                            [-60, 0, 0, 0, 0, 0, 0], [60, 0, 0, 0, 0, 0, 0],
                            [0, 0, -1, 0, 0, 0, 0], [0, 0, 1, 0, 0, 0, 0],
                            [0, 0, 0, 1, 0, 0, 0], [0, 0, 0, -1, 0, 0, 0],
                            [0, 0, 0, 0, 1, 0, 0]], dtype=numpy.float64)
TEXT_CHARACTERS = "".join(chr(i) for i in range(32, 127))


def free(handle, process):
    """What a fork holds is a copy without the original's threads: it is left alone."""
    if os.getpid() == process:
        LIBRARY.ag_env_close(handle)


class Batch:
    """`batch` environments of one name; observations are views of arrays that each step rewrites. For
    one thread at a time, in the process that made it."""

    def __init__(self, name, batch, threads, action_repeat, width, height, depth, native_actions):
        options = library.Options(batch=batch, threads=threads, action_repeat=action_repeat,
                                  width=width, height=height, depth=depth)
        handle = ctypes.c_void_p()
        check(LIBRARY.ag_env_open(name.encode(), ctypes.byref(options), ctypes.byref(handle)))
        self.name, self.handle, self.process = name, handle, os.getpid()
        self.free = weakref.finalize(self, free, handle, self.process)
        self.size = batch
        self.spec = LIBRARY.ag_env_specification(self.handle).contents
        self.specs = self.spec.observation[:self.spec.observations]
        self.native = native_actions
        self.arrays = [self._array(s) for s in self.specs]
        self.reward = numpy.zeros(batch, numpy.float32)
        self.terminated = numpy.zeros(batch, numpy.uint8)
        self.truncated = numpy.zeros(batch, numpy.uint8)
        self.buffers = library.Buffers()
        for i, array in enumerate(self.arrays):
            self.buffers.observation[i] = array.ctypes.data
        self.buffers.reward = self.reward.ctypes.data
        self.buffers.terminated = self.terminated.ctypes.data
        self.buffers.truncated = self.truncated.ctypes.data

    def _array(self, spec):
        kind = numpy.float32 if spec.type == library.FLOATS else numpy.uint8
        return numpy.zeros((self.size, *spec.shape[:spec.rank]), kind)

    # Spaces of one environment: the picture alone, or a Dict where there is text besides.

    def _shown(self):
        """Observations that agents get: pictures and text, not the suite's frame counter."""
        return [i for i, s in enumerate(self.specs) if s.type in (library.IMAGE, library.TEXT)]

    def _space(self, spec):
        if spec.type == library.TEXT:
            return gymnasium.spaces.Text(spec.shape[0], min_length=0, charset=TEXT_CHARACTERS)
        return gymnasium.spaces.Box(0, 255, tuple(spec.shape[:spec.rank]), numpy.uint8)

    def observation_space(self, text):
        shown = [i for i in self._shown() if text or self.specs[i].type != library.TEXT]
        if len(shown) == 1:
            return self._space(self.specs[shown[0]])
        return gymnasium.spaces.Dict({self.specs[i].name.decode(): self._space(self.specs[i])
                                      for i in shown})

    def action_space(self):
        if not self.native:
            return gymnasium.spaces.Discrete(len(COMBINATIONS))
        low = numpy.array([a.low for a in self.spec.action[:self.spec.actions]], numpy.int64)
        high = numpy.array([a.high for a in self.spec.action[:self.spec.actions]], numpy.int64)
        return gymnasium.spaces.MultiDiscrete(high - low + 1, start=low)

    # Moving.

    def live(self):
        """The handle, for a call."""
        if not self.free.alive:
            raise Error(f"{self.name} is closed")
        if os.getpid() != self.process:
            raise Error(f"{self.name} was made in process {self.process}, this is a fork of it; "
                        "make it in the process that uses it")
        return self.handle

    def reset(self, mask=None):
        mask = None if mask is None else numpy.ascontiguousarray(mask, numpy.uint8)
        check(LIBRARY.ag_env_reset(self.live(), None if mask is None else mask.ctypes.data,
                                   ctypes.byref(self.buffers)))

    def seed(self, index, seed):
        check(LIBRARY.ag_env_seed(self.live(), index, seed))

    def chosen(self, actions):
        """Actions as the library takes them: [batch, numbers of an action], float64."""
        actions = numpy.asarray(actions)
        shape = (self.size, self.spec.actions) if self.native else (self.size,)
        if actions.shape != shape:
            raise ValueError(f"actions of shape {actions.shape}, not {shape}")
        if self.native:
            return numpy.ascontiguousarray(actions, numpy.float64)
        if actions.dtype.kind not in "iu" or actions.min() < 0 or actions.max() >= len(COMBINATIONS):
            raise ValueError(f"actions are whole numbers from 0 to {len(COMBINATIONS) - 1}, "
                             f"not {actions.tolist()}")
        return COMBINATIONS[actions]

    def step(self, actions):
        chosen = self.chosen(actions)
        check(LIBRARY.ag_env_step(self.live(), chosen.ctypes.data, ctypes.byref(self.buffers)))

    def observation(self, index, text):
        """A copy of what environment `index` sees."""
        seen = {}
        for i in self._shown():
            if self.specs[i].type != library.TEXT:
                seen[self.specs[i].name.decode()] = self.arrays[i][index].copy()
            elif text:
                raw = self.arrays[i][index].tobytes()
                seen[self.specs[i].name.decode()] = raw.split(b"\0", 1)[0].decode()
        return seen if len(seen) > 1 else next(iter(seen.values()))

    def render(self, index):
        pixels, width, height = ctypes.c_void_p(), ctypes.c_int(), ctypes.c_int()
        check(LIBRARY.ag_env_render(self.live(), index, ctypes.byref(pixels), ctypes.byref(width),
                                    ctypes.byref(height)))
        size = 3 * width.value * height.value
        flat = numpy.frombuffer(ctypes.string_at(pixels, size), numpy.uint8)
        return flat.reshape(height.value, width.value, 3).copy()

    def close(self):
        """Once or several times; forgetting it does so too."""
        self.free()
