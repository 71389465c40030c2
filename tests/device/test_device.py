"""Exported networks: the code as compilers see it, and learning equal to the library's."""
import os
import random
import re
import shutil
import subprocess
import tempfile

import board
import pictures
import tap
import toolchain

TWIN = os.environ["TWIN"]
DIGITS = ["2-8-8-8", "28x28x1", "8C5", "MP2", "16C5", "MP2", "64", "10"]
SMALL = ["2-8-8-8", "12x10x2", "6C3", "MP2", "8C3", "9", "4"]
WORK = tempfile.mkdtemp(prefix="agena-device-")
say = lambda text: print("# " + text, flush=True)


def twin(folder, stream, batch, host_batch, *network):
    """The library's lines for a stream of records; X exports into the folder."""
    return board.run([TWIN, folder, str(batch), str(host_batch), "7", *network], input=stream)


def export(name, batch, *network):
    folder = os.path.join(WORK, name)
    twin(folder, b"X", batch, max(batch, 1), *network)
    return folder


def need(*programs):
    if toolchain.missing(*programs):
        raise tap.Skip(" and ".join(toolchain.missing(*programs)) + " not installed")


# ---- the code ----

def compiles(compiler):
    need(compiler)
    for name, batch, *network in [("learns", 8, *DIGITS), ("wide", 3, "2-8-12-8", *SMALL[1:]),
                                  ("nearest", 3, *SMALL, "nearest"), ("classifies", 0, *SMALL)]:
        folder = export(name, batch, *network)
        for level in ("-O0", "-Os", "-O3"):
            example = board.build(compiler, folder, os.path.join(folder, "example"),
                                      *toolchain.STRICT, level, os.path.join(folder, "main.c"))
        if name == "learns":
            board.run([example])


def test_gcc_compiles_it_without_warnings_and_the_example_learns():
    compiles("gcc")


def test_clang_compiles_it_without_warnings_and_the_example_learns():
    compiles("clang")


def arm_objects(name, batch, *options):
    need(board.ARM + "gcc")
    folder = export(name, batch, *DIGITS)
    return folder, toolchain.arm_objects(folder, *options)


def test_device_code_needs_no_library():
    for level in ("-Os", "-O2", "-O3"):
        _, objects = arm_objects("alone", 8, level)
        for path in objects:
            undefined = board.run([board.ARM + "nm", "-u", path]).split()
            others = [s for s in undefined if s != "U" and not s.startswith("wage_")]
            assert not others, f"{path} at {level} needs {others}"


def test_device_code_has_no_floating_point():
    _, objects = arm_objects("float", 8, "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16")
    seen = 0
    for path in objects:
        for function, mnemonic, operands in toolchain.instructions(path):
            seen += 1
            assert not mnemonic.startswith("v"), f"{function}: {mnemonic} {operands}"
    assert seen > 1000, f"{seen} instructions"


def stated(folder, what):
    """A number of bytes in the exported README."""
    with open(os.path.join(folder, "README.md"), encoding="utf-8") as file:
        found = re.search(what, file.read())
    assert found, what
    return int(found[1])


def test_memory_is_what_the_readme_states():
    folder, objects = arm_objects("memory", 8)
    symbols = {}
    for path in objects:
        symbols.update(toolchain.symbol_sizes(path))
    for name in ("wage_packed", "wage_stored", "wage_layers"):
        assert stated(folder, rf"\(`{name}`\) \| (\d+)") == symbols[name], name
    probe = os.path.join(folder, "probe.c")
    with open(probe, "w", encoding="ascii") as file:
        file.write('#include "wage_device.h"\nwage_runner runner;\nwage_learner learner;\n')
    board.run([board.ARM + "gcc", *board.CORTEX_M4, "-c", probe, "-o", probe + ".o"])
    for name, size in toolchain.symbol_sizes(probe + ".o").items():
        assert stated(folder, rf"\(`wage_{name}`\) \| (\d+)") == size, name


def test_code_and_stack_are_within_what_the_readme_states():
    folder, objects = arm_objects("code", 8)
    code = {os.path.basename(path): sum(size for name, size in
                                        board.section_sizes(path).items()
                                        if name.startswith(".text")) for path in objects}
    run, learn = code["wage_device.o"], code["wage_device.o"] + code["wage_train.o"]
    depth = toolchain.stack_depths(objects)
    say(f"code {run} bytes to classify, {learn} with learning; stack: wage_run {depth['wage_run']}, "
        f"wage_step {depth['wage_step']} bytes")
    assert run <= stated(folder, r"at most (\d+) bytes of code to classify")
    assert learn <= stated(folder, r"classify, (\d+) with learning")
    assert max(depth.values()) <= stated(folder, r"(\d+) bytes of stack")


