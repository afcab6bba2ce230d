#!/bin/bash
# Builds with preset `release`, measures, and prints one table per section; README.md says what each means.
#
#   tests/bench/run.sh [--quick] [--only connect|warm|repair|large|rpc|flows|relay|handoff|memory|micro|nat]
#
# Installs what is missing, as root. `connect`, `warm`, `repair` and `large` need root in any case, for network
# namespaces.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."

export CCACHE_BASEDIR=${CCACHE_BASEDIR:-$PWD} CCACHE_NOHASHDIR=${CCACHE_NOHASHDIR:-1}
export PATH=$PWD/build/tools/bin:$PATH:/usr/local/go/bin PYTHONDONTWRITEBYTECODE=1
case " $* " in *" --help "* | *" -h "*) ;; *)
  deploy/install-dependencies.sh build lab bench
  cmake --preset release --log-level=WARNING >/dev/null
  cmake --build --preset release --target flowbrokerd netlab_forwarder bench_programs -- --quiet
  ;;
esac
export NETLAB_FORWARDER=$PWD/build/release/bin/netlab_forwarder PYTHONPATH=$PWD/tests/bench
ulimit -n "$(ulimit -Hn)"
trap 'tests/netlab/netlab sweep 2>/dev/null || true' EXIT
python3 -m suite "$@"
