"""agena_lab against gymnasium: its own checker, seeds, vectors. Prints TAP."""

import sys
import traceback
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


def wrong_use_is_refused():
    for wrong in (lambda: agena_lab.LabEnv("nowhere"), lambda: agena_lab.LabEnv(PICTURE, width=-1)):
        try:
            wrong()
        except agena_lab.Error as error:
            assert len(str(error)) > 10
        else:
            raise AssertionError("not refused")
    env = agena_lab.LabEnv(PICTURE, native_actions=True)
    env.reset(seed=0)
    try:
        env.step([9999, 0, 0, 0, 0, 0, 0])
    except agena_lab.Error as error:
        assert "LOOK_LEFT_RIGHT" in str(error), error
    else:
        raise AssertionError("not refused")
    env.close()


TESTS = (the_checker_is_content, made_by_name, seeds_decide_everything, instructions_are_text,
         vectors_begin_anew_in_the_same_step, wrong_use_is_refused)


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
