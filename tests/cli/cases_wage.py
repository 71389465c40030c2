"""agena wage: a small picture set, runs in integers and in float32, comparison, cost."""

import json
import os
import random
import signal
import struct

from workshop import agena, ended, read, started, write

RECIPE = """\
seed: 3
network: 8C3-MP2-16C3-MP2-32FC-4
batch: 16
epochs: 40
rates: [{epoch: 0, rate: 1}, {epoch: 30, rate: -1}]
twin: {momentum: 0.9, rates: [{epoch: 0, rate: 0.01}]}
"""
FILES = ("checkpoint.safetensors", "model.safetensors")


def write_set(folder):
    """Pictures of 8 x 8 in four classes: which quarter is bright."""
    draw = random.Random(11)
    os.makedirs(folder)
    for name, count in (("train", 192), ("t10k", 96)):
        pixels = bytearray()
        for i in range(count):
            for p in range(64):
                quarter = p // 32 * 2 + p % 8 // 4
                pixels.append(draw.randrange(120) + (100 if quarter == i % 4 else 0))
        write(f"{folder}/{name}-images-idx3-ubyte",
              struct.pack(">4I", 0x803, count, 8, 8) + pixels)
        write(f"{folder}/{name}-labels-idx1-ubyte",
              struct.pack(">2I", 0x801, count) + bytes(i % 4 for i in range(count)))


def train(w, run, *more):
    return agena("wage", "train", w.path("wage.yaml"), "--data", w.path("pictures"), "-o",
                 w.path(run), *more)


def evaluate(w, run, *more):
    out = agena("wage", "eval", w.path(f"{run}/model.safetensors"), "--data", w.path("pictures"),
                "--json", *more).succeeded().text()
    return json.loads(out)


def train_in_integers(w):
    write_set(w.path("pictures"))
    write(w.path("wage.yaml"), RECIPE.encode())
    result = train(w, "digits").succeeded()
    assert "epoch 40: loss" in result.err and "of the test split wrong" in result.err, result.err
    names = os.listdir(w.path("digits"))
    assert set(FILES) < set(names) and any("tfevents" in name for name in names), names


def widths_of_16_bits(w):
    for bits, run in (("2-8-16-16", "wide"), ("8-8-16-8", "finer")):
        train(w, run, "--set", "bits=" + bits, "--set", "epochs=12", "--set",
              "rates=[{epoch: 0, rate: 9}]").succeeded()
        assert evaluate(w, run)["error"] < 0.1, run


def eval_counts_wrong_answers(w):
    result = evaluate(w, "digits")
    assert result["pictures"] == 96 and result["error"] < 0.1 and not result["float"], result
    assert evaluate(w, "digits", "--split", "train", "--limit", "50")["pictures"] == 50
    out = agena("wage", "eval", w.path("digits/model.safetensors"), "--data",
                w.path("pictures")).succeeded().text()
    assert f"{result['wrong']} of 96 pictures of the test split wrong" in out, out


def twin_in_float32(w):
    train(w, "twin", "--float").succeeded()
    result = evaluate(w, "twin")
    assert result["float"] and result["error"] < 0.1, result


def one_thread_gives_the_same_bytes(w):
    train(w, "wage-one", "--threads", "1").succeeded()
    for name in FILES:
        assert read(w.path(f"wage-one/{name}")) == read(w.path(f"digits/{name}")), name


def interruption_and_resuming(w):
    process = started("wage", "train", w.path("wage.yaml"), "--data", w.path("pictures"), "-o",
                      w.path("wage-stopped"), "--set", "epochs=100000")
    said = b""
    for line in process.stderr:
        said += line
        if line.startswith(b"epoch 3:"):
            break
    process.send_signal(signal.SIGINT)
    ended(process, said).failed(130, "stopped at step", "--resume")
    train(w, "wage-stopped", "--resume", "--set", "epochs=100000", "--set", "seed=4").failed(
        1, "another recipe")
    done = json.loads(agena("info", w.path("wage-stopped/model.safetensors"),
                            "--json").succeeded().text())["steps"]
    if done < 40 * 12:
        train(w, "wage-stopped", "--resume").succeeded()
        assert read(w.path("wage-stopped/model.safetensors")) == read(
            w.path("digits/model.safetensors"))


