#!/bin/bash
# Installs what is missing, builds, runs all tests; ctest's summary comes last.
#
#   tests/run.sh [--preset NAME] [--no-install] [CTEST OPTION ...]
#
# NAME is a preset of CMakePresets.json (default: dev). Example: tests/run.sh --preset asan -R race
# Tests that need network namespaces are left out where none can be made, with a line each; with CI=true that fails.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."

preset=dev
install=yes
while (($#)); do
  case $1 in
    --preset) preset=${2:?--preset needs a name} && shift 2 ;;
    --preset=*) preset=${1#*=} && shift ;;
    --no-install) install=no && shift ;;
    --help | -h) sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0" && exit 0 ;;
    *) break ;;
  esac
done

# Compiler results are shared between clones in different places.
export CCACHE_BASEDIR=${CCACHE_BASEDIR:-$PWD} CCACHE_NOHASHDIR=${CCACHE_NOHASHDIR:-1}
export PATH=$PWD/build/tools/bin:$PATH

if [[ $install == yes ]]; then
  groups=(build test lab deploy)
  case $preset in tsan | tidy | fuzz) groups+=(clang) ;; esac
  deploy/install-dependencies.sh "${groups[@]}"
fi

start=$SECONDS
quiet=(--quiet)
[[ -t 1 ]] && quiet=()
cmake --preset "$preset" --log-level=WARNING >/dev/null
cmake --build --preset "$preset" -- "${quiet[@]}"
echo "build: $((SECONDS - start)) s"

selection=(--preset "$preset" --parallel "$(nproc)" "$@")
if ! why=$(tests/netlab/netlab check 2>&1); then
  ctest --preset "$preset" -L netns -N | sed -n 's/^ *Test *#[0-9]*: \(.*\)/skipped: \1/p' | sed "s|\$|: $why|"
  if [[ ${CI:-} == true ]]; then
    echo "with CI=true every test has to run" >&2
    exit 1
  fi
  selection+=(-LE netns)
fi
trap 'tests/netlab/netlab sweep 2>/dev/null || true' EXIT
ctest "${selection[@]}"
