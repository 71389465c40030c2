"""agena_lab against gymnasium: its own checker, seeds, vectors, pickles, forks. Prints TAP."""

import copy
import gc
import os
import pickle
import subprocess
import sys
import tempfile
import traceback
import venv
import warnings

import gymnasium
import numpy
from gymnasium.utils.env_checker import check_env

import agena_lab

PICTURE = "explore_goal_locations_small"
WORDS = "language_select_described_object"


def the_checker_is_content():
    for name in (PICTURE, WORDS, "psychlab_visual_search", "skymaze_irreversible_path_hard"):
        for native in (False, True):
            env = agena_lab.LabEnv(name, native_actions=native, render_mode="rgb_array")
            with warnings.catch_warnings():
                warnings.simplefilter("error", UserWarning)
                warnings.filterwarnings("ignore", message=".*not within the observation space.*")
                warnings.filterwarnings("ignore", message=".*unwrapped.*")
                warnings.filterwarnings("ignore", message=".*spec.*")
                check_env(env, skip_render_check=False, skip_close_check=True)
            env.close()


def made_by_name():
    env = gymnasium.make(f"agena_lab/{PICTURE}-v0")
    seen, _ = env.reset(seed=3)
    assert seen.shape == (72, 96, 3) and seen.dtype == numpy.uint8 and seen.std() > 5
    env.close()
    assert len(agena_lab.levels()) == 32


def seeds_decide_everything():
    def run(seed):
        env = agena_lab.LabEnv(PICTURE)
        env.reset(seed=seed)
        env.action_space.seed(1)
        seen = [env.step(env.action_space.sample())[0] for _ in range(40)]
        env.close()
        return numpy.stack(seen)

    assert (run(5) == run(5)).all()
    assert (run(5) != run(6)).any()


def instructions_are_text():
    env = agena_lab.LabEnv(WORDS)
    seen, _ = env.reset(seed=1)
    assert set(seen) == {"RGB_INTERLEAVED", "INSTR"} and len(seen["INSTR"]) > 2, seen
    env.close()
    envs = agena_lab.LabVectorEnv(WORDS, 3)
    seen, _ = envs.reset(seed=1)
    assert seen["RGB_INTERLEAVED"].shape == (3, 72, 96, 3) and len(seen["INSTR"]) == 3
    envs.close()


def vectors_begin_anew_in_the_same_step():
    envs = agena_lab.LabVectorEnv("rooms_select_nonmatching_object", 6)
    seen, _ = envs.reset(seed=9)
    assert envs.observation_space.contains(seen)
    envs.action_space.seed(2)
    ended = numpy.zeros(6, bool)
    for _ in range(12 * 15 + 5):
        seen, reward, terminated, truncated, info = envs.step(envs.action_space.sample())
        assert seen.shape == (6, 72, 96, 3) and reward.shape == (6,)
        if truncated.any():
            assert (info["_final_obs"] == (terminated | truncated)).all()
            index = int(numpy.flatnonzero(truncated)[0])
            assert info["final_obs"][index].shape == (72, 96, 3)
            ended |= truncated
    assert ended.all()
    envs.close()


def assert_same(a, b):
    """Observations of either kind, alone or in batches."""
    if isinstance(a, dict):
        assert set(a) == set(b)
        for key in a:
            assert_same(a[key], b[key])
    elif isinstance(a, numpy.ndarray):
        assert a.shape == b.shape and a.dtype == b.dtype and (a == b).all()
    else:
        assert a == b, (a, b)


def assert_same_steps(one, other, steps):
    one.action_space.seed(4)
    ends = 0
    for _ in range(steps):
        actions = one.action_space.sample()
        left, right = one.step(actions), other.step(actions)
        assert_same(left[0], right[0])
        for i in (1, 2, 3):
            assert left[i].dtype == right[i].dtype and (left[i] == right[i]).all(), i
        assert set(left[4]) == set(right[4]), (left[4], right[4])
        ended = left[2] | left[3]
        ends += ended.sum()
        for i in numpy.flatnonzero(ended):
            assert_same(left[4]["final_obs"][i], right[4]["final_obs"][i])
            assert left[4]["_final_obs"][i] and right[4]["_final_obs"][i]
    return ends