def info_describes_it(w):
    facts = json.loads(agena("info", w.path("digits/model.safetensors"),
                             "--json").succeeded().text())
    expected = {"kind": "wage", "picture": [8, 8, 1], "network": "8C3-MP2-16C3-MP2-32FC-4",
                "bits": "2-8-8-8", "classes": 4, "steps": 480, "seed": 3, "weights": 3400}
    assert {key: facts[key] for key in expected} == expected, facts
    assert len(facts["curve"]) == 40 and facts["curve"][-1]["error"] < 0.1
    out = agena("info", w.path("twin/model.safetensors")).succeeded().text()
    assert "float32 twin" in out and "8C3-MP2-16C3-MP2-32FC-4" in out, out


def packed_models(w):
    packed = w.path("packed.safetensors")
    agena("wage", "pack", w.path("digits/model.safetensors"), "-o", packed).succeeded()
    assert os.path.getsize(packed) + 2000 < os.path.getsize(w.path("digits/model.safetensors"))
    out = agena("wage", "eval", packed, "--data", w.path("pictures"), "--json").succeeded().text()
    assert json.loads(out) == evaluate(w, "digits")
    agena("wage", "pack", w.path("twin/model.safetensors"), "-o", packed).failed(1, "float32")
    train(w, "eight", "--set", "epochs=1", "--set", "bits=8-8-8-8").succeeded()
    agena("wage", "pack", w.path("eight/model.safetensors"), "-o", w.path("none")).failed(
        1, "no layer of ternary weights")
    assert not os.path.exists(w.path("none"))


def sweeps(w):
    table = w.path("sweep.json")
    arguments = ("wage", "sweep", w.path("wage.yaml"), "--data", w.path("pictures"), "--set",
                 "epochs=2", "-o", table)
    out = agena(*arguments, "--bits", "2-8-8-8,2-8-8-4", "--seeds", "2",
                "--float").succeeded().text()
    rows = [line.split()[0] for line in out.splitlines()]
    assert rows == ["bits", "2-8-8-8", "2-8-8-4", "float"], out
    runs = json.loads(read(table))["runs"]
    assert [(run["bits"], run["seed"]) for run in runs] == [
        (bits, seed) for bits in rows[1:] for seed in (1, 2)], runs
    assert all(len(run["curve"]) == 2 and 0 <= run["error"] <= 1 for run in runs)
    result = agena(*arguments, "--bits", "2-8-8-8,3-8-8-8", "--resume").succeeded()
    assert "2-8-8-8, seed 1" not in result.err and "3-8-8-8, seed 1" in result.err, result.err
    assert json.loads(read(table))["runs"][:6] == runs
    before = read(table)
    agena(*arguments, "--bits", "2-8-8-8").failed(1, table, "--resume")
    agena(*arguments, "--bits", "2-8-8-8", "--resume", "--set", "epochs=3").failed(
        1, table, "another recipe", '"epochs: 2", now "epochs: 3"')
    agena(*arguments, "--bits", "2-8-8-8", "--resume", "--set", "seed=3").failed(2, "--seeds")
    agena(*arguments, "--bits", "2-8-8-8,2-8-8-8", "--resume").failed(2, "twice")
    agena(*arguments, "--bits", "2-8-8", "--resume").failed(1, "four numbers like 2-8-8-8")
    agena(*arguments, "--bits", " , ", "--resume").failed(2, "names no width")
    assert read(table) == before


def impossible_widths_stop_a_sweep_before_its_first_run(w):
    table = w.path("none.json")
    result = agena("wage", "sweep", w.path("wage.yaml"), "--data", w.path("pictures"), "--bits",
                   "2-8-8-8,8-8-4-8", "-o", table)
    result.failed(1, "wage.yaml", "gradients of 4 bits and weights of 8")
    assert "seed 1" not in result.err and not os.path.exists(table), result.err


