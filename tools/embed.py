#!/usr/bin/env python3
"""Write files as strings of a C header: embed.py OUTPUT ARRAY FILE..."""
import os
import sys

ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t"}


def literal(line):
    return '"' + "".join(ESCAPES.get(c, c) for c in line) + '"'


def main(output, array, *files):
    with open(output, "w", encoding="ascii") as out:
        out.write("static const struct {\n    const char *name, *text;\n} %s[] = {\n" % array)
        for path in files:
            out.write("    { %s,\n" % literal(os.path.basename(path)))
            with open(path, encoding="ascii") as lines:
                out.writelines("      %s\n" % literal(line) for line in lines)
            out.write("    },\n")
        out.write("};\n")


main(*sys.argv[1:])
