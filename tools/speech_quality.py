#!/usr/bin/env python3
"""Can one still understand a model's copy synthesis? Count words with a speech recogniser.

    tools/speech_quality.py MODEL --data DIR [--agena PROGRAM] [--output FILE.json]

For every recording of one language and split: synthesise it anew from its own log-mel features
(`agena wavenet generate --mel`), let pocketsphinx decode the original and the synthesis, and align
both hypotheses with the transcript (Levenshtein). The figure is the share of the words decoded
correctly from the originals that are decoded correctly from the synthesis too. A recogniser errs
on originals as well, so that its rate on them is reported beside it.

Both sides get the same treatment: 16 kHz, 16 bit, the US English acoustic and language model and
dictionary of Debian's pocketsphinx-en-us with their own settings, one utterance at a time, the
cepstral mean taken over each utterance alone (-cmn batch), so that the order does not matter.

Needs the Debian packages pocketsphinx and pocketsphinx-en-us.
"""
import argparse
import concurrent.futures
import json
import os
import re
import subprocess
import sys
import tempfile

SIDES = ("original", "copy")
SPHINX = "/usr/share/pocketsphinx/model/en-us/"
UNITS = ("zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
         "fifteen sixteen seventeen eighteen nineteen").split()
TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()


def spell(number):
    """A number below 100 in words; digit by digit from there."""
    if number < 20:
        return UNITS[number]
    if number < 100:
        return (TENS[number // 10 - 2] + (" " + UNITS[number % 10] if number % 10 else ""))
    return " ".join(UNITS[int(digit)] for digit in str(number))


def words(text):
    """The words of a transcript as the dictionary writes them: lower case, numbers spelled out."""
    text = text.lower().replace("\u2019", "'")
    text = re.sub(r"\d+", lambda number: f" {spell(int(number[0]))} ", text)
    return [word.strip("'") for word in re.findall(r"[a-z']+", text) if word.strip("'")]


def matched(reference, hypothesis):
    """Positions of the reference's words that a best alignment finds in the hypothesis.

    Among the alignments with the fewest errors, one with the most matches.
    """
    rows, columns = len(reference) + 1, len(hypothesis) + 1
    cost = [[(0, 0)] * columns for _ in range(rows)]  # errors, minus matches
    for i in range(rows):
        for j in range(columns):
            ways = []
            if i:
                ways.append((cost[i - 1][j][0] + 1, cost[i - 1][j][1]))
            if j:
                ways.append((cost[i][j - 1][0] + 1, cost[i][j - 1][1]))
            if i and j:
                same = reference[i - 1] == hypothesis[j - 1]
                ways.append((cost[i - 1][j - 1][0] + (not same), cost[i - 1][j - 1][1] - same))
            cost[i][j] = min(ways, default=(0, 0))
    found, i, j = set(), rows - 1, columns - 1
    while i and j:
        same = reference[i - 1] == hypothesis[j - 1]
        before = cost[i - 1][j - 1]
        if cost[i][j] == (before[0] + (not same), before[1] - same):
            i, j = i - 1, j - 1
            if same:
                found.add(i)
        elif cost[i][j] == (cost[i - 1][j][0] + 1, cost[i - 1][j][1]):
            i -= 1
        else:
            j -= 1
    return found


def read_manifest(folder, language, splits):
    path = folder if folder.endswith(".jsonl") else os.path.join(folder, "manifest.jsonl")
    with open(path, encoding="utf-8") as file:
        records = [json.loads(line) for line in file]
    kept = [r for r in records
            if r["language"] == language and r["split"] in splits and words(r.get("text", ""))]
    for record in kept:
        record["path"] = os.path.join(os.path.dirname(path), record["path"])
    return kept


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)}:\n{done.stderr[-2000:]}")
    return done.stdout


def decode(folder, names):
    """pocketsphinx on FOLDER/NAME.wav -> list of hypotheses, each a list of words."""
    control, result = os.path.join(folder, "control"), os.path.join(folder, "hypotheses")
    with open(control, "w", encoding="ascii") as file:
        file.write("".join(name + "\n" for name in names))
    run("pocketsphinx_batch", "-hmm", SPHINX + "en-us", "-lm", SPHINX + "en-us.lm.bin", "-dict",
        SPHINX + "cmudict-en-us.dict", "-cmn", "batch", "-adcin", "yes", "-adchdr", "44",
        "-cepdir", folder, "-cepext", ".wav", "-ctl", control, "-hyp", result,
        "-logfn", os.path.join(folder, "log"))
    found = dict.fromkeys(names, [])
    with open(result, encoding="utf-8") as file:
        for line in file:
            line = re.fullmatch(r"(.*)\((\S+) -?\d+\)", line.strip())
            if line:
                found[line[2]] = [re.sub(r"\(\d+\)$", "", w) for w in line[1].split()]
    return [found[name] for name in names]


