#!/usr/bin/env bash
# Makes the Python environment in which the benchmarks run ClickHouse, once, and prints its path.
#
# The environment is kept in the user's cache and is made anew only when the versions below change.
# Quiet when it is there. Usage: export PGANALYTICS_BENCH_VENV="$(scripts/bench-env.sh)"
set -euo pipefail

packages=("chdb==4.4.0")

cache="${XDG_CACHE_HOME:-$HOME/.cache}/pganalytics"
venv="$cache/bench-venv"
stamp="$venv/packages"
wanted="${packages[*]}"

is_ready() {
  [[ -x "$venv/bin/python" && -f "$stamp" && "$(cat "$stamp")" == "$wanted" ]]
}

if ! is_ready; then
  mkdir -p "$cache"
  # Two runs at once must not build it over each other.
  exec 9>"$cache/bench-venv.lock"
  flock 9
  if ! is_ready; then
    command -v python3 >/dev/null || { echo "bench-env: python3 is missing; install python3 and python3-venv" >&2; exit 1; }
    echo "bench-env: installing $wanted into $venv" >&2
    rm -f "$stamp"
    python3 -m venv --clear "$venv" >&2
    "$venv/bin/pip" install --quiet --disable-pip-version-check "${packages[@]}" >&2
    echo "$wanted" >"$stamp"
  fi
fi
echo "$venv"
