"""Images for a Cortex-M4 and the board that QEMU plays."""
import glob
import os
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
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


def sources(folder):
    """The code exported into a folder, without its example."""
    return sorted(set(glob.glob(os.path.join(folder, "*.c"))) - {os.path.join(folder, "main.c")})


def demo(*names):
    return [os.path.join(HERE, name) for name in names]


def build(compiler, folder, program, *more):
    """Compile an exported network and the files of `more` (and options) into a program."""
    run([compiler, "-I", folder, "-I", HERE, *sources(folder), *more, "-o", program])
    return program


def image(folder, program):
    """An image of main.c with the network exported into a folder; it does not link if it does not
    fit the memory in mps2-an386.ld."""
    return build(ARM + "gcc", folder, program, *CORTEX_M4, "-mfloat-abi=soft", "-Wall", "-Wextra",
                 "-Werror", "-nostdlib", "-Wl,--gc-sections", "-T",
                 *demo("mps2-an386.ld", "main.c", "startup.c", "port_semihosting.c"))


def answer(program, stream):
    """What an image answers to a stream, the path of a file."""
    return run([QEMU, "-M", "mps2-an386", "-nographic", "-monitor", "none", "-serial", "none",
                "-semihosting-config", f"enable=on,target=native,arg={stream}", "-kernel", program])


def section_sizes(path):
    """{section: bytes} of an ELF file."""
    rows = run([ARM + "size", "-A", path]).splitlines()[2:]
    return {row.split()[0]: int(row.split()[1]) for row in rows if len(row.split()) == 3}


def memory(path):
    """Bytes of RAM with the stack, and of flash, that an image takes."""
    sizes = section_sizes(path)
    return (sum(sizes.get(name, 0) for name in (".data", ".bss", ".stack")),
            sum(sizes.get(name, 0) for name in (".text", ".ARM.exidx", ".data")))
