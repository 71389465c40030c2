"""Run tests with packages from PyPI: run_gym.py PROGRAM VENV, the program in C or Python. The virtual environment is
made once and kept; where the packages cannot be had, the tests are skipped."""
import fcntl
import os
import pathlib
import shlex
import subprocess
import sys

PACKAGES = ["gymnasium==1.*", "ale-py", "vizdoom", "minigrid", "setuptools", "wheel"]


def quiet(*command):
    return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, timeout=600)


def make(folder):
    """What went wrong, or None."""
    made = folder / "made"
    if made.is_file() and made.read_text() == " ".join(PACKAGES):
        return None
    done = quiet(sys.executable, "-m", "venv", "--clear", str(folder))
    if done.returncode == 0:
        done = quiet(str(folder / "bin/python"), "-m", "pip", "install", "-q", "--retries", "1", *PACKAGES)
    if done.returncode != 0:
        return (done.stderr.strip().splitlines() or ["no reason given"])[-1]
    made.write_text(" ".join(PACKAGES))
    return None


def make_alone(folder):
    """The same, while no other test does."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with open(folder.with_suffix(".lock"), "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return make(folder)


def main():
    program, folder = os.path.abspath(sys.argv[1]), pathlib.Path(sys.argv[2]).resolve()
    try:
        trouble = make_alone(folder)
    except (OSError, subprocess.TimeoutExpired) as error:
        trouble = str(error)
    if trouble:
        print(f"1..0 # SKIP {', '.join(PACKAGES)} cannot be installed from PyPI: {trouble}")
        return
    os.environ["AGENA_PYTHON"] = str(folder / "bin/python")
    here = pathlib.Path(__file__).resolve().parent
    os.environ["PYTHONPATH"] = os.pathsep.join((str(here), str(here.parents[1] / "python")))
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    os.chdir(folder)  # where ViZDoom may leave its settings
    runner = shlex.split(os.environ.get("MESON_EXE_WRAPPER", ""))  # of a program in C for another machine
    if program.endswith(".py"):
        runner = [os.environ["AGENA_PYTHON"]]
    words = [*runner, program]
    os.execv(words[0], words)


main()
