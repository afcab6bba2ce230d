#!/bin/bash
# Loads flowbrokerd with ghz in the network lab, prints a table, and fails where a call ended as it should not.
#
#   tests/load/run.sh [--short] [--only CASE ...]     cases: README.md
#
# Installs what is missing and builds preset `release`, unless FLOWBROKER_BIN names the directory of flowbrokerd (and
# NETLAB_FORWARDER the lab's link). --short: functions only, seconds instead of minutes. Needs root, for the lab.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."

export PATH=$PWD/build/tools/bin:$PATH PYTHONDONTWRITEBYTECODE=1
if [[ -z ${FLOWBROKER_BIN:-} ]]; then
  export CCACHE_BASEDIR=${CCACHE_BASEDIR:-$PWD} CCACHE_NOHASHDIR=${CCACHE_NOHASHDIR:-1}
  deploy/install-dependencies.sh build lab bench
  cmake --preset release --log-level=WARNING >/dev/null
  cmake --build --preset release --target flowbrokerd flowctl netlab_forwarder bench_programs -- --quiet
  export FLOWBROKER_BIN=$PWD/build/release/bin NETLAB_FORWARDER=$PWD/build/release/bin/netlab_forwarder
fi
ulimit -n "$(ulimit -Hn)"
PYTHONPATH=tests/load:tests/integration exec python3 -m suite "$@"
