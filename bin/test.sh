#!/bin/sh
# Installs what the tests need and runs all of them. Needs a Rust toolchain and, for what is missing, apt and root (or
# sudo).
set -eu
root=$(CDPATH='' cd "$(dirname "$0")/.." && pwd -P)
cd "$root"

missing=
command -v mariadbd >/dev/null 2>&1 || [ -x /usr/sbin/mariadbd ] || missing="$missing mariadb-server"
found=$(ls -d /usr/lib/postgresql/*/bin/postgres 2>/dev/null || true)
[ -n "$found" ] || missing="$missing postgresql"
command -v faketime >/dev/null 2>&1 || missing="$missing faketime"
command -v xmllint >/dev/null 2>&1 || missing="$missing libxml2-utils"
command -v xsltproc >/dev/null 2>&1 || missing="$missing xsltproc"
command -v cc >/dev/null 2>&1 || missing="$missing gcc libc6-dev"
command -v cmake >/dev/null 2>&1 || missing="$missing cmake"
if [ -n "$missing" ]; then
  echo "Installing:$missing"
  as_root=
  [ "$(id -u)" -eq 0 ] || as_root=sudo
  export DEBIAN_FRONTEND=noninteractive
  $as_root apt-get update -q
  # The packages must not start servers of their own: the tests start private ones.
  # shellcheck disable=SC2086
  $as_root env RUNLEVEL=1 apt-get install -q -y --no-install-recommends $missing
fi

cargo build --locked --package mi-server
exec cargo test --locked --workspace --no-fail-fast "$@"
