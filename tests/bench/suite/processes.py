"""Programs under test: started, measured by /proc, and ended when the block that started them ends."""

import os
import shutil
import subprocess
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
PRESET = os.environ.get("FLOWBROKER_BENCH_PRESET", "release")
BIN = os.path.join(ROOT, "build", PRESET, "bin")
_TICKS = os.sysconf("SC_CLK_TCK")


class BenchError(Exception):
    """A benchmark could not be run; the text says why, for people."""


def program(name):
    """A program of the build, such as "flowbrokerd" or "bench/sink"."""
    return os.path.join(BIN, name)


def tool(name):
    """A tool of the machine or of build/tools/bin; None where it is absent."""
    places = [os.path.join(ROOT, "build", "tools", "bin"), os.environ.get("PATH", ""), "/usr/local/go/bin", "/usr/sbin"]
    return shutil.which(name, path=":".join(places))


class Process:
    """A program that says something on its standard output once it is ready; ended with its block."""

    def __init__(self, argv, inside=None, log=subprocess.DEVNULL):
        self._argv = inside("client", argv) if inside else argv
        self._log = log

    def __enter__(self):
        self._process = subprocess.Popen(self._argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log,
                                         text=True)
        return self

    def __exit__(self, *_):
        self._process.stdin.close()
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()

    @property
    def pid(self):
        return self._process.pid

    def line(self):
        """The next line of its output."""
        text = self._process.stdout.readline()
        if not text:
            raise BenchError(f"{os.path.basename(self._argv[0])} ended: {' '.join(self._argv)}")
        return text.strip()

    def ask(self, text):
        """Writes a line to its input and gives the line it answers."""
        self._process.stdin.write(f"{text}\n")
        self._process.stdin.flush()
        return self.line()

    def cpu_seconds(self):
        """User and system time it has used so far."""
        with open(f"/proc/{self.pid}/stat") as file:
            fields = file.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def rss_bytes(self):
        """Resident memory."""
        with open(f"/proc/{self.pid}/status") as file:
            values = dict(line.split(":", 1) for line in file)
        return int(values["VmRSS"].split()[0]) * 1024


class Broker(Process):
    """flowbrokerd on a Unix socket of its own, `address`, and where asked on `tcp`. Its peers may be on this host."""

    def __init__(self, *arguments, inside=None, tcp=None):
        self._home = tempfile.TemporaryDirectory(prefix="flowbroker-bench-")
        self.address = f"unix:{self._home.name}/broker.sock"
        listen = ["--listen", self.address] + (["--listen", tcp, "--grpc-plaintext", "on"] if tcp else [])
        super().__init__([program("flowbrokerd"), *listen, "--admin", "off", "--log-level", "error",
                          "--egress-allow", "127.0.0.0/8,::1", *arguments], inside)

    def __enter__(self):
        super().__enter__()
        self.ready = self.line()
        return self

    def __exit__(self, *_):
        super().__exit__()
        self._home.cleanup()


def output(argv, **options):
    """What a program prints; an error where it fails."""
    run = subprocess.run(argv, capture_output=True, text=True, check=False, **options)
    if run.returncode != 0:
        raise BenchError(f"{' '.join(argv)}: {run.stderr.strip() or run.returncode}")
    return run.stdout
