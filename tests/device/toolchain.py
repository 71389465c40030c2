"""Compilers of device code, what is in their objects, and the simulated Cortex-M4."""
import glob
import os
import re
import shutil
import subprocess

DEMO = os.path.join(os.environ["ROOT"], "demo", "device")
STRICT = ["-std=c99", "-pedantic", "-Wall", "-Wextra", "-Wconversion", "-Wsign-conversion",
          "-Wshadow", "-Werror"]
SANITIZE = ["-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
ARM = "arm-none-eabi-"
QEMU = "qemu-system-arm"
CORTEX_M4 = ["-mcpu=cortex-m4", "-mthumb", "-ffreestanding", "-O2",
             "-fno-tree-loop-distribute-patterns", "-ffunction-sections", "-fdata-sections"]


def run(words, **more):
    """Standard output; a program that fails is an error with what it said."""
    done = subprocess.run(words, capture_output=True, check=False, **more)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(words)}: {done.returncode}\n"
                             f"{done.stderr.decode(errors='replace')[-3000:]}")
    return done.stdout.decode()


def missing(*programs):
    return [program for program in programs if not shutil.which(program)]


def sources(folder):
    """The exported code without its example."""
    return sorted(set(glob.glob(os.path.join(folder, "*.c"))) - {os.path.join(folder, "main.c")})


def build(compiler, folder, program, *more):
    """Compile an exported network and the files of `more` (and options) into a program."""
    run([compiler, "-I", folder, "-I", DEMO, *sources(folder), *more, "-o", program])
    return program


def demo(*names):
    return [os.path.join(DEMO, name) for name in names]


# ---- Cortex-M4 ----

def arm_objects(folder, *options):
    """Compile each exported file with gcc for the Cortex-M4; the objects' paths."""
    objects = []
    for source in sources(folder):
        objects.append(source[:-2] + ".o")
        run([ARM + "gcc", *CORTEX_M4, *STRICT, *options, "-fstack-usage", "-c", source, "-o",
             objects[-1]])
    return objects


def arm_image(folder, program):
    return build(ARM + "gcc", folder, program, *CORTEX_M4, "-mfloat-abi=soft", "-Wall", "-Wextra",
                 "-Werror", "-nostdlib", "-Wl,--gc-sections", "-T",
                 *demo("mps2-an386.ld", "main.c", "startup.c", "port_semihosting.c"))


def arm_run(image, stream):
    """The lines that the image answers to the stream, a file's path."""
    return run([QEMU, "-M", "mps2-an386", "-nographic", "-monitor", "none", "-serial", "none",
                "-semihosting-config", f"enable=on,target=native,arg={stream}", "-kernel", image])


def section_sizes(path):
    """{section: bytes} of an ELF file."""
    rows = run([ARM + "size", "-A", path]).splitlines()[2:]
    return {row.split()[0]: int(row.split()[1]) for row in rows if len(row.split()) == 3}


def symbol_sizes(path):
    """{symbol: bytes} of those an object defines."""
    rows = [row.split() for row in run([ARM + "nm", "-S", "--radix=d", path]).splitlines()]
    return {row[3]: int(row[1]) for row in rows if len(row) == 4}


def instructions(path):
    """[(function, mnemonic, operands)] of an object."""
    found, function = [], None
    for line in run([ARM + "objdump", "-dr", path]).splitlines():
        head = re.match(r"[0-9a-f]+ <(\w+)>:", line)
        code = re.match(r"\s+[0-9a-f]+:\t[0-9a-f ]+\t(\S+)\s*(.*)", line)
        call = re.match(r"\s+[0-9a-f]+: R_ARM_THM_(?:CALL|JUMP24)\s+(\w+)", line)
        if head:
            function = head[1]
        elif code:
            found.append((function, code[1], code[2]))
        elif call:
            found.append((function, "call", call[1]))
    return found


def stack_depths(objects):
    """{function: bytes of stack that it and all it calls take at most}."""
    frames, calls = {}, {}
    for path in objects:
        with open(path[:-2] + ".su", encoding="ascii") as file:
            for place, size, _ in (line.split("\t") for line in file):
                frames[place.split(":")[-1]] = int(size)
        for function, mnemonic, operands in instructions(path):
            target = re.search(r"<(\w+)>$", operands)
            if mnemonic == "call":
                calls.setdefault(function, set()).add(operands)
            elif target and mnemonic.startswith("b") and target[1] != function:
                calls.setdefault(function, set()).add(target[1])

    def depth(function):
        return frames.get(function, 0) + max(map(depth, calls.get(function, ())), default=0)
    return {function: depth(function) for function in frames}
