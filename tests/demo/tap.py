"""Run functions whose names begin with test_ as one TAP test case each."""
import sys
import traceback


class Skip(Exception):
    """Raised by a test that cannot run here; says why."""


def run(names):
    tests = [(name, test) for name, test in names.items() if name.startswith("test_")]
    failed = 0
    print(f"1..{len(tests)}")
    for i, (name, test) in enumerate(tests, 1):
        try:
            test()
            print(f"ok {i} - {name}")
        except Skip as why:
            print(f"ok {i} - {name} # SKIP {why}")
        except Exception:
            failed += 1
            print(f"not ok {i} - {name}")
            print("# " + traceback.format_exc().rstrip().replace("\n", "\n# "))
    sys.exit(1 if failed else 0)
