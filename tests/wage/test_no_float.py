"""The objects of src/wage and its kernels hold no floating-point instruction: `objdump -d` of the
library. Moves and bit operations of vector registers are none, whatever their mnemonic ends in."""
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "demo"))
import tap  # noqa: E402

# Arithmetic, comparisons and conversions; every mnemonic of x87 begins with f.
X86 = re.compile(
    r"f(?!s:)\w+"
    r"|v?(add|sub|mul|div|sqrt|min|max|rcp\w*|rsqrt\w*|round|dp|hadd|hsub|addsub|u?comi|cmp\w*)"
    r"[sp][sdh]"
    r"|v?cvt\w+|vfn?m(add|sub)\w+|v(rndscale|reduce|range|getexp|getmant|scalef|fixupimm|fpclass)\w+"
    r"|vdpbf16ps|v(add|sub|mul|div|dp)\w*bf16")
ARM = re.compile(r"f(?!mov)\w+|[su]cvtf|bf\w*dot|bfm\w+")
CORE = {"backward", "config", "errors", "forward", "init", "net", "step", "update", "weights",
        "kernels_kernels", "kernels_plain"}
FAST = {"i386": {"kernels_avx2", "kernels_avx512"}, "aarch64": {"kernels_dotprod", "kernels_neon"}}

library = sys.argv[1]


def functions():
    """(object, function, mnemonic, line) of every instruction of the library; the architecture."""
    text = subprocess.run(["objdump", "-d", "--no-show-raw-insn", library], check=True,
                          capture_output=True, text=True).stdout
    member = function = None
    for line in text.splitlines():
        if found := re.match(r"(\S+):\s+file format \S*?(x86-64|aarch64)", line):
            member = re.sub(r"\.c\.o$", "", os.path.basename(found[1]))
            yield member, None, found[2], line
        elif found := re.match(r"[0-9a-f]+ <(.*)>:$", line):
            function = found[1]
        elif found := re.match(r"\s+[0-9a-f]+:\s+((?:(?:rep\w*|lock|bnd|notrack|data16)\s+)*)(\S+)",
                               line):
            yield member, function, found[2], line


ARCHITECTURE = None
FOUND = {}  # object -> instructions that compute in floating point
COUNTED = {}  # object -> all of its instructions
PHILOX = []  # those of the generator
for object_name, function_name, what, text_line in functions():
    if function_name is None:
        ARCHITECTURE = "aarch64" if what == "aarch64" else "i386"
        FOUND.setdefault(object_name, [])
        COUNTED.setdefault(object_name, 0)
        continue
    COUNTED[object_name] += 1
    if (ARM if ARCHITECTURE == "aarch64" else X86).fullmatch(what):
        FOUND[object_name].append(f"{function_name}: {text_line.strip()}")
    if function_name == "ag_philox4x32":
        PHILOX.append(what)


def test_core():
    for name in sorted(CORE | FAST[ARCHITECTURE]):
        assert COUNTED.get(f"wage_{name}", 0) > 10, f"wage_{name} is not in {library}"
        assert not FOUND[f"wage_{name}"], f"wage_{name}: {FOUND[f'wage_{name}'][:5]}"


def test_nothing_is_left_out():
    known = {f"wage_{name}" for name in CORE | FAST["i386"] | FAST["aarch64"]}
    known |= {"wage_export", "wage_export_plan"}
    others = {name for name in COUNTED if name.startswith("wage_")} - known
    assert not others, f"objects of no known kind: {others}"


def test_random_numbers():
    assert len(PHILOX) > 50
    pattern = ARM if ARCHITECTURE == "aarch64" else X86
    assert not [what for what in PHILOX if pattern.fullmatch(what)]


def test_the_test_finds_floating_point():
    for name in "tensor_kernels_plain_elementwise", "base_random", "tensor_kernels_avx2":
        if name in FOUND:
            assert len(FOUND[name]) > 5, f"{name}: {FOUND[name]}"
    assert len(FOUND["base_random"]) > 5
    for what in ("fld", "fstp", "addss", "vmulps", "vdivsd", "cvtsi2sd", "vcvttps2dq", "ucomisd",
                 "vfmadd231ps", "vfnmsub213sd", "cmpltps", "vmaxps", "vdpbf16ps", "sqrtsd"):
        assert X86.fullmatch(what), what
    for what in ("movaps", "vmovups", "vpaddd", "pmaddwd", "vpdpbusd", "xorps", "vbroadcastss",
                 "shufps", "vpminsd", "cmp", "lfence", "vpcmpgtd", "cmovg", "vextractf128"):
        assert not X86.fullmatch(what), what


tap.run(dict(globals()))
