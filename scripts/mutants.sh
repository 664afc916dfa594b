#!/usr/bin/env bash
# Puts small mistakes, one at a time, into what must never be wrong, and tells which no test catches.
#
#   scripts/mutants.sh [PART…]    seal, wal, manifest; all of them when none is named
#
# Works on copies of the sources (`.cargo/mutants.toml` says how) and takes hours for all. The lists of
# what was caught, missed, not viable or endless are left in the target directory, under `mutants`.
# Exit 1 when one was missed or never ended; `docs/reliability.md` explains those that no test can catch.
set -euo pipefail
cd "$(dirname "$0")/.."

export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$HOME/.cache/pganalytics/target}"
VERSION=27.1.0

# Prints how many of each there are; what runs into the time limit was noticed, too.
counts() {
    local of
    for of in caught timeout missed unviable; do
        printf ' %s %s' "$(wc -l <"$1/$of.txt")" "$of"
    done
}

command -v cargo-mutants >/dev/null || cargo install --locked cargo-mutants --version "$VERSION"
missed=0
[ $# -gt 0 ] || set -- seal wal manifest
for name in "$@"; do
    case $name in
    seal | wal) what=(-p "$name") ;;
    manifest) what=(-p engine -f 'engine/src/manifest/**') ;;
    *) sed -n '2,9p' "$0"; exit 2 ;;
    esac
    out="$CARGO_TARGET_DIR/mutants/$name"
    mkdir -p "$out"
    cargo mutants "${what[@]}" -o "$out" --colors never || missed=1
    echo "mutants of $name:$(counts "$out/mutants.out")"
done
exit $missed
