"""The Python side of gym: environments: makes a batch of them with Gymnasium and serves steps over
shared memory. Text of libagena, run by `python3 -c` with one argument, a JSON object. Needs Python
3.10 and gymnasium (with numpy, which that needs) alone.

It says on a socket, in one line of JSON, what the environments observe and take, gets the layout of
the shared memory in another, then waits on one eventfd for a command and answers on the other. When
the other side of its lifeline, a pipe, closes, the kernel kills it and what it has started."""
import fcntl
import json
import mmap
import os
import select
import signal
import sys

RESET, STEP, RENDER, QUIT = 1, 2, 3, 4
COMMAND, INDEX, STATUS, CURRENT, WIDTH, HEIGHT, ASKED, ANSWERED = range(8)  # the header's numbers, uint32
MOST_AXES, TEXT_BYTES, MOST_TEXT_BYTES = 4, 512, 4096
LOOKS = 2000  # at the count of commands before sleeping


def finite(value):
    value = float(value)
    return value if abs(value) < float("inf") else None


def named(prefix, key):
    return f"{prefix}.{key}" if prefix else str(key)


class Leaf:
    """One array of an observation: where it is in what the environment gives, and how it is told."""

    def __init__(self, name, path, kind, shape, low=None, high=None):
        self.name, self.path, self.kind = name or "observation", path, kind
        self.shape = tuple(int(n) for n in shape)
        self.low, self.high = low, high

    def told_shape(self):
        size = 1
        for n in self.shape:
            size *= n
        return list(self.shape) if 1 <= len(self.shape) <= MOST_AXES else [size]

    def spec(self):
        return {"name": self.name, "type": self.kind, "shape": self.told_shape(),
                "low": self.low, "high": self.high}


def box_leaf(space, name, path):
    low, high = finite(space.low.min(initial=0)), finite(space.high.max(initial=0))
    if space.low.size:
        low, high = finite(space.low.min()), finite(space.high.max())
    if space.dtype == "uint8":
        picture = len(space.shape) == 3 and space.shape[2] in (1, 3, 4)
        return Leaf(name, path, "image" if picture else "bytes", space.shape, low, high)
    return Leaf(name, path, "floats", space.shape, low, high)


def text_leaf(space, name, path):
    letters = str(getattr(space, "characters", ""))
    most = int(getattr(space, "max_length", TEXT_BYTES))
    size = most if letters.isascii() else 4 * most
    return Leaf(name, path, "text", (min(size + 1, MOST_TEXT_BYTES),))


def leaves(spaces, space, name="", path=()):
    """All arrays of an observation space, in its order."""
    if isinstance(space, spaces.Dict):
        parts = space.spaces.items()
        return [leaf for key, part in parts for leaf in leaves(spaces, part, named(name, key), path + (key,))]
    if isinstance(space, spaces.Tuple):
        parts = enumerate(space.spaces)
        return [leaf for key, part in parts for leaf in leaves(spaces, part, named(name, key), path + (key,))]
    if isinstance(space, spaces.Box):
        return [box_leaf(space, name, path)]
    if isinstance(space, spaces.Discrete):
        return [Leaf(name, path, "floats", (1,), float(space.start), float(space.start + space.n - 1))]
    if isinstance(space, spaces.MultiDiscrete):
        start = getattr(space, "start", space.nvec * 0)
        return [Leaf(name, path, "floats", space.shape, float(start.min()), float((start + space.nvec).max() - 1))]
    if isinstance(space, spaces.MultiBinary):
        return [Leaf(name, path, "bytes", space.shape, 0.0, 1.0)]
    if isinstance(space, spaces.Text) or isinstance(space.sample(), str):
        return [text_leaf(space, name, path)]
    raise TypeError(f"observations of {type(space).__name__} are not supported ({name or space})")