def synthesise(options, record, original, copy):
    """Write both WAV files, return the log-mel distance in dB."""
    run(options.agena, "audio", "convert", record["path"], "--rate", "16000", "-o", original)
    run(options.agena, "wavenet", "generate", options.model, "--mel", record["path"], "--speaker",
        record["speaker"], "--language", record["language"], "--weights", options.weights,
        "--seed", str(options.seed), "--temperature", str(options.temperature), "-o", copy)
    compared = json.loads(run(options.agena, "audio", "compare", original, copy, "--json"))
    return compared["mel_distance_db"]


def prepare(options, records, folder):
    """All audio of both sides -> names, distances in dB."""
    names = [f"{i:03d}" for i in range(len(records))]
    for side in SIDES:
        os.makedirs(os.path.join(folder, side), exist_ok=True)

    def one(record, name):
        paths = [os.path.join(folder, side, name + ".wav") for side in SIDES]
        return synthesise(options, record, *paths)

    distances = []
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for distance in pool.map(one, records, names):
            distances.append(distance)
            print(f"\r{len(distances)} of {len(records)} utterances synthesised", end="",
                  file=sys.stderr)
    print(file=sys.stderr)
    return names, distances


def compare(record, original, copy, distance):
    reference = words(record["text"])
    good, still = matched(reference, original), matched(reference, copy)
    return {"path": record["path"], "seconds": record["seconds"], "text": " ".join(reference),
            "original": " ".join(original), "copy": " ".join(copy), "words": len(reference),
            "original_correct": len(good), "copy_correct": len(still),
            "both_correct": len(good & still), "mel_distance_db": distance}


def summarise(options, utterances):
    def total(key):
        return sum(u[key] for u in utterances)
    weighted = sum(u["seconds"] * u["mel_distance_db"] for u in utterances)
    return {"model": options.model, "weights": options.weights, "seed": options.seed,
            "temperature": options.temperature, "language": options.language,
            "splits": options.split, "utterances": len(utterances),
            "seconds": round(total("seconds"), 2), "words": total("words"),
            "original_correct": total("original_correct"),
            "copy_correct": total("copy_correct"), "both_correct": total("both_correct"),
            "share": round(total("both_correct") / max(total("original_correct"), 1), 4),
            "mel_distance_db": round(weighted / total("seconds"), 3), "each": utterances}


def parse():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("model")
    parser.add_argument("--data", required=True, help="folder with manifest.jsonl, or that file")
    parser.add_argument("--agena", default="build/release/src/cli/agena", help="the program")
    parser.add_argument("--split", action="append", help="test (the default), valid; repeatable")
    parser.add_argument("--language", default="en")
    parser.add_argument("--weights", default="f32", choices=["f32", "bf16", "int8"])
    parser.add_argument("--temperature", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--limit", type=int, help="only so many utterances")
    parser.add_argument("--keep", help="folder that keeps the audio of both sides")
    parser.add_argument("--output", help="JSON file with the totals and every utterance")
    options = parser.parse_args()
    options.split = options.split or ["test"]
    return options


def measure(options, folder):
    records = read_manifest(options.data, options.language, options.split)[:options.limit]
    if not records:
        sys.exit(f"{options.data}: no {options.language} recordings with text in this split")
    names, distances = prepare(options, records, folder)
    with concurrent.futures.ThreadPoolExecutor(len(SIDES)) as pool:
        originals, copies = pool.map(lambda side: decode(os.path.join(folder, side), names), SIDES)
    return summarise(options, list(map(compare, records, originals, copies, distances)))


def main():
    options = parse()
    with tempfile.TemporaryDirectory() as folder:
        result = measure(options, options.keep or folder)
    if options.output:
        with open(options.output, "w", encoding="utf-8") as file:
            json.dump(result, file, indent=1, ensure_ascii=False)
            file.write("\n")
    del result["each"]
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
