#!/bin/bash
# Shows the main job: a usable flow to a SIP URI, as fast as the network allows, and the story of how it was found.
#
#   deploy/demo.sh [--keep]
#
# Installs what is missing, builds `release`, starts the network lab (two network namespaces, DNS, a SIP server) and
# flowbrokerd in it, and breaks the network in front of it. Leaves nothing running, unless --keep is given. Without root
# it shows what loopback can show.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."

keep=
case ${1:-} in
  '') ;;
  --keep) keep=yes ;;
  *) sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0" && exit 2 ;;
esac

lab_name=demo
export CCACHE_BASEDIR=${CCACHE_BASEDIR:-$PWD} CCACHE_NOHASHDIR=${CCACHE_NOHASHDIR:-1}
bin=build/release/bin
run= # Where the broker's socket and log are.
broker_pid=
server_pid=

netlab() { tests/netlab/netlab --name "$lab_name" "$@"; }
title() { printf '\n\033[1m== %s\033[0m\n' "$*"; }
note() { printf '   %s\n' "$*"; }

stop_broker() {
  [[ -n $broker_pid ]] || return 0
  kill "$broker_pid" 2>/dev/null || true
  wait "$broker_pid" 2>/dev/null || true
  broker_pid=
}

clean_up() {
  stop_broker
  [[ -z $server_pid ]] || kill "$server_pid" 2>/dev/null || true
  if [[ -n ${in_lab:-} ]]; then
    netlab down
  elif [[ -n $run ]]; then
    rm -rf "$run"
  fi
}
trap clean_up EXIT
trap 'exit 130' INT TERM

# The command line that runs a program on the client side; without a lab, here.
on_client() {
  if [[ -n ${in_lab:-} ]]; then
    exec ip netns exec "fb-$lab_name-client" "$@"
  else
    exec "$@"
  fi
}

# A fresh one for each act, so that nothing is remembered from the one before.
start_broker() {
  stop_broker
  local flags=(--listen "unix:$run/broker.sock" --admin off --log-level error --egress-allow "127.0.0.0/8,::1")
  [[ -n ${in_lab:-} ]] && flags+=(--dns-servers 127.0.0.1:5300 --tls-ca-file "/run/flowbroker-netlab/$lab_name/ca.pem")
  (on_client "$PWD/$bin/flowbrokerd" "${flags[@]}") >"$run/broker.log" 2>&1 &
  broker_pid=$!
  for _ in {1..200}; do
    flowctl flows --json >/dev/null 2>&1 && return
    kill -0 "$broker_pid" 2>/dev/null || break
    sleep 0.05
  done
  cat "$run/broker.log" >&2
  echo "flowbrokerd did not start" >&2
  exit 1
}

flowctl() { (on_client "$PWD/$bin/flowctl" --address "unix:$run/broker.sock" "$@"); }

# show COMMAND ...: a call of flowctl, with what a person would have typed above it.
show() {
  local word words=()
  for word; do [[ $word == *[\;\ ]* ]] && words+=("'$word'") || words+=("$word"); done
  printf '\033[2m   $ flowctl %s\033[0m\n\n' "${words[*]}"
  flowctl "$@" || note "(exit code $?)"
}

prepare() {
  title "Preparing"
  deploy/install-dependencies.sh build lab
  local start=$SECONDS
  note "building release (the first time takes minutes) ..."
  cmake --preset release --log-level=WARNING >/dev/null
  cmake --build --preset release --target flowbrokerd flowctl netlab_forwarder -- --quiet
  note "built in $((SECONDS - start)) s"
}

