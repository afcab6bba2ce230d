"""What a kubelet and a caller see of a running flowbrokerd."""

import http.client
import json
import os
import re
import shutil
import subprocess
import sys
import time

from manifests import ROOT

READY_LINE = re.compile(r"flowbrokerd ready: grpc=(\S+) admin=(\S+)")
# Long enough for a machine that is busy with other tests.
PATIENCE = 20.0


def tool(name):
    return shutil.which(name, path=os.path.join(ROOT, "build", "tools", "bin") + ":" + os.environ["PATH"])


def skip_program(why):
    """Ends a test program that cannot run here; with CI=true every test has to."""
    print(f"skipped: {why}")
    sys.exit(1 if os.environ.get("CI") == "true" else 77)


def eventually(holds):
    """Waits until `holds()` is true; returns its last value."""
    deadline = time.monotonic() + PATIENCE
    while not (value := holds()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return value


def port_of(address):
    return int(address.rsplit(":", 1)[1])


def get(port, path):
    """Status and body of a GET on the admin port."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def grpc_health(port, *tls):
    """What grpc.health.v1 says, or what went wrong. `tls`: buf's flags for certificates."""
    scheme, protocol = ("https", []) if tls else ("http", ["--http2-prior-knowledge"])
    done = subprocess.run(
        [tool("buf"), "curl", "--protocol", "grpc", *protocol, *tls, "-d", "{}",
         f"{scheme}://127.0.0.1:{port}/grpc.health.v1.Health/Check"], capture_output=True, text=True, timeout=60)
    return json.loads(done.stdout).get("status") if done.returncode == 0 else done.stdout + done.stderr
