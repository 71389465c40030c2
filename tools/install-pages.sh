#!/bin/sh
# Install the man pages and completions that the command prints: AGENA MANDIR DATADIR.
set -eu
agena=$1
man=$MESON_INSTALL_DESTDIR_PREFIX/$2/man1
data=$MESON_INSTALL_DESTDIR_PREFIX/$3

"$agena" man --all "$man"
mkdir -p "$data/bash-completion/completions" "$data/zsh/site-functions" \
    "$data/fish/vendor_completions.d"
"$agena" completion bash >"$data/bash-completion/completions/agena"
"$agena" completion zsh >"$data/zsh/site-functions/_agena"
"$agena" completion fish >"$data/fish/vendor_completions.d/agena.fish"