def sweeps_compare_integers_whatever_the_recipe_trains(w):
    table = w.path("real.json")
    agena("wage", "sweep", w.path("wage.yaml"), "--data", w.path("pictures"), "--bits", "2-8-8-8",
          "-o", w.path("integers.json"), "--set", "epochs=1").succeeded()
    write(w.path("real.yaml"), RECIPE.encode() + b"float: true\n")
    agena("wage", "sweep", w.path("real.yaml"), "--data", w.path("pictures"), "--bits", "2-8-8-8",
          "-o", table, "--set", "epochs=1").succeeded()
    curves = [json.loads(read(path))["runs"][0]["curve"] for path in
              (table, w.path("integers.json"))]
    assert curves[0] == curves[1], curves


def killed_sweeps_go_on(w):
    table = w.path("killed.json")
    arguments = ("wage", "sweep", w.path("wage.yaml"), "--data", w.path("pictures"), "--set",
                 "epochs=2", "-o", table, "--bits", "2-8-8-8", "--seeds", "6")
    for number in (signal.SIGKILL, signal.SIGINT):
        process = started(*arguments, *(("--resume",) if os.path.exists(table) else ()))
        said = b""
        for line in process.stderr:
            said += line
            if b", seed " in line and said.count(b", seed ") == 2:
                break
        process.send_signal(number)
        result = ended(process, said)
        if number == signal.SIGINT:
            result.failed(130, table, "--resume")
        else:
            assert result.code == -number, result.code
    done = len(json.loads(read(table))["runs"])
    assert 2 <= done < 6, done
    result = agena(*arguments, "--resume").succeeded()
    assert result.err.count(", seed ") == 6 - done, result.err
    whole = w.path("whole.json")
    agena(*arguments[:7], "-o", whole, *arguments[9:]).succeeded()
    rows = [[(row["seed"], row["error"], row["curve"]) for row in json.loads(read(path))["runs"]]
            for path in (table, whole)]
    assert rows[0] == rows[1], rows


def spoilt_sweeps(w):
    whole = json.loads(read(w.path("sweep.json")))
    table = w.path("spoilt.json")

    def refused(text, *parts):
        write(table, text if isinstance(text, bytes) else json.dumps(text).encode())
        agena("wage", "sweep", w.path("wage.yaml"), "--data", w.path("pictures"), "--set",
              "epochs=2", "--bits", "2-8-8-8", "-o", table, "--resume").failed(1, table, *parts)

    refused(b"", "line 1")
    refused(read(w.path("sweep.json"))[:-20], "line")
    refused([1], "no sweep")
    for spoil in ({"error": 2}, {"error": "0"}, {"seed": None}, {"bits": 8}):
        refused({**whole, "runs": [{**whole["runs"][0], **spoil}]}, "no sweep")
    os.remove(table)
    agena("wage", "sweep", w.path("wage.yaml"), "--data", w.path("pictures"), "--bits", "2-8-8-8",
          "-o", table, "--resume").failed(1, "nothing to resume", table)


def export_writes_c(w):
    folder = w.path("device")
    facts = json.loads(agena("wage", "export", w.path("digits/model.safetensors"), "-o", folder,
                             "--batch", "4", "--json").succeeded().text())
    assert facts["weights"] == 3400 and 850 <= facts["packed_bytes"] < 1000, facts
    assert facts["training_bytes"] > facts["inference_bytes"] > 0, facts
    names = os.listdir(folder)
    assert "README.md" in names and any(name.endswith(".c") for name in names), names
    agena("wage", "export", w.path("twin/model.safetensors"), "-o", folder).failed(1, "float32")
    write(folder + "/main.c", b"mine")
    agena("wage", "export", w.path("digits/model.safetensors"), "-o", folder).succeeded()
    assert read(folder + "/main.c") == b"mine" and b"WAGE_BATCH   0" in read(folder + "/model.h")
    for name in ("README.md", "main.c", "model.c"):
        theirs = w.path("theirs-" + name)
        os.makedirs(theirs)
        write(f"{theirs}/{name}", b"theirs")
        agena("wage", "export", w.path("digits/model.safetensors"), "-o", theirs).failed(
            1, theirs, "not of an export")
        assert os.listdir(theirs) == [name] and read(f"{theirs}/{name}") == b"theirs"
    wide = agena("wage", "export", w.path("wide/model.safetensors"), "-o", w.path("none"), "--batch",
                 "4").failed(1, "errors of 16 bits")
    assert not os.path.exists(w.path("none")), wide.err
    agena("wage", "export", w.path("digits/model.safetensors"), "-o", w.path("digits/" + FILES[0])
          ).failed(1, FILES[0])