show_in_lab() {
  netlab down # One that was kept.
  if [[ -n $keep ]]; then netlab up; else netlab up --owner $$; fi
  in_lab=yes
  run=/run/flowbroker-netlab/$lab_name
  note "network lab: client and server joined by a link of 20 ms round-trip time in both families; DNS; Kamailio"

  title "A healthy network: NAPTR, SRV, AAAA and A, then TLS over IPv6"
  start_broker
  show options sip:full.example.test

  title "IPv6 silently dropped: IPv4 gets its turn after the attempt delay, not after a time-out"
  netlab set drop ipv6
  start_broker
  show options 'sip:dual.example.test;transport=tcp'

  title "The next caller does not wait at all: IPv6 is remembered to be silent there"
  show acquire --exclusive 'sip:dual.example.test;transport=tcp'

  title "IPv6 is repaired: an attempt in the background notices, and the preferred family is back; no caller paid for it"
  netlab set clear
  sleep 1
  flowctl acquire --exclusive 'sip:dual.example.test;transport=tcp' >/dev/null # traffic, so that there is something to notice
  sleep 1
  show acquire --exclusive 'sip:dual.example.test;transport=tcp'
  show prefs

  title "IPv6 connects, but its TLS handshake hangs: the race covers the handshake too"
  netlab set clear
  netlab set stall-tls ipv6
  start_broker
  show options sip:tls.example.test

  title "The same again: from the pool, without any set-up"
  show options sip:tls.example.test
  netlab set clear
}

show_on_loopback() {
  title "Loopback only: $1"
  note "Not shown: dropped packets, hanging TLS handshakes, DNS with NAPTR and SRV. All of that needs root once:"
  note "sudo deploy/demo.sh"
  run=$(mktemp -d "${TMPDIR:-/tmp}/flowbroker-demo.XXXXXX")
  python3 deploy/loopback_sip_server.py >"$run/port" &
  server_pid=$!
  for _ in {1..100}; do [[ -s $run/port ]] && break || sleep 0.02; done
  local port
  port=$(<"$run/port")
  start_broker

  title "A SIP server on this host, over TCP"
  show options "sip:127.0.0.1:$port;transport=tcp"
  title "The same again: from the pool"
  show options "sip:127.0.0.1:$port;transport=tcp"
  title "Over UDP, where a flow is usable once a probe was answered"
  show options "sip:127.0.0.1:$port;transport=udp"
  title "Where nothing listens"
  show options "sip:127.0.0.1:1;transport=tcp"
}

# hint COMMAND WHAT: a line of what to try next.
hint() { printf '   %-52s %s\n' "$1" "$2"; }

try_next() {
  title "What to try next"
  if [[ -n $keep && -n ${in_lab:-} ]]; then
    note "The lab and the broker keep running. In another shell, as root, in $PWD:"
    note "  alias flowctl='ip netns exec fb-$lab_name-client $bin/flowctl --address unix:$run/broker.sock'"
    hint "  flowctl resolve sip:weights.example.test" "where would a request go? (names: tests/netlab/zones)"
    hint "  flowctl acquire sip:twodead.example.test" "two dead IPv6 addresses, two good IPv4 ones"
    hint "  flowctl watch" "what opens and closes, and why"
    hint "  tests/netlab/netlab --name $lab_name set reset ipv6" "more ways: tests/netlab/netlab --help"
    note "To end it:"
    note "  tests/netlab/netlab --name $lab_name down"
  elif [[ -n $keep ]]; then
    note "The broker keeps running. In another shell, in $PWD:"
    note "  $bin/flowctl --address unix:$run/broker.sock flows"
    note "To end it:"
    note "  kill $broker_pid $server_pid; rm -r $run"
  else
    hint "deploy/demo.sh --keep" "leaves the network and the broker running, to be played with"
    hint "$bin/flowctl --help" "what one can ask the broker"
    hint "$bin/flowbrokerd --help" "what one can set"
    hint "tests/netlab/netlab --help" "more ways to break a network"
    hint "tests/run.sh" "all tests"
  fi
}

prepare
if why=$(tests/netlab/netlab check 2>&1); then
  show_in_lab
else
  show_on_loopback "$why"
fi
try_next
if [[ -n $keep ]]; then
  trap - EXIT
  disown -a
fi
