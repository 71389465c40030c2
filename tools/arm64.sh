#!/usr/bin/env bash
# agena for arm64 on a machine of another kind: cross-compiled, then its tests run by qemu-user; the
# last line counts the test cases. Arguments: names of tests, options of `meson test`.
set -euo pipefail
# shellcheck source=tools/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

folder=$root/build/arm64
sysroot=$root/build/arm64-root      # Debian's arm64 libraries, unpacked; nothing is installed of them
libraries=usr/lib/aarch64-linux-gnu # within it
slower=20                           # what time limits are multiplied by

# apt as on an arm64 machine with nothing installed yet, all its state in a folder: FOLDER COMMAND...
apt_arm64() {
    mkdir -p "$1"/{lists,cache/archives}/partial
    : >"$1/status"
    apt-get -q -o APT::Architecture=arm64 -o APT::Architectures=arm64 -o APT::Sandbox::User=root \
        -o Dir::State="$1" -o Dir::State::status="$1/status" -o Dir::Cache="$1/cache" \
        -o Debug::NoLocking=true "${@:2}" >&2
}

# Libraries and headers alone: a file in the root hides this machine's of that name from programs.
unpack() {
    local package
    for package in "$1"/cache/archives/*.deb; do
        dpkg-deb -x "$package" "$2"
    done
    (cd "$2" && rm -rf bin sbin etc var usr/{bin,sbin,libexec} && mv usr/share/pkgconfig usr/lib &&
        rm -r usr/share)
}

# Links as seen from outside, and those to OpenBLAS that an installation would have made.
mend_links() {
    local link target
    find "$1" -type l -lname '/*' | while read -r link; do
        target=$1$(readlink "$link")
        [[ ! -e $target ]] || ln -srfn "$target" "$link"
    done
    ln -srf "$1/$libraries"/openblas-openmp/lib*.so* "$1/$libraries"
}

make_sysroot() {
    [[ ! -d $sysroot ]] || return 0
    say "making build/arm64-root of Debian's arm64 packages"
    local wanted=() package
    for package in "${build_packages[@]}"; do
        [[ $package != lib*-dev && $package != zlib1g-dev ]] || wanted+=("$package")
    done
    mkdir -p "$root/build"
    rm -rf "$sysroot".{apt,part}
    apt_arm64 "$sysroot.apt" update
    apt_arm64 "$sysroot.apt" install -y --no-install-recommends --download-only "${wanted[@]}"
    mkdir "$sysroot.part"
    unpack "$sysroot.apt" "$sysroot.part"
    mend_links "$sysroot.part"
    rm -rf "$sysroot.apt"
    mv "$sysroot.part" "$sysroot"
}

# meson's description of the machine to build for.
cross_file() {
    cat <<END
[binaries]
c = ['aarch64-linux-gnu-gcc', '--sysroot=$sysroot']
ar = 'aarch64-linux-gnu-gcc-ar'
strip = 'aarch64-linux-gnu-strip'
pkgconfig = 'pkg-config'
exe_wrapper = ['$(command -v qemu-aarch64)', '-L', '$sysroot']

[properties]
sys_root = '$sysroot'
pkg_config_libdir = ['$sysroot/$libraries/pkgconfig', '$sysroot/usr/lib/pkgconfig',
                     '$sysroot/$libraries/openblas-openmp/pkgconfig']

[host_machine]
system = 'linux'
cpu_family = 'aarch64'
cpu = 'armv8-a'
endian = 'little'
END
}

[[ $(uname -m) != aarch64 ]] || fail "this is an arm64 machine: ./dev check runs the tests"
install_packages "${build_packages[@]}" gcc-aarch64-linux-gnu qemu-user
make_sysroot
cross_file >"$root/build/arm64.ini"
say "building build/arm64 (a warning is an error)"
configure "$folder" --cross-file "$root/build/arm64.ini" -Dbuildtype=release -Dwerror=true
compile "$folder"
# meson tells this only to tests whose program is of the other machine, not to those in Python.
emulator=$(command -v qemu-aarch64)
export MESON_EXE_WRAPPER="$emulator -L $sysroot"
rm -f "$folder/meson-logs/testlog.json"
meson test -C "$folder" --no-rebuild --print-errorlogs --timeout-multiplier "$slower" "$@" >&2 || true
read -r passed failed skipped < <(python3 "$root/tools/count_tests.py" "$folder/meson-logs/testlog.json")
echo "$passed passed, $failed failed, $skipped skipped"
((failed == 0 && passed > 0))
