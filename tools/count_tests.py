#!/usr/bin/env python3
"""Count test cases in meson's testlog.json: prints PASSED FAILED SKIPPED.

A program that prints TAP counts each of its lines; cmocka's plain output counts its summary; any
other program is one case. A program that failed without naming a failed case (a crash, a time-out)
is one more failure.
"""
import json
import re
import sys

TAP_LINE = re.compile(r"^(not )?ok\b(.*)$", re.MULTILINE)
CMOCKA_LINE = re.compile(r"^\[ +(OK|FAILED|SKIPPED) +\] \w+(?!.*test\(s\))", re.MULTILINE)


def count_tap(text):
    passed = failed = skipped = 0
    for bad, rest in TAP_LINE.findall(text):
        if re.search(r"#\s*skip", rest, re.IGNORECASE):
            skipped += 1
        elif bad:
            failed += 1
        else:
            passed += 1
    return passed, failed, skipped


def count_cmocka(text):
    kinds = CMOCKA_LINE.findall(text)
    return kinds.count("OK"), kinds.count("FAILED"), kinds.count("SKIPPED")


def count_program(test):
    text = test.get("stdout", "") + "\n" + test.get("stderr", "")
    result = test["result"]
    passed, failed, skipped = count_tap(text)
    if passed + failed + skipped == 0:
        passed, failed, skipped = count_cmocka(text)
    if result == "SKIP":
        return 0, 0, max(skipped, 1)
    if result in ("OK", "EXPECTEDFAIL"):
        return (passed, failed, skipped) if passed + failed + skipped else (1, 0, 0)
    return passed, max(failed, 1), skipped


def main():
    totals = [0, 0, 0]
    with open(sys.argv[1], encoding="utf-8") as log:
        for line in log:
            for i, count in enumerate(count_program(json.loads(line))):
                totals[i] += count
    print(*totals)


main()