def vectors_are_as_gymnasium_makes_them():
    """A LabVectorEnv and gymnasium's vector of LabEnvs are the same: spaces, seeds, infos, ends."""
    for name in ("rooms_select_nonmatching_object", WORDS):
        def make(name=name):
            return agena_lab.LabEnv(name, width=24, height=16)
        theirs = gymnasium.vector.SyncVectorEnv(
            [make] * 3, autoreset_mode=gymnasium.vector.AutoresetMode.SAME_STEP)
        ours = agena_lab.LabVectorEnv(name, 3, width=24, height=16)
        assert ours.observation_space == theirs.observation_space
        assert ours.action_space == theirs.action_space
        for seed in (7, [3, 2, 1], numpy.int64(9)):
            assert_same(ours.reset(seed=seed)[0],
                        theirs.reset(seed=int(seed) if isinstance(seed, numpy.integer) else seed)[0])
            assert_same_steps(ours, theirs, 20)
        assert assert_same_steps(ours, theirs, 200 if name != WORDS else 0) > 0 or name == WORDS
        mask = numpy.array([False, True, False])
        before, _ = ours.reset(options={"reset_mask": mask})
        after, _ = theirs.reset(options={"reset_mask": mask.copy()})
        assert_same(before, after)
        assert_same_steps(ours, theirs, 5)
        ours.close()
        theirs.close()


def vectors_are_made_by_name():
    envs = gymnasium.make_vec(f"agena_lab/{PICTURE}-v0", num_envs=2, width=24, height=16,
                              render_mode="rgb_array")
    assert isinstance(envs, agena_lab.LabVectorEnv)
    envs.reset(seed=1)
    pictures = envs.render()
    assert len(pictures) == 2 and pictures[0].shape == (16, 24, 3) and (pictures[0] != pictures[1]).any()
    envs.close()
    assert gymnasium.spec(f"agena_lab/{PICTURE}-v0").to_json()
    envs = gymnasium.make_vec(f"agena_lab/{PICTURE}-v0", num_envs=2, vectorization_mode="async")
    assert isinstance(envs, gymnasium.vector.AsyncVectorEnv)
    alone = agena_lab.LabEnv(PICTURE)
    assert_same(envs.reset(seed=5)[0][1], alone.reset(seed=6)[0])
    alone.close()
    envs.close()


def without_a_seed_episodes_differ():
    def first():
        env = agena_lab.LabEnv(PICTURE)
        seen = [env.reset()[0], env.reset()[0]]
        env.close()
        return seen

    assert len({seen.tobytes() for seen in first() + first()}) == 4
    envs = agena_lab.LabVectorEnv(PICTURE, 2)
    seen = [*envs.reset()[0], *envs.reset()[0]]
    assert len({one.tobytes() for one in seen}) == 4
    envs.close()


def pictures_for_people():
    env = agena_lab.LabEnv(PICTURE, render_mode="rgb_array", action_repeat=2)
    assert env.metadata["render_fps"] == 30 and agena_lab.LabEnv.metadata["render_fps"] == 15
    seen, _ = env.reset(seed=2)
    assert (env.render() == seen).all()
    env.close()
    env = agena_lab.LabEnv(PICTURE)
    env.reset(seed=2)
    assert env.render() is None
    env.close()
    refused(ValueError, "rgb_array", lambda: agena_lab.LabEnv(PICTURE, render_mode="human"))


def pickles_are_made_anew():
    for env in (agena_lab.LabEnv(PICTURE, width=32, height=24, native_actions=True),
                agena_lab.LabVectorEnv(PICTURE, 2, width=32, height=24, native_actions=True)):
        for other in (pickle.loads(pickle.dumps(env)), copy.deepcopy(env)):
            gc.collect()
            assert_same(env.reset(seed=8)[0], other.reset(seed=8)[0])
            env.action_space.seed(1)
            action = env.action_space.sample()
            assert_same(env.step(action)[0], other.step(action)[0])
            other.close()
        env.close()


