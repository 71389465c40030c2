"""The command agena as its user meets it: every exit code, every sentence, every file it leaves.

The environment variable agena names the command under test. Later cases use what earlier ones
made: recordings, their manifest, a model trained in a moment.
"""

import sys
import traceback

import cases_audio
import cases_data
import cases_generate
import cases_lab
import cases_model
import cases_train
import cases_usage
import cases_wage
from workshop import Skip, Workshop


def run(case, workshop):
    """Why the case failed, None when it passed."""
    try:
        case(workshop)
    except Skip:
        raise
    except Exception:
        return traceback.format_exc()
    return None


def report(number, name, case, workshop):
    try:
        why = run(case, workshop)
    except Skip as reason:
        print(f"ok {number} - {name} # SKIP {reason}", flush=True)
        return True
    print(f"{'not ok' if why else 'ok'} {number} - {name}", flush=True)
    if why:
        print("# " + why.rstrip().replace("\n", "\n# "), flush=True)
    return not why


def main():
    workshop = Workshop()
    number = failures = 0
    try:
        for part in (cases_usage, cases_data, cases_train, cases_model, cases_generate,
                     cases_audio, cases_wage, cases_lab):
            for case in part.CASES:
                number += 1
                name = f"{part.__name__[6:]}: {case.__name__}"
                failures += not report(number, name, case, workshop)
    finally:
        workshop.remove()
    print(f"1..{number}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
