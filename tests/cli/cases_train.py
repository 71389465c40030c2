"""agena wavenet train: a run, its interruption, wrong recipes, a full disk."""

import os
import signal
import subprocess

from workshop import RECIPE, Skip, agena, ended, read, started, write

FILES = ("checkpoint.safetensors", "model.safetensors")


def train(w, run, *more):
    return agena("wavenet", "train", w.recipe, "--data", w.data, "-o", w.path(run), *more)


def train_saves_a_model(w):
    result = train(w, "run").succeeded()
    assert "step 240: " in result.err and "bits a sample" in result.err, result.err
    names = os.listdir(w.run)
    assert set(FILES) < set(names) and any("tfevents" in name for name in names), names
    assert not [name for name in names if name.endswith(".tmp")], names


def one_thread_gives_the_same_bytes(w):
    train(w, "one-thread", "--threads", "1").succeeded()
    for name in FILES:
        assert read(w.path(f"one-thread/{name}")) == read(w.path(f"run/{name}")), name


def until_saved(process):
    """Read what a run says until its first validation, at step 20 of 240, is behind it."""
    said = b""
    for line in process.stderr:
        said += line
        if line.startswith(b"step 20:"):
            return said
    raise AssertionError(f"it ended: {said!r}")


def interrupted(w, run, number):
    process = started("wavenet", "train", w.recipe, "--data", w.data, "-o", w.path(run))
    said = until_saved(process)
    process.send_signal(number)
    result = ended(process, said).failed(130, "stopped at step", "--resume")
    assert "step 240: " not in result.err, "it was not stopped in the middle"


def interruption_saves_and_resuming_gives_the_same_bytes(w):
    for run, number in (("stopped", signal.SIGINT), ("ended", signal.SIGTERM)):
        interrupted(w, run, number)
        assert read(w.path(f"{run}/{FILES[0]}")) != read(w.path(f"run/{FILES[0]}"))
        train(w, run, "--resume").succeeded()
        for name in FILES:
            assert read(w.path(f"{run}/{name}")) == read(w.path(f"run/{name}")), name


def a_finished_run_is_not_overwritten(w):
    before = read(w.model)
    train(w, "run").failed(1, "checkpoint.safetensors exists", "--resume")
    assert read(w.model) == before


def nothing_to_resume(w):
    train(w, "nowhere", "--resume").failed(1, "nothing to resume", w.path("nowhere"))


def another_recipe_cannot_resume(w):
    train(w, "run", "--resume", "--set", "train.optimizer.clip_norm=2").failed(
        1, "made by another recipe")


def recipe_of(w, old, new):
    assert old in RECIPE
    return write(w.path("wrong.yaml"), RECIPE.replace(old, new).encode())


def refused(w, recipe, *parts, more=()):
    agena("wavenet", "train", recipe, "--data", w.data, "-o", w.path("none"), *more).failed(
        1, *parts)
    assert not os.path.exists(w.path("none"))


def wrong_recipes_are_refused_with_their_line(w):
    recipe = recipe_of(w, "valid_steps", "vaild_steps")
    refused(w, recipe, "wrong.yaml:20:", "unknown key train.vaild_steps", "valid_steps")
    recipe = recipe_of(w, "batch: 6", "batch: six")
    refused(w, recipe, "wrong.yaml:14:", "train.batch", "'six'")
    recipe = recipe_of(w, "  batch: 6\n", "")
    refused(w, recipe, "wrong.yaml", "batch")
    recipe = recipe_of(w, "model:", "model: [")
    refused(w, recipe, "wrong.yaml")
    refused(w, w.path("nowhere.yaml"), w.path("nowhere.yaml"), "No such file")
    refused(w, w.recipe, "train.stpes", "steps", more=("--set", "train.stpes=3"))


def missing_data_is_named(w):
    agena("wavenet", "train", w.recipe, "--data", w.path("nodata"), "-o", w.path("r")).failed(
        1, w.path("nodata"))
    agena("wavenet", "train", w.recipe, "-o", w.path("r")).failed(1, "--data")


def on_a_small_disk(w, size, script):
    """Run a shell script with a file system of `size` bytes in disk/, unseen by others."""
    os.makedirs(w.path("disk"), exist_ok=True)
    prelude = f"mount -t tmpfs -o size={size} none '{w.path('disk')}' || exit 99\ncd '{w.folder}'\n"
    done = subprocess.run(["unshare", "--user", "--map-root-user", "--mount", "sh", "-c",
                           prelude + script], capture_output=True, timeout=300, check=False)
    if done.returncode == 99 or b"unshare failed" in done.stderr:
        raise Skip("no small file system can be mounted here")
    return done


def a_full_disk_keeps_the_previous_checkpoint(w):
    """The second checkpoint finds room for half of itself."""
    files = sum(os.path.getsize(w.path(f"run/{name}")) for name in FILES)
    size = files + os.path.getsize(w.path(f"run/{FILES[0]}")) // 2
    done = on_a_small_disk(w, size, f"""
        "$agena" wavenet train '{w.recipe}' --data '{w.data}' -o disk/run 2>errors
        echo $? >status
        ls disk/run >names
        rm -f disk/run/events*
        "$agena" info --json disk/run/checkpoint.safetensors >kept && cp -r disk/run full""")
    errors = read(w.path("errors")).decode()
    sentences = [line for line in errors.splitlines() if line.startswith("agena: ")]
    assert read(w.path("status")) == b"1\n" and len(sentences) == 1, errors
    assert "No space left on device" in sentences[0], sentences
    assert ".tmp" not in read(w.path("names")).decode()
    assert done.returncode == 0 and b'"steps": 20' in read(w.path("kept")), done.stderr
    train(w, "full", "--resume").succeeded()
    assert read(w.path(f"full/{FILES[1]}")) == read(w.model)


CASES = (train_saves_a_model, one_thread_gives_the_same_bytes,
         interruption_saves_and_resuming_gives_the_same_bytes, a_finished_run_is_not_overwritten,
         nothing_to_resume, another_recipe_cannot_resume,
         wrong_recipes_are_refused_with_their_line, missing_data_is_named,
         a_full_disk_keeps_the_previous_checkpoint)
