#!/bin/sh
# Starts, stops and asks after a Micro Integrator. Takes what MI's own start script takes; see `micro-integrator.sh help`.
#
# In a distribution it runs the binary beside it. In a source checkout it builds the binary first and runs it with the
# checkout as home.
set -u

# --- where we are, through any number of links ---
script=$0
while [ -h "$script" ]; do
  target=$(readlink "$script")
  case $target in
    /*) script=$target ;;
    *) script=$(dirname "$script")/$target ;;
  esac
done
bin=$(CDPATH='' cd "$(dirname "$script")" && pwd -P) || exit 1
home=${CARBON_HOME:-$(dirname "$bin")}
pid_file=$home/wso2carbon.pid
# The allocator takes memory when it is used, not ahead (8 MiB less at rest), and gives it back after 50 ms (a third less
# after a peak: what one worker does not need another one can have).
export MIMALLOC_ARENA_EAGER_COMMIT="${MIMALLOC_ARENA_EAGER_COMMIT:-0}"
export MIMALLOC_PURGE_DELAY="${MIMALLOC_PURGE_DELAY:-50}"

usage() {
  cat <<'USAGE'
Usage: micro-integrator.sh [command] [options]

Commands (each may be written with one or two dashes in front):
  run             run in the foreground (also without any command)
  start           run in the background
  stop            tell the running server to stop; it finishes its requests first
  restart         stop, wait, start
  status          say whether a server runs; exit code 0 if so, 3 if not
  version         print the version
  cluster status  print the members and tasks of the cluster, read from its database
  config          print the settings in effect
  lint PATH…      check artifacts without running them
  help            print this

Options:
  -Dname=value    set a system property, for example -DportOffset=1
  --env-file=F    set environment variables from the KEY=VALUE lines of F

Files, below the home folder (CARBON_HOME, or the folder above this script's):
  conf/deployment.toml                             settings
  deployment/server/synapse-configs/default/       artifacts
  wso2carbon.pid                                   the running server's process id
USAGE
}

running_pid() {
  [ -f "$pid_file" ] || return 1
  pid=$(cat "$pid_file")
  case $pid in
    '' | *[!0-9]*) return 1 ;;
  esac
  kill -0 "$pid" 2>/dev/null || return 1
  echo "$pid"
}

load_env_file() {
  if [ ! -f "$1" ]; then
    echo "Error: File '$1' not found."
    return
  fi
  while IFS= read -r line || [ -n "$line" ]; do
    line=$(printf '%s' "$line" | sed -e 's/^[[:space:]]*//' -e 's/[[:space:]]*$//')
    case $line in
      '' | '#'*) continue ;;
      *=*) ;;
      *) continue ;;
    esac
    key=$(printf '%s' "${line%%=*}" | sed -e 's/[[:space:]]*$//')
    value=$(printf '%s' "${line#*=}" | sed -e 's/^[[:space:]]*//' -e "s/^\"\\(.*\\)\"\$/\\1/" -e "s/^'\\(.*\\)'\$/\\1/")
    case $key in
      '' | *[!A-Za-z0-9_]*) continue ;;
    esac
    export "$key=$value"
  done <"$1"
  echo "Environment variables loaded from $1"
}

# The binary of a distribution, else the one that cargo builds from the sources around us.
find_binary() {
  if [ -x "$bin/micro-integrator" ]; then
    binary=$bin/micro-integrator
    return
  fi
  root=$(dirname "$bin")
  if [ ! -f "$root/Cargo.toml" ]; then
    echo "micro-integrator.sh: $bin/micro-integrator is missing" >&2
    exit 1
  fi
  if ! command -v cargo >/dev/null 2>&1; then
    echo "micro-integrator.sh: a Rust toolchain (cargo) is needed to build the server" >&2
    exit 1
  fi
  (cd "$root" && cargo build --release --quiet --package mi-server) || exit 1
  binary=${CARGO_TARGET_DIR:-$root/target}/release/micro-integrator
}

# --- the command line ---
# Commands of the binary itself, with words of their own.
case ${1-} in
  cluster | config | lint)
    find_binary
    CARBON_HOME=$home
    export CARBON_HOME
    exec "$binary" "$@"
    ;;
esac
command=run
env_file=
debug=
count=$#
while [ "$count" -gt 0 ]; do
  word=$1
  shift
  count=$((count - 1))
  case $word in
    -D*)
      # Kept for the server; `-Dname` alone means true, which the server knows.
      set -- "$@" "$word"
      ;;
    --env-file=*)
      env_file=${word#--env-file=}
      ;;
    run | -run | --run) command=run ;;
    start | -start | --start) command=start ;;
    stop | -stop | --stop) command=stop ;;
    restart | -restart | --restart) command=restart ;;
    status | -status | --status) command=status ;;
    version | -version | --version) command=version ;;
    help | -help | --help | -h) command=help ;;
    debug | -debug | --debug) debug=yes ;;
    car | -car | --car)
      echo "micro-integrator.sh: running a single CAR ('$word') is not supported; deploy it and call its API" >&2
      exit 1
      ;;
    *) ;; # other words are for a JVM or for nobody
  esac
done

if [ -n "$debug" ]; then
  echo "micro-integrator.sh: there is no JVM to debug. Set a logger to DEBUG in conf/log4j2.properties instead." >&2
  exit 1
fi
if [ -n "$env_file" ]; then
  load_env_file "$env_file"
fi

start_background() {
  if running_pid >/dev/null; then
    echo "Process is already running"
    exit 0
  fi
  find_binary
  mkdir -p "$home"
  nohup "$binary" run --home "$home" "$@" >/dev/null 2>&1 &
}

stop_server() {
  pid=$(running_pid) || return 1
  kill -TERM "$pid"
}

case $command in
  help) usage ;;
  version)
    find_binary
    exec "$binary" version
    ;;
  status)
    if pid=$(running_pid); then
      echo "Micro Integrator is running (process $pid)"
    else
      echo "Micro Integrator is not running"
      exit 3
    fi
    ;;
  stop)
    stop_server || echo "Micro Integrator is not running"
    ;;
  start) start_background "$@" ;;
  restart)
    if pid=$(running_pid); then
      kill -TERM "$pid"
      while kill -0 "$pid" 2>/dev/null; do
        sleep 1
      done
    fi
    start_background "$@"
    ;;
  run)
    find_binary
    # Exit code 121 asks for a new start (the management API's restart); without it the shell is not needed any more.
    while :; do
      "$binary" run --home "$home" "$@" &
      child=$!
      trap 'kill -TERM "$child" 2>/dev/null' TERM
      trap 'kill -INT "$child" 2>/dev/null' INT
      wait "$child"
      status=$?
      # A trap ends `wait` early: wait for the server itself.
      while kill -0 "$child" 2>/dev/null; do
        wait "$child"
        status=$?
      done
      [ "$status" -eq 121 ] || exit "$status"
    done
    ;;
esac