class Actions:
    """Components of the action, and how an action is made out of their numbers."""

    def __init__(self, spaces, space):
        self.spaces, self.specs = spaces, []
        self.rows = self.numbers = None  # the batch's components: an array each, and all in a row
        self.make = self.maker(space, "")

    def add(self, name, low, high, continuous=False):
        self.specs.append({"name": name or "action", "continuous": continuous,
                           "low": finite(low), "high": finite(high)})
        return len(self.specs) - 1

    def add_all(self, name, low, high, continuous=False):
        """One component an element; the index of the first and how many they are."""
        first = len(self.specs)
        low, high = low.reshape(-1), high.reshape(-1)
        for i in range(low.size):
            self.add(named(name or "action", i) if low.size > 1 else name, low[i], high[i], continuous)
        return first, first + low.size

    def maker(self, space, name):
        """A function of the environment's index that gives its action."""
        spaces = self.spaces
        if isinstance(space, spaces.Dict):
            parts = {key: self.maker(part, named(name, key)) for key, part in space.spaces.items()}
            return lambda i: {key: make(i) for key, make in parts.items()}
        if isinstance(space, spaces.Tuple):
            parts = [self.maker(part, named(name, key)) for key, part in enumerate(space.spaces)]
            return lambda i: tuple(make(i) for make in parts)
        if isinstance(space, spaces.Discrete):
            at = self.add(name, space.start, space.start + space.n - 1)
            return lambda i: int(self.numbers[i * len(self.specs) + at])
        if isinstance(space, spaces.MultiDiscrete):
            start = getattr(space, "start", space.nvec * 0)
            return self.array(space, self.add_all(name, start, start + space.nvec - 1))
        if isinstance(space, spaces.MultiBinary):
            zeros = space.sample() * 0
            return self.array(space, self.add_all(name, zeros, zeros + 1))
        if isinstance(space, spaces.Box):
            whole = space.dtype.kind in "iu"
            return self.array(space, self.add_all(name, space.low, space.high, not whole))
        raise TypeError(f"actions of {type(space).__name__} are not supported ({name or space})")

    def array(self, space, where):
        begin, end = where
        return lambda i: self.rows[i][begin:end].astype(space.dtype).reshape(space.shape)


class Bridge:
    def __init__(self, job):
        import gymnasium
        self.job, self.batch = job, job["batch"]
        self.envs = [gymnasium.make(job["id"], disable_env_checker=True, **job["settings"])
                     for _ in range(self.batch)]
        self.leaves = leaves(gymnasium.spaces, self.envs[0].observation_space)
        self.actions = Actions(gymnasium.spaces, self.envs[0].action_space)

    def spec(self):
        fps = self.envs[0].metadata.get("render_fps")
        return {"observations": [leaf.spec() for leaf in self.leaves], "actions": self.actions.specs,
                "fps": float(fps) if fps else 0.0}

    def share(self, layout):
        """Lay views over the shared memory."""
        import numpy as np
        self.np = np
        shared = mmap.mmap(self.job["memory"], layout["size"])

        def view(name, dtype, shape):
            count = int(np.prod(shape))
            return np.frombuffer(shared, dtype, count, layout[name]).reshape(shape)

        bytes_of = memoryview(shared)

        def plain(name, size, kind):
            begin = layout[name]
            return bytes_of[begin:begin + size * self.batch].cast(kind)

        self.header = bytes_of[:64].cast("I")
        self.message = bytes_of[layout["message"]:layout["message"] + layout["message_bytes"]]
        self.seeds, self.mask = plain("seeds", 4, "I"), plain("mask", 1, "B")
        self.reward = plain("reward", 4, "f")
        self.terminated, self.truncated = plain("terminated", 1, "B"), plain("truncated", 1, "B")
        components = len(self.actions.specs)
        self.actions.rows = list(view("actions", np.float64, (self.batch, components)))
        self.actions.numbers = plain("actions", 8 * components, "d")
        arrays = []
        for leaf, begin in zip(self.leaves, layout["observations"]):
            layout["observation"] = begin
            dtype = np.float32 if leaf.kind == "floats" else np.uint8
            arrays.append(view("observation", dtype, (self.batch,) + (leaf.shape or (1,))))
        self.views = [[(leaf.path, leaf.kind == "text", array[i]) for leaf, array in zip(self.leaves, arrays)]
                      for i in range(self.batch)]
        # Most observations are a single array, which is then copied without further ado.
        single = len(self.leaves) == 1 and not self.leaves[0].path and self.leaves[0].kind != "text"
        self.whole = list(arrays[0]) if single else None

    def write(self, i, observation):
        if self.whole:
            fill(self.whole[i], observation)
            return
        for path, text, view in self.views[i]:
            value = observation
            for key in path:
                value = value[key]
            if text:
                self.write_text(view, str(value))
            else:
                fill(view, value)

    def write_text(self, view, text):
        data = encoded(text, len(view))
        view[:len(data)] = self.np.frombuffer(data, self.np.uint8)
        view[len(data):] = 0

    def reset(self):
        for i in range(self.batch):
            if self.mask[i]:
                self.header[CURRENT] = i
                self.write(i, self.envs[i].reset(seed=self.seeds[i])[0])

    def step(self):
        header, make, write = self.header, self.actions.make, self.write
        rewards, all_terminated, all_truncated = self.reward, self.terminated, self.truncated
        repeats, auto_reset = range(self.job["repeat"] - 1), self.job["auto_reset"]
        for i, env in enumerate(self.envs):
            header[CURRENT] = i
            observation, reward, terminated, truncated, _ = env.step(make(i))
            for _ in repeats:
                if terminated or truncated:
                    break
                observation, more, terminated, truncated, _ = env.step(make(i))
                reward += more
            rewards[i] = reward
            all_terminated[i], all_truncated[i] = bool(terminated), bool(truncated)
            if auto_reset and (terminated or truncated):
                observation = env.reset(seed=self.seeds[i])[0]
            write(i, observation)

    def render(self):
        i = self.header[CURRENT] = self.header[INDEX]
        picture = self.envs[i].render()
        if picture is None:
            raise TypeError("there is no picture; the name needs ?render_mode=rgb_array")
        picture = self.np.ascontiguousarray(picture, self.np.uint8)
        if picture.ndim != 3 or picture.shape[2] != 3:
            raise TypeError(f"the picture's shape is {picture.shape}, not (height, width, 3)")
        os.ftruncate(self.job["picture"], picture.nbytes)
        os.pwrite(self.job["picture"], picture.data, 0)
        self.header[HEIGHT], self.header[WIDTH] = picture.shape[:2]

    def serve(self):
        header, done = self.header, self.job["done"]
        work = {RESET: self.reset, STEP: self.step, RENDER: self.render}
        self.commands = select.poll()
        self.commands.register(self.job["go"], select.POLLIN)
        header[ANSWERED] = header[ASKED]  # ready
        os.eventfd_write(done, 1)
        while self.wait() != QUIT:
            try:
                work[header[COMMAND]]()
                header[STATUS] = 0
            except Exception as trouble:  # the environment's, told to C
                self.write_message(trouble)
                header[STATUS] = 1
            header[ANSWERED] = header[ASKED]
            os.eventfd_write(done, 1)
        for env in self.envs:
            env.close()

    def wait(self):
        """The next command; looked for before sleeping, since waking up takes long."""
        header, answered, go = self.header, self.header[ANSWERED], self.job["go"]
        for _ in range(LOOKS if self.job["spin"] else 0):
            if header[ASKED] != answered:
                return header[COMMAND]
        while True:
            self.commands.poll()
            try:
                os.eventfd_read(go)  # may be left over from a command that was seen before sleeping
            except BlockingIOError:
                continue
            if header[ASKED] != answered:
                return header[COMMAND]

    def write_message(self, trouble):
        data = encoded(describe(trouble), len(self.message))
        self.message[:len(data) + 1] = data + b"\0"


