"""A temporary folder with recordings, a recipe and a trained model, and the command run in it."""

import array
import math
import os
import shutil
import subprocess
import tempfile
import wave

AGENA = os.environ["agena"]
RATE = 8000
SPEAKERS = ("ann", "bob")

RECIPE = """\
seed: 7
speakers: true
model:
  sample_rate: 8000
  main: {layers: 4, stacks: 2, residual: 8, gate: 16, skip: 8}
  global_channels: 4
  local_features: 80
  hop: 80
  local_context: 1
  local_channels: 16
  upsample: [4]
train:
  steps: 240
  batch: 6
  shards: 3
  samples: 400
  local_dropout: 0.2
  optimizer: {rate: {base: 0.003}, clip_norm: 1, average: 0.9}
  checkpoint_steps: 20
  valid_steps: 20
"""


class Skip(Exception):
    """Raised by a test that this machine cannot run."""


class Result:
    """How a command ended: exit code (negative: the signal that killed it), output, errors."""

    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err.decode()

    def text(self):
        return self.out.decode()

    def succeeded(self):
        assert self.code == 0, f"exit {self.code}: {self.err}"
        assert "agena: " not in self.err, self.err
        return self

    def failed(self, code, *parts):
        """It ended with this exit code and one sentence that has all the parts."""
        assert self.code == code, f"exit {self.code} instead of {code}: {self.err}"
        sentences = [line for line in self.err.splitlines() if line.startswith("agena: ")]
        assert len(sentences) == 1, f"not one sentence: {self.err!r}"
        for part in parts:
            assert part in sentences[0], f"{part!r} is not in {sentences[0]!r}"
        return self


def agena(*arguments, stdout=subprocess.PIPE):
    done = subprocess.run([AGENA, *map(str, arguments)], stdout=stdout, stderr=subprocess.PIPE,
                          stdin=subprocess.DEVNULL, timeout=300, check=False)
    return Result(done.returncode, done.stdout, done.stderr)


def started(*arguments, stdout=subprocess.DEVNULL):
    """The command still running; its errors can be read line by line."""
    return subprocess.Popen([AGENA, *map(str, arguments)], stdout=stdout, stderr=subprocess.PIPE)


def ended(process, before=b""):
    err = before + process.communicate(timeout=300)[1]
    return Result(process.returncode, b"", err)


def read(path):
    with open(path, "rb") as file:
        return file.read()


def write(path, data):
    with open(path, "wb") as file:
        file.write(data)
    return path


def samples_of(path):
    """The bytes of a WAV file's samples, and its rate."""
    with wave.open(path) as file:
        assert file.getnchannels() == 1 and file.getsampwidth() == 2
        return file.readframes(file.getnframes()), file.getframerate()


def write_wav(path, samples):
    with wave.open(path, "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes(array.array("h", samples).tobytes())
    return path


def tone(hertz, count):
    turn = 2 * math.pi / RATE
    return [round(9000 * math.sin(turn * hertz * t) + 2000 * math.sin(turn * 1150 * t))
            for t in range(count)]


class Workshop:
    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="agena-cli-")
        self.recipe = write(self.path("recipe.yaml"), RECIPE.encode())
        for speaker, hertz in zip(SPEAKERS, (220, 130)):
            os.makedirs(self.path(f"recordings/{speaker}"))
            for i in range(20):
                write_wav(self.path(f"recordings/{speaker}/{i:02d}.wav"),
                          tone(hertz + 5 * i, 2000 + 60 * i))
        self.recording = self.path("recordings/ann/03.wav")
        self.recordings = self.path("recordings")
        self.data = self.path("data")
        self.run = self.path("run")
        self.model = self.path("run/model.safetensors")

    def path(self, name):
        return os.path.join(self.folder, name)

    def listing(self):
        return sorted(os.listdir(self.folder))

    def remove(self):
        shutil.rmtree(self.folder)
