"""Rates in ratio to a floor measured in the same run: the health check, the bare stream echo."""

import json
import shutil
import time

from rig import BIN, PORT, Broker, call, median, serve, stop, table

PEER_PORT = 5080
ACQUIRE = {"destination": {"uri": "sip:dual.example.test;transport=tcp"}, "want_trace": False}


def pooled_acquire(lab, rounds, seconds):
    """ghz, alternating Acquire from the pool and the health check of the same server."""
    if shutil.which("ghz") is None:
        print("\nPooled Acquire: ghz is not installed")
        return
    rows = []
    with Broker(lab) as broker:
        call(lab, "acquire_time", broker.socket, ACQUIRE["destination"]["uri"])
        for under_way in (1, 50):
            acquires, checks = [], []
            for _ in range(rounds):
                acquires.append(_ghz(lab, "flowbroker.v1.BrokerService.Acquire", ACQUIRE, under_way, seconds))
                checks.append(_ghz(lab, "grpc.health.v1.Health.Check", {}, under_way, seconds))
            rows.append([f"{under_way} in flight", f"{median(acquires):.0f}", f"{median(checks):.0f}",
                         f"{median(acquires) / median(checks):.2f}"])
    table(f"Pooled Acquire, RPC/s by ghz, median of {rounds} alternating rounds (aim: ratio >= 0.8)",
          ["", "Acquire", "health check", "ratio"], rows)


def _ghz(lab, method, request, under_way, seconds):
    command = ["ghz", "--insecure", "--call", method, "-d", json.dumps(request), "-c", str(under_way), "-z", f"{seconds}s",
               "--connections", "1", "-O", "json", f"127.0.0.1:{PORT}"]
    done = lab.run("client", command, capture_output=True, text=True)
    result = json.loads(done.stdout)
    # Calls cut off by the end of the run are no failures.
    bad = {code: count for code, count in result["statusCodeDistribution"].items() if code != "OK"}
    if sum(bad.values()) > under_way:
        raise RuntimeError(f"ghz {method}: {bad}")
    return result["rps"]


def relay(lab, rounds, seconds):
    """Messages of 500 octets through one flow and back, beside a server that echoes the stream."""
    lab.set_rtt(0)
    peer = serve(lab, "client", [f"{BIN}/bench_sip_peer", "127.0.0.1", str(PEER_PORT)])
    echo = lab.popen("client", [f"{BIN}/bench_stream_echo", "127.0.0.1:7462"])
    time.sleep(0.5)
    ours, floor = [], []
    try:
        with Broker(lab) as broker:
            call(lab, "acquire_time", f"127.0.0.1:{PORT}", f"sip:127.0.0.1:{PEER_PORT};transport=tcp")
            for _ in range(rounds):
                ours.append(call(lab, "relay_rate", f"127.0.0.1:{PORT}", f"sip:127.0.0.1:{PEER_PORT};transport=tcp", seconds))
                floor.append(call(lab, "relay_rate", "127.0.0.1:7462", "-", seconds))
            assert broker.process.poll() is None
    finally:
        stop(peer)
        echo.kill()
        echo.wait()
        lab.clear()
    lost = [one for one in ours if "(" in one]
    ours, floor = ([float(one.split()[0]) for one in side] for side in (ours, floor))
    table(f"Relay, messages/s of 500 octets, 64 under way, median of {rounds} alternating rounds (aim: ratio >= 0.6)",
          ["", "through a flow and back", "bare stream echo", "ratio"],
          [["one message per frame", f"{median(ours):.0f}", f"{median(floor):.0f}", f"{median(ours) / median(floor):.2f}"]])
    if lost:
        print(f"  messages did not come back: {lost}")