def fill(view, value):
    """Copy an array or a number; numpy alone would spread one number over all of the view."""
    if getattr(value, "size", view.size) != view.size:
        raise ValueError(f"its observation is of shape {value.shape}, not {view.shape} as its space says")
    view[...] = value


def encoded(text, size):
    """UTF-8 that leaves at least one of `size` bytes free, cut before a character that does not fit."""
    data = text.encode("utf-8", "replace")
    return data if len(data) < size else data[:size - 1].decode("utf-8", "ignore").encode("utf-8")


def describe(trouble):
    return " ".join(f"{type(trouble).__name__}: {trouble}".split())


def tell(socket, value):
    data = (json.dumps(value) + "\n").encode()
    while data:
        data = data[os.write(socket, data):]


def hear(socket):
    data = b""
    while not data.endswith(b"\n"):
        piece = os.read(socket, 65536)
        if not piece:
            os._exit(0)
        data += piece
    return json.loads(data)


def end_with(pipe):
    """Have the kernel kill this group of processes when the pipe's other side closes: it can do so
    while an environment hangs and holds the interpreter."""
    fcntl.fcntl(pipe, fcntl.F_SETOWN, -os.getpgrp())
    fcntl.fcntl(pipe, fcntl.F_SETSIG, signal.SIGKILL)
    fcntl.fcntl(pipe, fcntl.F_SETFL, fcntl.fcntl(pipe, fcntl.F_GETFL) | os.O_ASYNC)
    closed = select.poll()
    closed.register(pipe, 0)
    if closed.poll(0):  # before the kernel was asked
        os._exit(0)


def main():
    job = json.loads(sys.argv[1])
    sys.argv = ["agena-gym-bridge"]
    os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
    for name in ("lifeline", "talk", "memory", "picture", "go", "done"):
        os.set_inheritable(job[name], False)
    end_with(job["lifeline"])
    try:
        if not hasattr(os, "eventfd_read"):
            raise RuntimeError(f"Python {sys.version.split()[0]} is older than 3.10")
        bridge = Bridge(job)
        told = bridge.spec()
    except Exception as trouble:
        tell(job["talk"], {"error": describe(trouble)})
        return
    tell(job["talk"], told)
    bridge.share(hear(job["talk"]))
    bridge.serve()


main()