def closed_ones_are_errors():
    env = agena_lab.LabEnv(PICTURE, render_mode="rgb_array")
    refused(agena_lab.Error, "reset it first", lambda: env.step(0))
    env.close()
    env.close()
    for use in (env.reset, env.render, lambda: env.step(0)):
        refused(agena_lab.Error, f"lab/{PICTURE} is closed", use)
    envs = agena_lab.LabVectorEnv(PICTURE, 2)
    envs.close()
    envs.close()
    refused(agena_lab.Error, "is closed", envs.reset)


def memory():
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def forgotten_ones_are_freed():
    def forget(times):
        for _ in range(times):
            agena_lab.LabEnv(PICTURE, width=256, height=256).reset(seed=1)
            agena_lab.LabVectorEnv(PICTURE, 2, width=256, height=256).reset(seed=1)
        gc.collect()

    forget(5)
    before = memory()
    forget(40)
    assert memory() - before < 20e6, memory() - before


def forks_are_refused():
    """The threads of a vector are not in a fork: using it there would wait for ever."""
    envs = agena_lab.LabVectorEnv(PICTURE, 4, threads=2)
    envs.reset(seed=1)
    child = os.fork()
    if child == 0:
        try:
            envs.step([0] * 4)
        except agena_lab.Error as error:
            envs.close()
            os._exit(0 if "this is a fork of it" in str(error) else 1)
        os._exit(2)
    assert os.waitpid(child, 0)[1] == 0
    envs.step([0] * 4)
    envs.close()


def agents_learn():
    """A few turns of a policy gradient, as learners of gymnasium's vectors go about it."""
    envs = gymnasium.wrappers.vector.RecordEpisodeStatistics(
        agena_lab.LabVectorEnv("rooms_select_nonmatching_object", 8, width=16, height=12))
    random = numpy.random.default_rng(1)
    weights = numpy.zeros((16 * 12 * 3, envs.single_action_space.n))
    seen, _ = envs.reset(seed=1)
    lengths = []
    for _ in range(190):
        features = seen.reshape(8, -1) / 255 - 0.5
        odds = numpy.exp(features @ weights)
        odds /= odds.sum(1, keepdims=True)
        actions = numpy.array([random.choice(len(o), p=o) for o in odds])
        seen, reward, terminated, truncated, info = envs.step(actions)
        chosen = numpy.eye(odds.shape[1])[actions]
        weights += 0.01 * features.T @ ((chosen - odds) * reward[:, None])
        if "episode" in info:
            lengths += info["episode"]["l"][info["_episode"]].tolist()
    assert len(lengths) >= 8 and min(lengths) > 0 and numpy.isfinite(weights).all()
    envs.close()


def run_python(code, **environment):
    """The last line that a new Python tells of code that fails."""
    everything = {**os.environ, **environment}
    done = subprocess.run([sys.executable, "-c", code], env=everything, capture_output=True, text=True,
                          timeout=120, check=False)
    assert done.returncode == 1, done
    return done.stderr.strip().splitlines()[-1]


def a_missing_library_is_told():
    told = run_python("import agena_lab", AGENA_LIBRARY="/nowhere/libagena.so")
    assert "libagena cannot be loaded: /nowhere/libagena.so" in told and "./dev build" in told, told
    libc = "libc.so.6"
    told = run_python("import agena_lab", AGENA_LIBRARY=libc)
    assert f"{libc} is no libagena" in told, told
    told = run_python("""
try:
    import agena_lab
except ImportError as error:
    raise SystemExit(str(error))""", AGENA_LIBRARY="/nowhere/libagena.so")
    assert "AGENA_LIBRARY" in told, told


