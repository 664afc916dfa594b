#!/usr/bin/env bash
# Puts small mistakes, one at a time, into what must never be wrong, and tells which no test catches.
#
#   scripts/mutants.sh [PART…] [-- OPTION…]    seal, wal, manifest; all of them when none is named
#
# Options go to `cargo mutants`, such as `--shard 0/8 --sharding round-robin` for a share of a part.
# Works on copies of the sources (`.cargo/mutants.toml` says how), with a target directory of its own,
# and takes hours for all. The lists of what was caught, missed, not viable or endless are left in the
# target directory, under `mutants`.
# Exit 1 when one was missed or never ended; `docs/reliability.md` explains those that no test can catch.
set -euo pipefail
cd "$(dirname "$0")/.."

OUT="${CARGO_TARGET_DIR:-$HOME/.cache/pganalytics/target}/mutants"
export CARGO_TARGET_DIR="$OUT/target"    # whoever builds meanwhile does not wait for it
VERSION=27.1.0

# Every mistake links the tests anew: a linker that is quick at it saves as much as the compiler takes.
for linker in mold lld; do
    if command -v "ld.$linker" >/dev/null; then
        export RUSTFLAGS="${RUSTFLAGS:-} -Clink-arg=-fuse-ld=$linker"
        break
    fi
done

# Prints how many of each there are; what runs into the time limit was noticed, too.
counts() {
    local of
    for of in caught timeout missed unviable; do
        printf ' %s %s' "$(wc -l <"$1/$of.txt")" "$of"
    done
}

command -v cargo-mutants >/dev/null || cargo install --locked cargo-mutants --version "$VERSION"
names=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do
    names+=("$1")
    shift
done
[ $# -eq 0 ] || shift
[ ${#names[@]} -gt 0 ] || names=(seal wal manifest)
missed=0
for name in "${names[@]}"; do
    case $name in
    seal | wal) what=(-p "$name") ;;
    manifest) what=(-p engine -f 'engine/src/manifest/**') ;;
    *) sed -n '2,11p' "$0"; exit 2 ;;
    esac
    mkdir -p "$OUT/$name"
    cargo mutants "${what[@]}" -o "$OUT/$name" --colors never "$@" || missed=1
    echo "mutants of $name:$(counts "$OUT/$name/mutants.out")"
done
exit $missed