# ---- the same bytes ----

def random_pictures(rng, count, network):
    height, width, channels = map(int, network[1].split("x"))
    classes = int([word for word in network if word.isdigit()][-1])
    size = height * width * channels
    found = []
    for _ in range(count):
        low, high = sorted((rng.randrange(256), rng.randrange(256)))
        noise = rng.randbytes(size)
        found.append((rng.randrange(classes),
                      bytes(low + b * (high - low) // 255 for b in noise)))
    return found


def random_stream(rng, batch, network, steps=24):
    """Steps of any number of pictures and any rate, with what the device answers in between."""
    records = []
    unit = int(network[0].split("-")[2]) - 8  # the weights' range is 2^unit times that of 8 bits
    for step in range(steps):
        lesson = random_pictures(rng, rng.randint(1, batch), network)
        rate = rng.choice([-8, -2, 0, 0, 1, 2]) + unit
        records.append(pictures.learn(lesson, rate, rng.randrange(2 ** 32)))
        if step % 4 == 3:
            records.append(b"W" + pictures.classify(b"P", random_pictures(rng, 3, network)))
    # Steps far beyond the range of the weights.
    records.append(pictures.learn(random_pictures(rng, batch, network), 15, steps) + b"W")
    return b"".join(records) + pictures.classify(b"F", random_pictures(rng, 5, network)) + b"W"


def same_bytes(name, *network):
    need("gcc")
    rng = random.Random(name)
    batch = rng.randint(1, 16)
    folder = os.path.join(WORK, name)
    # The export's weights have learned a little.
    before = b"".join(pictures.learn(random_pictures(rng, 4, network), 2, step)
                      for step in range(5)) + b"X"
    stream = random_stream(rng, batch, network)
    host = twin(folder, before + stream, batch, max(4, batch), *network)
    device = board.build("gcc", folder, os.path.join(folder, "device"), *toolchain.SANITIZE,
                             *board.demo("main.c", "port_stdio.c"))
    lines = board.run([device], input=stream)
    assert lines == host + "stack 0\n", f"host\n{host}\ndevice\n{lines}"
    weights = re.findall(r"weights (\w+)", host)
    assert len(set(weights)) >= len(weights) - 2, f"the weights hardly change: {weights}"


def test_same_bytes_small_net():
    same_bytes("small", *SMALL)


def test_same_bytes_dense_layers_alone():
    same_bytes("dense", "2-8-8-8", "5x4x1", "17", "9", "6")


def test_same_bytes_one_layer():
    same_bytes("one", "2-8-8-8", "6x6x1", "10")


def test_same_bytes_strides_and_no_padding():
    same_bytes("strides", "2-8-8-8", "15x12x3", "5C4/2", "6C3v", "3C2/3", "7")


def test_same_bytes_overlapping_pooling():
    same_bytes("overlap", "2-8-8-8", "16x13x1", "5C3", "MP3/2", "4C3v", "MP2", "6")


def test_same_bytes_odd_sizes_and_wide_pooling():
    same_bytes("odd", "2-8-8-8", "13x11x1", "3C5", "MP4", "4C1", "5")


def test_same_bytes_kernel_larger_than_picture():
    same_bytes("pixel", "2-8-8-8", "1x1x3", "4C3", "5C2", "6")


def test_same_bytes_pooling_to_nearest():
    same_bytes("round", "2-8-8-8", "10x10x1", "4C3", "MP2", "8", "5", "nearest")


def same_bytes_of_widths(*widths, words=()):
    for bits in widths:
        same_bytes("widths-" + bits, bits, "10x9x1", "6C3", "MP2", "5C3", "8", "5", *words)


def test_same_bytes_weights_of_3_to_8_bits():
    same_bytes_of_widths("3-8-8-8", "4-8-8-8", "5-8-8-8", "8-8-8-8")


def test_same_bytes_narrow_activations_and_errors():
    # By the larger scales of LeCun's bound hardly any activation of two bits is left.
    same_bytes_of_widths("2-4-8-8", "2-8-8-4", "2-2-8-2", "3-3-3-3", words=["he"])


def test_same_bytes_wide_and_narrow_gradients():
    same_bytes_of_widths("2-8-16-8", "2-8-12-8", "2-8-4-8", "2-8-2-8")


def test_same_classes_of_an_export_for_inference():
    need("gcc")
    rng = random.Random(3)
    network = ["2-8-8-16", *SMALL[1:]]  # errors that only the library learns from
    seen = random_pictures(rng, 200, network)
    folder = os.path.join(WORK, "inference")
    twin(folder, b"X", 0, 1, *network)
    program = board.build("gcc", folder, os.path.join(folder, "device"), *toolchain.SANITIZE,
                              *board.demo("port_stdio.c"),
                              os.path.join(os.path.dirname(__file__), "classify_only.c"))
    classes = board.run([program], input=b"".join(p for _, p in seen)).split()
    answers = [(int(c), p) for c, (_, p) in zip(classes, seen)]
    host = twin(folder, b"X" + pictures.classify(b"F", answers), 0, 1, *network)
    assert f"{len(seen)} of {len(seen)} right" in host, host
    assert len(set(classes)) > 1, "all pictures are of one class"


def refuses(sentence, batch, *network):
    done = subprocess.run([TWIN, os.path.join(WORK, "refused"), str(batch), "1", "7", *network],
                          input=b"X", capture_output=True, check=False)
    assert done.returncode == 1 and sentence in done.stderr.decode(), done.stderr.decode()
    assert not os.path.exists(os.path.join(WORK, "refused"))


def test_refuses_what_a_device_cannot_do():
    refuses("from 1 to 16 pictures at a time (0: it does not learn), not 17", 17, *SMALL)
    refuses("not -1", -1, *SMALL)
    refuses("layer 1 has errors of 9 bits", 4, "2-8-8-9", *SMALL[1:])


def test_export_without_memory_fails_cleanly():
    folder = os.path.join(WORK, "memory-runs-out")
    said = twin(folder, b"A", 4, 4, *SMALL)
    assert re.fullmatch(r"0, ([1-9]\d+) allocations\n", said), said
    again = export("enough-memory", 4, *SMALL)
    assert sorted(os.listdir(folder)) == sorted(os.listdir(again)), os.listdir(folder)
    for name in os.listdir(folder):
        with open(os.path.join(folder, name), "rb") as a, open(os.path.join(again, name), "rb") as b:
            assert a.read() == b.read(), name


def test_export_to_where_nothing_can_be_written():
    place = os.path.join(WORK, "a-file")
    with open(place, "w", encoding="ascii"):
        pass
    done = subprocess.run([TWIN, place, "4", "4", "7", *SMALL], input=b"X", capture_output=True,
                          check=False)
    assert done.returncode == 1 and "a-file" in done.stderr.decode(), done.stderr.decode()


# ---- a Cortex-M4 ----

def right(lines):
    return [int(n) for n in re.findall(r": (\d+) of", lines)]


def test_a_cortex_m4_learns_a_shifted_task_as_the_library_does():
    need(board.ARM + "gcc", board.QEMU)
    folder, stream = os.path.join(WORK, "digits"), os.path.join(WORK, "stream")
    train, test = pictures.digits(600, 1), pictures.digits(100, 2)
    turned, turned_test = pictures.rotated(train), pictures.rotated(test)
    school = pictures.lessons(train, 32, 3, 0, 300)
    device = (pictures.classify(b"F", test) + pictures.classify(b"P", turned_test) +
              pictures.lessons(turned, 8, 3, 1000, 300) + pictures.classify(b"P", turned_test))
    host = twin(folder, school + b"X" + device, 8, 32, *DIGITS)
    host = host[host.index("flash"):]  # the device's part
    image = board.image(folder, os.path.join(WORK, "digits.elf"))
    with open(stream, "wb") as file:
        file.write(device)
    lines = board.answer(image, stream)
    ram, flash = board.memory(image)
    room = board.section_sizes(image)[".stack"]
    body, stack = lines.rsplit("stack ", 1)
    assert body == host, f"host\n{host}\ndevice\n{lines}"
    assert len(re.findall("weights", body)) == 3
    upright, before, after = right(body)
    say(f"Cortex-M4: {upright} of 100 digits right; turned: {before} before, {after} after 300 "
        f"steps of 8 pictures; RAM {ram} bytes with {room} of stack, of which "
        f"{stack.strip()} used; flash {flash} bytes")
    assert ram <= 256 * 1024 and 0 < int(stack) < room
    assert upright >= 80 and before <= 40 and after >= 80


def test_what_does_not_fit_the_device_does_not_link():
    need(board.ARM + "gcc")
    folder = export("large", 8, "2-8-8-8", "28x28x1", "32C5", "MP2", "64C5", "MP2", "128", "10")
    try:
        board.image(folder, os.path.join(WORK, "large.elf"))
    except AssertionError as error:
        assert "region `RAM' overflowed" in str(error), error
    else:
        raise AssertionError("it linked")


try:
    tap.run(globals())
finally:
    shutil.rmtree(WORK, ignore_errors=True)
