#!/bin/bash
# Shows the main job: a usable flow to a SIP URI, as fast as the network allows, and the story of how it was found.
#
#   deploy/demo.sh [--keep]
#
# Installs what is missing, builds `release`, starts the network lab (two network namespaces, DNS, a SIP server) and
# flowbrokerd in it, and breaks the network in front of it; then a user agent comes in, and a trunk loses one of its
# two proxies. Leaves nothing running, unless --keep is given. Without root it shows what loopback can show.
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
helper_pids=() # Programs around it.

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
  if ((${#helper_pids[@]})); then
    kill "${helper_pids[@]}" 2>/dev/null || true
    wait "${helper_pids[@]}" 2>/dev/null || true
  fi
  if [[ -n ${in_lab:-} ]]; then
    netlab down
  elif [[ -n $run ]]; then
    rm -rf "$run"
  fi
}
trap clean_up EXIT
trap 'exit 130' INT TERM

# on SIDE PROGRAM ...: runs it on the client or the server side; without a lab, here.
on() {
  if [[ -n ${in_lab:-} ]]; then
    exec ip netns exec "fb-$lab_name-$1" "${@:2}"
  else
    exec "${@:2}"
  fi
}

# start_broker FLAG ...: a fresh one for each act, so that nothing is remembered from the one before.
start_broker() {
  stop_broker
  local flags=(--listen "unix:$run/broker.sock" --admin off --log-level error --egress-allow "127.0.0.0/8,::1")
  [[ -n ${in_lab:-} ]] && flags+=(--dns-servers 127.0.0.1:5300 --tls-ca-file "/run/flowbroker-netlab/$lab_name/ca.pem")
  (on client "$PWD/$bin/flowbrokerd" "${flags[@]}" "$@") >"$run/broker.log" 2>&1 &
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

flowctl() { (on client "$PWD/$bin/flowctl" --address "unix:$run/broker.sock" "$@"); }

# show COMMAND ...: a call of flowctl, with what a person would have typed above it.
show() {
  local word words=()
  for word; do [[ $word == *[\;\ ]* ]] && words+=("'$word'") || words+=("$word"); done
  printf '\033[2m   $ flowctl %s\033[0m\n\n' "${words[*]}"
  flowctl "$@" || note "(exit code $?)"
}

# user_agent ADDRESS PORT: Alice's phone registers over one connection, and stays on it until that ends.
user_agent() {
  # shellcheck disable=SC2016
  on server bash -c 'exec 3<>"/dev/tcp/$0/$1"
    while ! read -rt 0.2 <&3; do  # until the proxy is there
      printf "%s\r\n" "REGISTER sip:example.test SIP/2.0" "Via: SIP/2.0/TCP 10.9.0.2;branch=z9hG4bK-1" "Max-Forwards: 70" \
        "From: <sip:alice@example.test>;tag=1" "To: <sip:alice@example.test>" "Call-ID: 1" "CSeq: 1 REGISTER" \
        "Contact: <sip:alice@10.9.0.2>;reg-id=1;+sip.instance=\"<urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6>\"" \
        "Content-Length: 0" "" >&3
    done
    exec cat <&3' "$@"
}

# field NAME: its first value in JSON; fails where there is none.
field() { grep -o "\"$1\":\"[^\"]*" | head -1 | cut -d'"' -f4 | grep .; }

# show_edge ADDRESS PORT PORT REGISTRAR: user agents come in on the first port, calls to them on the second (0: any).
show_edge() {
  title "A user agent comes in: its connection is a flow, the flow has a token, the registration is bound to it"
  start_broker --edge-listen "tcp:$1:$2,tcp:$1:$3" --flow-set-retry-some-up 1s
  local edge core flow token
  IFS=, read -r edge core < <(sed -n 's/.* edge=//p' "$run/broker.log")
  (on client "$PWD/$bin/edge_proxy" --broker "unix:$run/broker.sock" --edge "$edge" --core "$core" --registrar "$4") \
    >>"$run/broker.log" 2>&1 &
  helper_pids+=($!)
  user_agent "$1" "${edge##*:}" >/dev/null 2>&1 &
  helper_pids+=($!)
  for _ in {1..200}; do flow=$(flowctl bindings sip:alice@example.test --json | field flow_id) && break || sleep 0.05; done
  show flows
  show bindings sip:alice@example.test
  token=$(flowctl token --json -- "$flow" | field token)
  show verify -- "$token"

  title "The flow is closed: its token is known and gone, nobody is bound to it, and no call waits for a dead phone"
  show close -- "$flow"
  show verify -- "$token"
  show bindings sip:alice@example.test
}

prepare() {
  title "Preparing"
  deploy/install-dependencies.sh build lab
  local start=$SECONDS
  note "building release (the first time takes minutes) ..."
  cmake --preset release --log-level=WARNING >/dev/null
  cmake --build --preset release --target flowbrokerd flowctl edge_proxy netlab_forwarder -- --quiet
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

  show_edge 192.0.2.1 5060 5070 'sip:192.0.2.10;transport=tcp'

  title "A trunk keeps a flow to each of two proxies: one dies, the other stays, the dead one is opened anew after its wait"
  note "the base of that wait is 1 s here; by default it is 90 s, as RFC 5626 has it"
  flowctl flow-set ensure trunk 'sip:192.0.2.10;transport=tcp' 'sip:[2001:db8:2::10];transport=tcp' >/dev/null
  sleep 1
  show flow-set show trunk
  netlab set reset ipv6
  show probe -- "$(flowctl flow-set show trunk --json | grep -o '"reg_id":2.*' | field flow_id)"
  show flow-set show trunk
  netlab set clear
  sleep 2.5
  show flow-set show trunk
}

show_on_loopback() {
  title "Loopback only: $1"
  note "Not shown: dropped packets, hanging TLS handshakes, DNS with NAPTR and SRV. All of that needs root once:"
  note "sudo deploy/demo.sh"
  run=$(mktemp -d "${TMPDIR:-/tmp}/flowbroker-demo.XXXXXX")
  python3 deploy/loopback_sip_server.py >"$run/port" &
  helper_pids+=($!)
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

  show_edge 127.0.0.1 0 0 "sip:127.0.0.1:$port;transport=tcp"
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
    hint "  flowctl flow-set watch trunk" "what becomes of the flows to its two proxies"
    hint "  flowctl watch" "what opens and closes, and why"
    hint "  tests/netlab/netlab --name $lab_name set reset ipv6" "more ways: tests/netlab/netlab --help"
    note "To end it:"
    note "  tests/netlab/netlab --name $lab_name down"
  elif [[ -n $keep ]]; then
    note "The broker keeps running. In another shell, in $PWD:"
    note "  $bin/flowctl --address unix:$run/broker.sock flows"
    note "To end it:"
    note "  kill $broker_pid ${helper_pids[*]}; rm -r $run"
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
