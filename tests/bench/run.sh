#!/bin/bash
# Measures flowbroker and prints one table; takes about ten minutes.
#
#   tests/bench/run.sh [--quick] [SECTION ...]      sections: time pool relay memory; default: all
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."
export CCACHE_BASEDIR=${CCACHE_BASEDIR:-$PWD} CCACHE_NOHASHDIR=${CCACHE_NOHASHDIR:-1}
export PATH=$PWD/build/tools/bin:$PATH:/usr/local/go/bin
deploy/install-dependencies.sh build lab bench
cmake --preset release --log-level=WARNING >/dev/null
cmake --build --preset release --target flowbrokerd netlab_forwarder benchmarks -- --quiet
trap 'tests/netlab/netlab sweep 2>/dev/null || true' EXIT
FLOWBROKER_BIN=$PWD/build/release/bin python3 tests/bench/bench.py "$@"
