"""Network namespaces by name, as `ip netns` keeps them."""

import contextlib
import ctypes
import os
import signal
import subprocess
import time

from .errors import LabError

CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


def run(argv, **options):
    """Runs a command that has to succeed; returns what it printed."""
    done = subprocess.run(argv, capture_output=True, text=True, **options)
    if done.returncode != 0:
        raise LabError(f"{' '.join(argv)}: {(done.stderr or done.stdout).strip()}")
    return done.stdout


def exists(name):
    return os.path.exists(f"/run/netns/{name}")


def create(name):
    run(["ip", "netns", "add", name])
    with inside(name):
        _quiet_and_quick()


def _quiet_and_quick():
    settings = {
        # Refusals must not turn into silence because the kernel thinks there were enough of them.
        "net/ipv6/icmp/ratelimit": "0",
        "net/ipv4/icmp_ratelimit": "0",
        "net/ipv4/icmp_msgs_per_sec": "1000000",
        "net/ipv4/icmp_msgs_burst": "1000000",
        # No duplicate address detection: addresses are usable at once. No router solicitations.
        "net/ipv6/conf/all/accept_dad": "0",
        "net/ipv6/conf/default/accept_dad": "0",
        "net/ipv6/conf/default/router_solicitations": "0",
        "net/ipv6/conf/default/addr_gen_mode": "1",
        "net/ipv6/conf/all/disable_ipv6": "0",
        "net/ipv6/conf/default/disable_ipv6": "0",
    }
    for path, value in settings.items():
        # Not every kernel has every one of them per namespace.
        with contextlib.suppress(OSError), open(f"/proc/sys/{path}", "w") as file:
            file.write(value)


@contextlib.contextmanager
def inside(name):
    """Moves the calling thread into the namespace. Sockets opened there stay there."""
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    target = os.open(f"/run/netns/{name}", os.O_RDONLY)
    try:
        _setns(target)
        yield
    finally:
        _setns(home)
        os.close(target)
        os.close(home)


def _setns(fd):
    if _libc.setns(fd, CLONE_NEWNET) != 0:
        raise LabError(f"setns: {os.strerror(ctypes.get_errno())}")


def processes(name):
    """Processes in the namespace."""
    done = subprocess.run(["ip", "netns", "pids", name], capture_output=True, text=True, check=False)
    return [int(pid) for pid in done.stdout.split() if int(pid) != os.getpid()]


def destroy(name):
    """Ends what runs in the namespace and removes it. Nothing happens where it does not exist."""
    if not exists(name):
        return
    terminate(processes(name))
    subprocess.run(["ip", "netns", "delete", name], capture_output=True, check=False)


def spawn(argv, log, ns=None):
    """Starts a program in its own session, with its output going to the file `log`; returns its process id."""
    if ns is not None:
        argv = ["ip", "netns", "exec", ns, *argv]
    return os.posix_spawnp(
        argv[0],
        argv,
        os.environ,
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setsid=True,
    )


def terminate(pids, patience=3.0):
    """Asks processes to end, then makes them."""
    for sign, wait in ((signal.SIGTERM, patience), (signal.SIGKILL, 1.0)):
        pids = [pid for pid in pids if is_running(pid)]
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, sign)
        deadline = time.monotonic() + wait
        while any(is_running(pid) for pid in pids) and time.monotonic() < deadline:
            time.sleep(0.005)


def is_running(pid):
    """A zombie has ended: its parent has merely not asked."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
