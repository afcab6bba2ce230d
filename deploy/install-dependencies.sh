#!/bin/bash
# Installs what building, testing and measuring needs on Debian 12. Quick where all is there.
#
#   deploy/install-dependencies.sh [GROUP ...]      groups: build test lab deploy bench clang image
#                                               default: build test lab deploy
#
# Debian packages go to the system (root only). What Debian does not have goes to build/tools, unless it is on the PATH
# already: buf from npm and what the Python client is tested with (group test), ghz from Go (lab, bench), grpcurl (bench),
# kustomize from Go where kubectl has none, and Python packages with schemas of Kubernetes (group deploy).
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."

build_packages=(
  g++ cmake ninja-build ccache mold git ca-certificates python3
  libgrpc++-dev protobuf-compiler-grpc protobuf-compiler libprotobuf-dev grpc-proto
  libboost1.81-dev libboost-json1.81-dev libboost-url1.81-dev
  libc-ares-dev libssl-dev libabsl-dev libyaml-cpp-dev libexpected-dev libcli11-dev prometheus-cpp-dev zlib1g-dev
  libgtest-dev libgmock-dev libbenchmark-dev librapidcheck-dev libre-dev
)
test_packages=(openssl procps python3-venv)
lab_packages=(curl iproute2 nftables nsd kamailio kamailio-tls-modules sip-tester baresip-core conntrack openssl procps util-linux prometheus) # prometheus: promtool
deploy_packages=(prometheus python3-venv buildah podman runc binutils systemd) # promtool of prometheus; its server is not started; systemd-analyze of systemd
bench_packages=(curl)
image_packages=(buildah podman debootstrap) # to compile the whole image: tests/deploy/full_image_build.sh
clang_packages=(clang-19 clang-tidy-19 clang-format-19 libclang-rt-19-dev llvm) # llvm: llvm-symbolizer, without which no suppression matches

tools=$PWD/build/tools
buf_version=1.75.0
grpcurl_version=v1.9.1
ghz_version=v0.121.0
kustomize_version=v5.7.1
# These build with Debian's Go 1.19; newer Go fetches the tool chain that the newer ones ask for.
ghz_version_old_go=v0.117.0
kustomize_version_old_go=v5.0.3

say() { echo "install-dependencies: $*"; }

install_packages() {
  local missing=() package
  for package in "$@"; do
    [[ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" == installed ]] || missing+=("$package")
  done
  ((${#missing[@]})) || return 0
  if [[ $EUID -ne 0 ]]; then
    say "not root; ask for: apt-get install ${missing[*]}" >&2
    return 1
  fi
  say "installing ${#missing[@]} Debian packages: ${missing[*]}"
  # Daemons that come with packages shall not start: the tests start their own.
  local policy=/usr/sbin/policy-rc.d
  if [[ ! -e $policy ]]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
    trap 'rm -f '"$policy" EXIT
  fi
  apt_get update
  apt_get install --no-install-recommends "${missing[@]}"
}

# Quiet unless it fails.
apt_get() {
  local log
  log=$(mktemp)
  if ! DEBIAN_FRONTEND=noninteractive apt-get -y -qq -o Dpkg::Use-Pty=0 "$@" >"$log" 2>&1; then
    cat "$log" >&2
    rm -f "$log"
    return 1
  fi
  rm -f "$log"
}

have() { command -v "$1" >/dev/null || [[ -x $tools/bin/$1 ]]; }

install_buf() {
  have buf && return
  command -v npm >/dev/null || install_packages npm
  say "installing buf $buf_version"
  if ! npm install --loglevel=error --no-fund --no-audit --fetch-retries=1 --fetch-timeout=60000 \
    --prefix "$tools/buf" "@bufbuild/buf@$buf_version" >/dev/null; then
    say "buf could not be installed; the tests that need it will say so" >&2
    return
  fi
  mkdir -p "$tools/bin"
  ln -sfn ../buf/node_modules/.bin/buf "$tools/bin/buf"
}

# install_go_program NAME PACKAGE VERSION
install_go_program() {
  have "$1" && return
  say "building $1 $3 (a minute)"
  GOBIN=$tools/bin go install "$2@$3" 2>"$tools-go.log" || {
    cat "$tools-go.log" >&2
    return 1
  }
  rm -f "$tools-go.log"
}

install_go() {
  PATH=$PATH:/usr/local/go/bin
  command -v go >/dev/null || install_packages golang-go
  mkdir -p "$tools/bin"
}

have_old_go() { [[ "$(go env GOVERSION)" =~ ^go1\.(1[0-9]|20) ]]; }

install_grpcurl() {
  have grpcurl && return
  install_go
  install_go_program grpcurl github.com/fullstorydev/grpcurl/cmd/grpcurl "$grpcurl_version"
}

install_ghz() {
  have ghz && return
  install_go
  have_old_go && ghz_version=$ghz_version_old_go
  install_go_program ghz github.com/bojand/ghz/cmd/ghz "$ghz_version"
}

# Components need kustomize 4 or newer; Debian's kubectl has 2.
install_kustomize() {
  have kustomize || [[ "$(kubectl version --client 2>/dev/null)" =~ Kustomize\ Version:\ v[5-9] ]] && return
  install_go
  have_old_go && kustomize_version=$kustomize_version_old_go
  install_go_program kustomize sigs.k8s.io/kustomize/kustomize/v5 "$kustomize_version"
}

# install_python_packages LIST NAME: a Python of our own, build/tools/NAME, rebuilt when the list of packages changes.
install_python_packages() {
  local list=$1 venv=$tools/$2
  cmp -s "$list" "$venv/installed.txt" && return
  say "installing Python packages of $list"
  rm -rf "$venv"
  python3 -m venv "$venv"
  if ! "$venv/bin/pip" install --quiet --disable-pip-version-check --no-deps -r "$list"; then
    say "Python packages could not be installed; the tests that need them will say so" >&2
    rm -rf "$venv"
    return
  fi
  cp "$list" "$venv/installed.txt"
}

packages=()
groups=("$@")
((${#groups[@]})) || groups=(build test lab deploy)
for group in "${groups[@]}"; do
  case $group in
    build | test | lab | deploy | bench | clang | image)
      declare -n of_group=${group}_packages
      packages+=("${of_group[@]}")
      ;;
    *)
      say "unknown group $group; there are: build test lab deploy bench clang image" >&2
      exit 2
      ;;
  esac
done
install_packages "${packages[@]}"
for group in "${groups[@]}"; do
  case $group in
    test)
      install_buf
      install_python_packages clients/python/requirements-test.txt python
      ;;
    deploy)
      install_kustomize
      install_python_packages tests/deploy/requirements.txt deploy-python
      ;;
    lab) install_ghz ;;
    bench)
      install_grpcurl
      install_ghz
      ;;
  esac
done
