#!/bin/bash
# Tests the Python package as it would be installed.
#
#   clients/python/test.sh install STAGE        builds the wheel, generated messages and all, and unpacks it in STAGE
#   clients/python/test.sh unit STAGE           type check of package, tests and examples; tests/*_test.py
#   clients/python/test.sh run STAGE PROGRAM    a Python program with the package in its path
#
# Exit code 77 where `deploy/install-dependencies.sh test` has not run (1 with CI=true).
set -euo pipefail
package=$(dirname "$(readlink -f "$0")")
tools=$package/../../build/tools/python/bin
what=${1:?install, unit or run}
stage=$(realpath -m "${2:?the directory the package is installed in}")
shift 2

if [[ ! -x $tools/python ]]; then
  echo "skipped: no Python packages here: deploy/install-dependencies.sh test"
  [[ ${CI:-} == true ]] && exit 1
  exit 77
fi
export PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$stage MYPYPATH=$stage GRPC_VERBOSITY=NONE

case $what in
  install)
    rm -rf "$stage"
    "$tools/pip" install --quiet --disable-pip-version-check --no-index --no-build-isolation --no-deps \
      --target "$stage" "$package"
    ;;
  unit)
    # One cache per stage: presets may be tested at once.
    mypy=("$tools/mypy" --config-file "$package/pyproject.toml" --cache-dir "$stage/.mypy_cache")
    (cd "$stage" && "${mypy[@]}" flowbroker)
    (cd "$package/tests" && "${mypy[@]}" . ../examples)
    (cd "$package/tests" && "$tools/python" -m unittest discover -p '*_test.py')
    ;;
  run) exec "$tools/python" "$@" ;;
  *) echo "no such thing: $what" >&2 && exit 2 ;;
esac
