#!/usr/bin/env bash
# Everything that tries to break the store, part after part, whatever the one before has found.
#
#   scripts/torture.sh MINUTES SEED SECONDS
#
#   1  simulated faults by seed          half of MINUTES
#   2  faults on the real kernel         the other half; says what root, strace or ext4 it lacks
#   3  fuzzing, SECONDS for each target  apart from MINUTES; says so where it cannot be built
#
# Exit 1 when anything was found. What was left out for want of something is said and is no finding.
set -uo pipefail
cd "$(dirname "$0")/.."

minutes=$1 seed=$2 seconds=$3
half=$((minutes * 60 / 2))
found=() lacking=()

# Runs a part and notes how it ended: 1 is a finding, 3 that something is lacking.
part() {
    local name=$1 status=0
    shift
    echo "== $name: $*"
    "$@" || status=$?
    case $status in
    0) ;;
    3) lacking+=("$name") ;;
    *) found+=("$name") ;;
    esac
}

cargo build --release --locked -p torture -p torture-kernel --features torture-kernel/failpoints || exit 2
programs=${CARGO_TARGET_DIR:-target}/release

part simulated "$programs/torture" all --seed "$seed" --seconds "$half" --jobs "$(nproc)"
part kernel "$programs/torture-kernel" all "$seed" "$half"
part fuzz scripts/fuzz.sh run "$seconds"

[ ${#lacking[@]} -eq 0 ] || echo "torture: not run for want of something said above: ${lacking[*]}"
if [ ${#found[@]} -gt 0 ]; then
    echo "torture: FOUND something, see above: ${found[*]}"
    exit 1
fi
echo "torture: nothing found"
