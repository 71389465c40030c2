#!/usr/bin/env bash
# Everything that must hold before a change goes in; the last line counts the test cases.
set -euo pipefail
# shellcheck source=tools/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

fuzz_seconds=${AGENA_FUZZ_SECONDS:-10} # a target

passed=0 failed=0 skipped=0
# Run a command as one test case: NAME COMMAND...
step() {
    if "${@:2}"; then
        passed=$((passed + 1))
    else
        say "FAILED: $1"
        failed=$((failed + 1))
    fi
}

# Run meson's tests in a build folder and add up their cases: FOLDER MESON_TEST_OPTION...
meson_tests() {
    local log=$1/meson-logs/testlog.json counts good bad left_out
    rm -f "$log"
    (cd "$root" && meson test -C "$1" --no-rebuild --print-errorlogs "${@:2}" >&2) || true
    counts=$(python3 "$root/tools/count_tests.py" "$log") || counts="0 1 0"
    read -r good bad left_out <<<"$counts"
    passed=$((passed + good)) failed=$((failed + bad)) skipped=$((skipped + left_out))
}

summary() {
    local line="$passed passed, $failed failed"
    ((skipped == 0)) || line+=", $skipped skipped"
    echo "$line"
    ((failed == 0 && passed > 0))
}

# In a shell of its own: without the packages there is still something to check.
packages() (install_packages "${build_packages[@]}" "${run_packages[@]}" "${test_packages[@]}")

check() {
    step "packages" packages
    step "formatting" check_format
    step "gcc build without warnings" build_strict
    meson_tests "$strict"
    step "clang build without warnings" build_sanitize
    say "tests under AddressSanitizer and UndefinedBehaviorSanitizer"
    meson_tests "$sanitize" --no-suite slow --no-suite parity --timeout-multiplier 10
    step "ThreadSanitizer build" build_threads
    say "tests under ThreadSanitizer"
    meson_tests "$threads" --timeout-multiplier 10 base data env nn tensor wavenet-graph wavenet-train \
        wavenet-sampler
    local name
    for name in $(fuzz_targets); do
        step "fuzz $name" fuzz_target "$name" "$fuzz_seconds"
    done
}

export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
export TSAN_OPTIONS=allocator_may_return_null=1
export ASAN_OPTIONS=detect_stack_use_after_return=1:allocator_may_return_null=1
check
summary
