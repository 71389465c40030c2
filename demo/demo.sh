#!/usr/bin/env bash
# The demonstration: let the bundled model speak, train a small one for a minute, train a network in
# integers and its float32 twin, draw the 3-D world, and write a page with the sound, the pictures and
# the figures. `./dev demo` calls it when agena is built.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
agena=$root/build/release/src/cli/agena
model=$root/models/speech.safetensors
out=$root/build/demo
training_seconds=60
temperature=1 # at which the model's card measures copy synthesis
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

usage() {
    cat <<END
Usage: demo.sh [-a AGENA] [-m MODEL] [-o DIR] [-t SECONDS]

  -a AGENA    the command to show (build/release/src/cli/agena)
  -m MODEL    the model to show (models/speech.safetensors)
  -o DIR      folder for the page (build/demo); what is in it is removed
  -t SECONDS  how long to train at most ($training_seconds)
END
}

say() { printf '==> %s\n' "$*"; }

# Run agena with what it says on the way kept in the log; when it fails, show the log's end.
run() {
    "$agena" "$@" 2>>"$out/log.txt" || {
        tail -n 3 "$out/log.txt" >&2
        exit 1
    }
}

# Generate audio/NAME.wav, its spectrogram and figures/NAME.json: NAME OPTION...
generate() {
    run wavenet generate "$model" "${@:2}" -o "$out/audio/$1.wav" --json >"$out/figures/$1.json"
    printf '    %-24s %s times real time\n' "$1" \
        "$(sed -n 's/.*"times_real_time":\([0-9.]*\).*/\1/p' "$out/figures/$1.json")"
    run audio spectrogram "$out/audio/$1.wav" -o "$out/pictures/$1.png"
}

copy_synthesis() {
    say "copy synthesis of four prompts that the model has never heard"
    local file speaker language name
    while IFS=$'\t' read -r file speaker language _; do
        name=${file%.g722}
        run audio convert "$root/demo/prompts/$file" -o "$out/audio/$name.wav"
        run audio spectrogram "$out/audio/$name.wav" -o "$out/pictures/$name.png"
        generate "copy-$name" --mel "$root/demo/prompts/$file" --speaker "$speaker" \
            --language "$language" --temperature "$temperature"
        run audio compare "$out/audio/$name.wav" "$out/audio/copy-$name.wav" --json \
            >"$out/figures/distance-$name.json"
    done <"$root/demo/prompts/prompts.tsv"
}

# The same prompt with every storage of the weights, on one thread and two; several streams at once.
formats() {
    say "weights as float32, bfloat16 and 8-bit integers"
    local weights threads
    local prompt=(--mel "$root/demo/prompts/en-allison.g722" --speaker allison --language en
        --temperature "$temperature")
    for weights in f32 bf16 int8; do
        for threads in 1 2; do
            generate "$weights-$threads" "${prompt[@]}" --weights "$weights" --threads "$threads"
        done
        run audio compare "$out/audio/en-allison.wav" "$out/audio/$weights-1.wav" --json \
            >"$out/figures/distance-$weights.json"
    done
    run wavenet generate "$model" --speaker allison --language en --seconds 1 --streams 8 \
        -o "$work/streams.wav" --json >"$out/figures/streams-8.json"
}

free_speech() {
    say "without features: only a voice and a language"
    generate free-allison --speaker allison --language en --seconds 4 --temperature 0.8
    generate free-carlo --speaker carlo --language it --seconds 4 --temperature 0.8
}

evaluate() {
    say "bits per sample of the bundled model on the test split"
    run wavenet eval "$model" --data "$work/speech" --limit 60 --baselines --json \
        >"$out/figures/evaluation.json"
}

# A run that the time limit ends is a good run: agena saves what it has and says so by its status.
train() {
    say "training a small network from nothing, at most $training_seconds s"
    run data speech --languages en -o "$work/english" >>"$out/log.txt"
    local status=0
    timeout --preserve-status -s INT "$training_seconds" "$agena" wavenet train "$root/demo/train.yaml" \
        --data "$work/english" -o "$work/run" 2> >(tee -a "$out/log.txt" | sed 's/^/    /') || status=$?
    if [[ $status != 0 && $status != 130 ]] || [[ ! -f $work/run/model.safetensors ]]; then
        echo "demo: the training run failed; see $out/log.txt" >&2
        exit 1
    fi
    run wavenet eval "$work/run/model.safetensors" --data "$work/english" --limit 30 --baselines --json \
        >"$out/figures/trained.json"
    run info "$work/run/model.safetensors" --json >"$out/figures/trained-info.json"
    cp "$work"/run/events.out.tfevents.* "$out/figures/training.tfevents"
}

