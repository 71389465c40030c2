#!/usr/bin/env bash
# shellcheck disable=SC2034 # used where it is sourced
# Sourced by ./dev and its tools: where things are, messages, packages.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
release=$root/build/release
strict=$root/build/strict
sanitize=$root/build/sanitize
threads=$root/build/threads

say() { printf '==> %s\n' "$*" >&2; }
fail() {
    printf 'dev: %s\n' "$*" >&2
    exit 1
}

# Debian 12 packages: to compile, to run agena, to show it on a device too, to test it.
build_packages=(
    gcc libc6-dev meson ninja-build pkg-config protobuf-c-compiler python3
    libcmocka-dev libcurl4-openssl-dev libcyaml-dev libjansson-dev libkissfft-dev
    libopenblas-openmp-dev libpng-dev libprotobuf-c-dev libsndfile1-dev libsoxr-dev libspandsp-dev
    libsdl2-dev libssl-dev libyaml-dev zlib1g-dev
)
run_packages=(
    asterisk-core-sounds-en asterisk-core-sounds-en-g722
    asterisk-core-sounds-es asterisk-core-sounds-es-g722
    asterisk-core-sounds-fr asterisk-core-sounds-fr-g722
    asterisk-core-sounds-it asterisk-core-sounds-it-g722
    asterisk-core-sounds-ru asterisk-core-sounds-ru-g722
    dataset-fashion-mnist
)
device_packages=(gcc-arm-none-eabi qemu-system-arm)
test_packages=(clang clang-format gcc-aarch64-linux-gnu git libc6-dev-arm64-cross libclang-rt-14-dev
               pocketsphinx pocketsphinx-en-us python3-torch python3-venv qemu-user
               "${device_packages[@]}")

missing_packages() {
    local package
    for package in "$@"; do
        dpkg-query -W -f='${db:Status-Abbrev}' "$package" 2>/dev/null | grep -q '^ii' || echo "$package"
    done
}

# Install what is missing of the packages named; does nothing when all are there.
install_packages() {
    local missing as_root=()
    command -v dpkg-query >/dev/null || fail "packages are installed on Debian only; see tools/common.sh for what is needed"
    mapfile -t missing < <(missing_packages "$@")
    ((${#missing[@]})) || return 0
    if ((EUID != 0)); then
        command -v sudo >/dev/null || fail "please install as root: ${missing[*]}"
        as_root=(sudo)
    fi
    say "installing ${missing[*]}"
    export DEBIAN_FRONTEND=noninteractive
    "${as_root[@]}" apt-get update -q >&2
    "${as_root[@]}" apt-get install -q -y --no-install-recommends "${missing[@]}" >&2
}

# Configure a build folder (again, when its options have changed): FOLDER MESON_OPTION...
configure() {
    local folder=$1 options="${*:2}"
    if [[ ! -f $folder/build.ninja || $(cat "$folder/dev-options" 2>/dev/null) != "$options" ]]; then
        rm -rf "$folder"
        meson setup "$folder" "$root" "${@:2}" >&2
        printf '%s\n' "$options" >"$folder/dev-options"
    fi
}

# Compile all of a build folder, or the targets named: FOLDER [TARGET]...
compile() { ninja -j "$(nproc)" -C "$@" >&2; }

build_release() {
    say "building build/release"
    configure "$release" -Dbuildtype=release && compile "$release" "$@"
}

# The same, where a warning is an error: for work on agena, not for those who only use it.
build_strict() {
    say "building build/strict (gcc, warnings are errors)"
    configure "$strict" -Dbuildtype=release -Dwerror=true && compile "$strict"
}

# clang with AddressSanitizer, UndefinedBehaviorSanitizer and libFuzzer's coverage.
build_sanitize() {
    say "building build/sanitize (clang, sanitizers, fuzz targets)"
    CC=clang configure "$sanitize" -Ddebug=true -Doptimization=1 -Dwerror=true -Dfuzz=true \
        -Dbench=false -Db_sanitize=address,undefined -Db_lundef=false && compile "$sanitize"
}

build_threads() {
    say "building build/threads (clang, ThreadSanitizer)"
    CC=clang configure "$threads" -Ddebug=true -Doptimization=1 -Dbench=false \
        -Db_sanitize=thread -Db_lundef=false && compile "$threads"
}

# The project's own C files.
source_files() {
    git -C "$root" ls-files -- 'bench/*.[ch]' 'demo/*.[ch]' 'include/*.h' 'src/*.[ch]' 'tests/*.[ch]' 'models/*.[ch]'
}

check_format() {
    say "formatting"
    (cd "$root" && source_files | xargs -r clang-format --dry-run -Werror)
}

# Run one fuzz target on its corpus and what earlier runs found: NAME SECONDS
fuzz_target() {
    local program=$sanitize/tests/fuzz/fuzz-$1 found=$root/build/fuzz/$1 trouble=$root/build/fuzz/$1-
    mkdir -p "$found"
    rm -f "$trouble"timeout-*
    say "fuzzing $1 for $2 s"
    "$program" -max_total_time="$2" -timeout=20 -rss_limit_mb=2048 -max_len=65536 -verbosity=0 \
        -artifact_prefix="$trouble" "$found" "$root/tests/fuzz/corpus/$1" >&2 && return
    # A machine that stalls looks like a time-out: an input that hangs does so again.
    compgen -G "${trouble}timeout-*" >/dev/null && "$program" -timeout=20 "$trouble"timeout-* >&2
}

fuzz_targets() {
    local file
    for file in "$root"/tests/fuzz/fuzz_*.c; do
        file=${file##*/fuzz_}
        echo "${file%.c}"
    done
}
