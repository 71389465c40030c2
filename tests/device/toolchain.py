"""Compilers of device code and what is in their objects."""
import re
import shutil

from board import ARM, CORTEX_M4, run, sources

STRICT = ["-std=c99", "-pedantic", "-Wall", "-Wextra", "-Wconversion", "-Wsign-conversion",
          "-Wshadow", "-Werror"]
SANITIZE = ["-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]


def missing(*programs):
    return [program for program in programs if not shutil.which(program)]


def arm_objects(folder, *options):
    """Compile each exported file with gcc for the Cortex-M4; the objects' paths."""
    objects = []
    for source in sources(folder):
        objects.append(source[:-2] + ".o")
        run([ARM + "gcc", *CORTEX_M4, *STRICT, *options, "-fstack-usage", "-c", source, "-o",
             objects[-1]])
    return objects


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
