#!/bin/bash
# Builds the image as a user would, compiler and all, on a Debian base made here, and runs container_test.py on it.
#
#   tests/deploy/full_image_build.sh [FILE]        leaves the image in FILE (docker-archive); default: nowhere
#
# A command and not a test: it compiles everything anew (ten minutes and more on two cores). Needs root and what
# `deploy/install-dependencies.sh test deploy image` brings. The base (a minute) is kept in build/tools/debian-base.tar.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."

# As in the Containerfile, which would otherwise fetch it from a registry.
base=docker.io/library/debian:bookworm-slim
base_tar=$PWD/build/tools/debian-base.tar
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
storage=(--root "$work/storage" --runroot "$work/run")
file=$(readlink -m "${1:-$work/image.tar}")

if [[ ! -e $base_tar ]]; then
  debootstrap --variant=minbase bookworm "$work/base" >"$work/debootstrap.log" || { cat "$work/debootstrap.log" >&2 && exit 1; }
  tar -C "$work/base" -cf "$base_tar.new" . && mv "$base_tar.new" "$base_tar"
  rm -rf "$work/base"
fi
podman "${storage[@]}" import --quiet "$base_tar" "$base" >/dev/null
# The compiler cache of this host, where it has one, is shared with the build stage.
cache=()
if directory=$(ccache --get-config cache_dir 2>/dev/null) && [[ -d $directory ]]; then
  cache=(-v "$directory:/root/.cache/ccache")
fi
buildah "${storage[@]}" bud --isolation chroot --pull-never "${cache[@]}" -f deploy/container/Containerfile -t flowbroker:full .
podman "${storage[@]}" save --quiet -o "$file" localhost/flowbroker:full
FLOWBROKER_IMAGE=$file FLOWBROKER_BIN=none build/tools/deploy-python/bin/python -B tests/deploy/container_test.py