def pip_installs_it():
    """Into an environment of its own, that sees gymnasium where it is."""
    source = os.path.join(os.path.dirname(agena_lab.__file__), "..")
    with tempfile.TemporaryDirectory() as folder:
        copied = os.path.join(folder, "source")
        subprocess.run(["cp", "-r", source, copied], check=True)
        venv.create(os.path.join(folder, "venv"), system_site_packages=False, with_pip=False)
        subprocess.run([sys.executable, "-m", "pip", "install", "-q", "--no-deps",
                        "--no-build-isolation", "--disable-pip-version-check", "--root-user-action=ignore",
                        "--target", os.path.join(folder, "packages"), copied], check=True, timeout=300)
        python = os.path.join(folder, "venv/bin/python")
        paths = [os.path.join(folder, "packages")] + [p for p in sys.path if p.endswith("site-packages")]
        code = f"import agena_lab; assert agena_lab.__file__.startswith({folder!r}); " \
               "print(len(agena_lab.levels()), agena_lab.__version__)"
        told = subprocess.run([python, "-c", code], check=True, stdout=subprocess.PIPE, text=True, cwd=folder,
                              env={**os.environ, "PYTHONPATH": os.pathsep.join(paths),
                                   "AGENA_LIBRARY": agena_lab.library.find()}, timeout=120).stdout
        assert told == f"32 {agena_lab.__version__}\n", told
        missing = subprocess.run([python, "-c", code], capture_output=True, text=True, cwd=folder, check=False,
                                 env={"PYTHONPATH": os.pathsep.join(paths), "PATH": os.environ["PATH"]},
                                 timeout=120)
        assert missing.returncode == 0 or "libagena.so is not installed; build it" in missing.stderr, missing


def refused(kind, part, use):
    try:
        use()
    except kind as error:
        assert part in str(error), error
    else:
        raise AssertionError("not refused")


def wrong_use_is_refused():
    refused(agena_lab.Error, "lab/nowhere", lambda: agena_lab.LabEnv("nowhere"))
    refused(agena_lab.Error, "-1", lambda: agena_lab.LabEnv(PICTURE, width=-1))
    refused(agena_lab.Error, "a batch has 1 to", lambda: agena_lab.LabVectorEnv(PICTURE, 0))
    env = agena_lab.LabEnv(PICTURE, native_actions=True)
    env.reset(seed=0)
    refused(agena_lab.Error, "LOOK_LEFT_RIGHT", lambda: env.step([9999, 0, 0, 0, 0, 0, 0]))
    refused(ValueError, "actions of shape (1, 3), not (1, 7)", lambda: env.step([0, 0, 0]))
    env.close()
    envs = agena_lab.LabVectorEnv(PICTURE, 2)
    envs.reset(seed=0)
    for wrong in ([0, 9], [-1, 0], [0.5, 0.5], [numpy.nan, 0]):
        refused(ValueError, "whole numbers from 0 to 8", lambda wrong=wrong: envs.step(wrong))
    refused(ValueError, "actions of shape (3,), not (2,)", lambda: envs.step([0, 0, 0]))
    refused(ValueError, "3 seeds for 2 environments", lambda: envs.reset(seed=[1, 2, 3]))
    refused(ValueError, "reset_mask", lambda: envs.reset(options={"reset_mask": numpy.ones(3, bool)}))
    envs.close()


TESTS = (the_checker_is_content, made_by_name, seeds_decide_everything, without_a_seed_episodes_differ,
         instructions_are_text, vectors_begin_anew_in_the_same_step, vectors_are_as_gymnasium_makes_them,
         vectors_are_made_by_name, pictures_for_people, pickles_are_made_anew, closed_ones_are_errors,
         forgotten_ones_are_freed, forks_are_refused, agents_learn, wrong_use_is_refused,
         a_missing_library_is_told, pip_installs_it)


def main():
    print(f"1..{len(TESTS)}")
    for number, test in enumerate(TESTS, 1):
        try:
            test()
            print(f"ok {number} - {test.__name__}", flush=True)
        except Exception:  # pylint: disable=broad-except
            print(f"not ok {number} - {test.__name__}")
            print("".join("# " + line + "\n" for line in traceback.format_exc().splitlines()))
            sys.stdout.flush()


main()
