#!/usr/bin/env bash
# Fuzzes every decoder for so many seconds each; exit 1 on a finding, the file that shows it printed;
# 2 where the targets do not build, 3 where what builds them is not there.
#
#   scripts/fuzz.sh run SECONDS [TARGET…]    as many targets at a time as there are cores
#   scripts/fuzz.sh keep                     adds what was found new to fuzz/corpus, minimised
#
# Inputs that reach new code are collected in the target directory; `keep` moves the few that matter
# into the repository, where unit tests replay them for ever.
set -euo pipefail
cd "$(dirname "$0")/.."

export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$HOME/.cache/pganalytics/target}/fuzz"
export RUSTC_BOOTSTRAP=1          # sanitizers and coverage are unstable flags of a stable compiler
VERSION=0.13.2
TRIPLE=x86_64-unknown-linux-gnu
FLAGS=(-timeout=25 -rss_limit_mb=3072 -max_len=65536 -print_final_stats=1 -verbosity=1)

program() { echo "$CARGO_TARGET_DIR/$TRIPLE/release/$1"; }
found()   { echo "$CARGO_TARGET_DIR/corpus/$1"; }

# Exit 3: nothing was found, nothing was looked for.
build() {
    local lacking="fuzz: not run:"
    [ -d "$(rustc --print target-libdir --target "$TRIPLE")" ] ||
        { echo "$lacking this compiler does not build for $TRIPLE"; exit 3; }
    command -v cargo-fuzz >/dev/null ||
        cargo install --locked cargo-fuzz --version "$VERSION" ||
        { echo "$lacking cargo-fuzz $VERSION is not there and could not be installed"; exit 3; }
    cargo fuzz build --release --debug-assertions ||
        { echo "$lacking the targets do not build"; exit 2; }
}

# Runs one target; its words go to a log that is shown only when something was found.
one() {
    local target=$1 seconds=$2 log status=0
    mkdir -p "$(found "$target")" "fuzz/artifacts/$target" "$CARGO_TARGET_DIR/logs"
    log="$CARGO_TARGET_DIR/logs/$target.log"
    "$(program "$target")" "${FLAGS[@]}" -max_total_time="$seconds" \
        -artifact_prefix="fuzz/artifacts/$target/" \
        "$(found "$target")" "fuzz/corpus/$target" >"$log" 2>&1 || status=$?
    local runs coverage
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    coverage=$(grep -o 'cov: [0-9]*' "$log" | tail -1)
    if [ "$status" -ne 0 ]; then
        grep -vE '^#[0-9]+' "$log" | tail -40
        echo "fuzz $target: FOUND after ${runs:-?} runs: $(sed -n 's/.*Test unit written to //p' "$log" | tail -1)"
        return 1
    fi
    echo "fuzz $target: ${runs:-0} runs in ${seconds} s, ${coverage:-cov: 0}, nothing found"
}

case "${1:-}" in
run)
    seconds=$2; shift 2
    build
    [ $# -gt 0 ] || mapfile -t targets < <(cargo fuzz list)
    [ $# -eq 0 ] || targets=("$@")
    export -f one program found; export TRIPLE FLAGS_TEXT="${FLAGS[*]}"
    printf '%s\n' "${targets[@]}" | xargs -P "$(nproc)" -I{} \
        bash -c 'set -uo pipefail; read -ra FLAGS <<<"$FLAGS_TEXT"; one "$1" "$2"' fuzz {} "$seconds" || exit 1
    ;;
keep)
    build
    for target in $(cargo fuzz list); do
        mkdir -p "$(found "$target")" "fuzz/corpus/$target"
        "$(program "$target")" -merge=1 -max_len=4096 "fuzz/corpus/$target" "$(found "$target")" \
            >"$CARGO_TARGET_DIR/logs/$target.keep.log" 2>&1
        echo "fuzz $target: $(find "fuzz/corpus/$target" -type f | wc -l) inputs kept"
    done
    ;;
*)
    sed -n '2,9p' "$0"; exit 2
    ;;
esac