def cost_counts(w):
    cost = json.loads(agena("wage", "cost", w.path("digits/model.safetensors"), "--batch", "16",
                            "--json").succeeded().text())
    assert cost["integers"]["weights"] == 3400 and cost["batch"] == 16, cost
    assert cost["integers"]["multiply_adds"] == cost["float"]["multiply_adds"]
    for key, energy in cost["float"]["energy_uj"].items():
        assert energy > cost["integers"]["energy_uj"][key], key
    assert cost["integers"]["by_width"][0] == {"bits": [8, 2], "forward": 25216, "backward": 20608,
                                               "gradient": 0}, cost
    changed = json.loads(agena("wage", "cost", w.path("wage.yaml"), "--data", "random:8x8x1", "--set",
                               "bits=4-8-8-8", "--json").succeeded().text())
    assert changed["integers"]["by_width"][0]["bits"] == [8, 4] and changed["batch"] == 16, changed
    agena("wage", "cost", w.path("wage.yaml")).failed(1, "wage.yaml", "--data")
    agena("wage", "cost", w.path("digits/model.safetensors"), "--set", "bits=4-8-8-8").failed(
        2, "go with a recipe")
    out = agena("wage", "cost", w.path("digits/model.safetensors")).succeeded().text()
    assert "float32" in out and "45 nm" in out, out


def wrong_data_and_recipes(w):
    def refused(*parts, more=()):
        train(w, "none", *more).failed(1, *parts)
        assert not os.path.exists(w.path("none"))

    refused("wage.yaml", "weights of 1 bits", more=("--set", "bits=1-8-8-8"))
    refused("wage.yaml", "four numbers", more=("--set", "bits=ternary"))
    refused("wage.yaml", "character 5", more=("--set", "network=8C3-nonsense"))
    refused("labels up to 3", more=("--set", "network=8C3-MP2-2"))
    agena("wage", "train", w.path("wage.yaml"), "-o", w.path("none")).failed(1, "--data")
    agena("wage", "train", w.path("wage.yaml"), "--data", "minst", "-o", w.path("none")).failed(
        1, "minst", "known are", "mnist")
    agena("wage", "eval", w.path("digits/model.safetensors"), "--data", "random:9x9x1").failed(
        1, "9 x 9 x 1", "8 x 8 x 1")
    agena("wage", "train", w.path("wage.yaml"), "--data", w.folder, "-o", w.path("none")).failed(
        1, w.folder, "no picture set")
    spoilt = w.path("pictures/t10k-labels-idx1-ubyte")
    labels = read(spoilt)
    for data, part in ((labels[:-1], "more than it can hold"), (labels + b"x", "goes on after"),
                       (b"\0" * 8 + labels[8:], "not an IDX file of labels")):
        write(spoilt, data)
        refused(spoilt, part)
    write(spoilt, labels[:8] + b"\7" + labels[9:])
    refused("labels up to 7, the network has 4")
    write(spoilt, labels)


def spoilt_models(w):
    whole = read(w.path("digits/model.safetensors"))
    path = w.path("cut.safetensors")
    for size in (0, 9, 200, len(whole) - 1):
        write(path, whole[:size])
        agena("wage", "eval", path, "--data", w.path("pictures")).failed(1, path)
    agena("wage", "eval", w.model, "--data", w.path("pictures")).failed(1, "not a WAGE model")
    agena("wavenet", "generate", w.path("digits/model.safetensors"), "-o",
          w.path("none.wav")).failed(1, "not a WaveNet model")


CASES = (train_in_integers, widths_of_16_bits, eval_counts_wrong_answers, twin_in_float32,
         one_thread_gives_the_same_bytes, interruption_and_resuming, info_describes_it,
         packed_models, sweeps, impossible_widths_stop_a_sweep_before_its_first_run,
         sweeps_compare_integers_whatever_the_recipe_trains, killed_sweeps_go_on, spoilt_sweeps,
         export_writes_c, cost_counts, wrong_data_and_recipes,
         spoilt_models)