# The same network in integers and in float32, half of the time each, on Fashion-MNIST.
in_integers() {
    local way options status seconds=$(((training_seconds + 1) / 2))
    for way in integers float; do
        say "training in ${way/float/float32} for $seconds s"
        options=() status=0
        [[ $way == float ]] && options=(--float)
        timeout --preserve-status -s INT "$seconds" "$agena" wage train "$root/demo/wage.yaml" \
            -o "$work/$way" "${options[@]}" 2> >(tee -a "$out/log.txt" | sed 's/^/    /') || status=$?
        if [[ $status != 0 && $status != 130 ]] || [[ ! -f $work/$way/model.safetensors ]]; then
            echo "demo: the training run failed; see $out/log.txt" >&2
            exit 1
        fi
        run info "$work/$way/model.safetensors" --json >"$out/figures/$way-info.json"
        cp "$work/$way"/events.out.tfevents.* "$out/figures/$way.tfevents"
    done
    run wage cost "$work/integers/model.safetensors" --batch 64 --json >"$out/figures/cost.json"
}

# A smaller network, exported, goes on learning on a simulated Cortex-M4.
on_device() {
    say "a network for a small device, and what it learns there"
    run wage train "$root/demo/device/clothes.yaml" -o "$work/small"
    run wage export "$work/small/model.safetensors" -o "$work/device" --batch 8 --json \
        >"$out/figures/footprint.json"
    python3 -B "$root/demo/device/learn.py" "$work/device" "$out/figures/device.json" 2>>"$out/log.txt" || {
        tail -n 3 "$out/log.txt" >&2
        exit 1
    }
}

# The levels of the 3-D world: a picture of each, one episode, and the scale for scores.
world() {
    say "the 3-D world of thirty tasks"
    run lab show all --width 192 --height 144 -o "$out/pictures/levels.png"
    run lab show lasertag_three_opponents_small --seconds 20 --frames 6 -o "$out/pictures/level.png"
    run lab list --json >"$out/figures/levels.jsonl"
    run lab baseline --episodes 2 --json >"$out/figures/baseline.jsonl"
}

main() {
    local option
    while getopts "a:m:o:t:h" option; do
        case $option in
        a) agena=$OPTARG ;;
        m) model=$OPTARG ;;
        o) out=$OPTARG ;;
        t) training_seconds=$OPTARG ;;
        h) usage && exit ;;
        *) usage >&2 && exit 2 ;;
        esac
    done
    for option in "$agena" "$model"; do
        [[ -f $option ]] || { echo "demo: there is no $option" >&2 && exit 1; }
    done
    rm -rf "$out/audio" "$out/pictures" "$out/figures" "$out/index.html" "$out/log.txt"
    mkdir -p "$out/audio" "$out/pictures" "$out/figures"
    say "the model"
    run info "$model" | tee "$out/figures/info.txt"
    run info "$model" --json >"$out/figures/info.json"
    copy_synthesis
    formats
    free_speech
    if "$agena" data speech -o "$work/speech" >>"$out/log.txt" 2>&1; then
        evaluate
        train
    else
        say "no Asterisk prompts on this machine: evaluation and training are left out"
    fi
    if "$agena" data list --json | grep -q '"name":"fashion-mnist".*"folder":"'; then
        in_integers
        if command -v arm-none-eabi-gcc >/dev/null && command -v qemu-system-arm >/dev/null; then
            on_device
        else
            say "no compiler for ARM or no QEMU: learning on a device is left out"
        fi
    else
        say "no Fashion-MNIST on this machine: training in integers is left out"
    fi
    world
    python3 "$root/demo/page.py" "$out"
    say "open file://$(realpath "$out/index.html")"
}

main "$@"
