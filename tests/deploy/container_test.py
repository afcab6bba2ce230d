"""The image: small, without a shell, run by nobody on a read-only root; answers health, exits 0 on stop.

Takes the programs of the build directory (FLOWBROKER_BIN) and the Containerfile's stage `runtime-prebuilt`; whether the
other stages compile is asked by full_image_build.sh, which takes long. FLOWBROKER_IMAGE=FILE
tests an image that was saved to that file.
"""

import json
import os
import shutil
import subprocess
import tarfile
import tempfile
import unittest

from manifests import ROOT, container_of, overlay, pod_of
from probing import READY_LINE, eventually, get, grpc_health, port_of, skip_program, tool

CONTAINER = os.path.join(ROOT, "deploy", "container")
MOST_OCTETS = 100_000_000
# Neither more than this shell may have, nor so few that it matters.
LIMITS = ["--ulimit", "nofile=4096:4096", "--ulimit", "nproc=1024:1024"]


class Containers:
    """Images and containers in a storage of their own, so that those of the host are left alone."""

    def __init__(self, directory):
        self.directory = directory
        # vfs: plain copies, which work on any file system; overlay does not on another overlay.
        self.storage = ["--root", os.path.join(directory, "storage"), "--runroot", os.path.join(directory, "run"),
                        "--storage-driver", "vfs"]
        settings = os.path.join(directory, "containers.conf")
        with open(settings, "w", encoding="utf-8") as file:
            file.write('[engine]\nruntime = "runc"\ncgroup_manager = "cgroupfs"\nevents_logger = "file"\n')
        self.environment = {**os.environ, "CONTAINERS_CONF": settings}

    def run(self, program, *arguments):
        done = subprocess.run([program, *self.storage, *arguments], env=self.environment, capture_output=True, text=True,
                              timeout=120)
        if done.returncode != 0:
            raise AssertionError(f"{program} {' '.join(arguments)}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout if "logs" not in arguments else done.stdout + done.stderr

    def podman(self, *arguments):
        return self.run("podman", *arguments)

    def build(self):
        context = os.path.join(self.directory, "context")
        root = os.path.join(context, "root")
        subprocess.run([os.path.join(CONTAINER, "collect_root.sh"), os.environ["FLOWBROKER_BIN"], root], check=True)
        subprocess.run(["tar", "-C", root, "--numeric-owner", "-cf", root + ".tar", "."], check=True)
        shutil.rmtree(root)
        self.run("buildah", "bud", "--isolation", "chroot", "-f", os.path.join(CONTAINER, "Containerfile"), "--target",
                 "runtime-prebuilt", "-t", "flowbroker:test", context)
        return "localhost/flowbroker:test"

    def load(self, file):
        return self.podman("load", "-q", "-i", file).split()[-1]

    def files_of(self, image):
        """Paths of all files of the image, with the mode and owner of each."""
        archive = os.path.join(self.directory, "image.tar")
        self.podman("save", "--format", "docker-archive", "-o", archive, image)
        found = {}
        with tarfile.open(archive) as outer:
            manifest = json.load(outer.extractfile("manifest.json"))
            for layer in manifest[0]["Layers"]:
                with tarfile.open(fileobj=outer.extractfile(layer)) as inner:
                    found |= {"/" + member.name.removeprefix("./"): member for member in inner}
        return found


class ImageTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.mkdtemp(prefix="flowbroker-image-")
        cls.containers = Containers(cls.directory)
        try:
            saved = os.environ.get("FLOWBROKER_IMAGE")
            cls.image = cls.containers.load(saved) if saved else cls.containers.build()
        except BaseException:
            cls.tearDownClass()
            raise

    @classmethod
    def tearDownClass(cls):
        subprocess.run(["podman", *cls.containers.storage, "rm", "-fa"], env=cls.containers.environment, capture_output=True)
        shutil.rmtree(cls.directory, ignore_errors=True)

    def volume(self, path, user):
        """What the pod has as emptyDir."""
        directory = tempfile.mkdtemp(dir=self.directory)
        os.chown(directory, user, user)
        return ["-v", f"{directory}:{path}"]

    def start(self, *arguments):
        """Starts the daemon as the pod of the dev overlay does; its container, port of gRPC, port of admin."""
        user = pod_of(overlay("dev"))["securityContext"]["runAsUser"]
        self.assertTrue(container_of(overlay("dev"))["securityContext"]["readOnlyRootFilesystem"])
        container = self.containers.podman(
            "run", "-d", "--read-only", "--read-only-tmpfs=false", "--user", str(user), "--cap-drop", "all",
            "--security-opt", "no-new-privileges", "--network", "host", *LIMITS, *self.volume("/run/flowbroker", user),
            *self.volume("/var/lib/flowbroker", user), self.image,
            "--admin=127.0.0.1:0", "--listen=127.0.0.1:0", "--listen=unix:/run/flowbroker/flowbroker.sock",
            "--grpc-plaintext=on", "--history-file=/var/lib/flowbroker/history", *arguments).strip()
        self.addCleanup(self.containers.podman, "rm", "-f", container)
        ready = eventually(lambda: READY_LINE.search(self.containers.podman("logs", container)))
        self.assertTrue(ready, self.containers.podman("logs", container))
        grpc, admin = ready.groups()
        return container, port_of(next(a for a in grpc.split(",") if not a.startswith("unix:"))), port_of(admin)

    def state(self, container):
        (found,) = json.loads(self.containers.podman("inspect", container))
        return found["State"]

    def test_it_is_small_and_runs_as_nobody(self):
        (image,) = json.loads(self.containers.podman("image", "inspect", self.image))
        self.assertLess(image["Size"], MOST_OCTETS)
        self.assertEqual(image["User"], f"{pod_of(overlay('dev'))['securityContext']['runAsUser']}:"
                                        f"{pod_of(overlay('dev'))['securityContext']['runAsGroup']}")
        self.assertEqual(image["Config"]["Entrypoint"], container_of(overlay("dev"))["command"])

    def test_there_is_nothing_to_run_but_the_two_programs(self):
        files = self.containers.files_of(self.image)
        programs = [path for path, file in files.items() if file.isfile() and file.mode & 0o111]
        self.assertCountEqual([p for p in programs if "/ld-linux" not in p], ["/usr/bin/flowbrokerd", "/usr/bin/flowctl"])
        self.assertEqual([path for path, file in files.items() if file.mode & 0o6000], [])
        self.assertIn("/etc/ssl/certs/ca-certificates.crt", files)
        self.assertEqual(files["/var/lib/flowbroker"].uid, 65532)

    def test_it_answers_health_and_exits_0_on_stop(self):
        container, grpc, admin = self.start()
        self.assertEqual(get(admin, "/healthz")[0], 200)
        self.assertEqual(get(admin, "/readyz")[0], 200)
        self.assertEqual(grpc_health(grpc), "SERVING")
        self.containers.podman("exec", container, "/usr/bin/flowctl", "flows")
        self.containers.podman("stop", "-t", "20", container)
        self.assertEqual(self.state(container)["ExitCode"], 0, self.containers.podman("logs", container))

    def test_the_process_has_no_rights(self):
        container, _, _ = self.start()
        with open(f"/proc/{self.state(container)['Pid']}/status", encoding="utf-8") as file:
            status = dict(line.split(":\t", 1) for line in file.read().splitlines() if ":\t" in line)
        self.assertEqual(set(status["Uid"].split()), {"65532"})
        self.assertEqual(int(status["CapEff"], 16) | int(status["CapPrm"], 16) | int(status["CapBnd"], 16), 0)
        self.assertEqual((status["NoNewPrivs"], status["Seccomp"]), ("1", "2"))
        with open(f"/proc/{self.state(container)['Pid']}/mountinfo", encoding="utf-8") as file:
            (root,) = [line.split() for line in file if line.split()[4] == "/"]
        self.assertIn("ro", root[5].split(","))

    def test_a_wrong_argument_is_told_and_fails(self):
        container = self.containers.podman("create", *LIMITS, "--network", "host", self.image, "--no-such-thing").strip()
        self.addCleanup(self.containers.podman, "rm", "-f", container)
        with self.assertRaisesRegex(AssertionError, "no-such-thing"):
            self.containers.podman("start", "-a", container)


def why_impossible():
    if os.geteuid() != 0:
        return "needs root"
    for program in ("podman", "buildah", "runc", "buf"):
        if tool(program) is None:
            return f"{program} is not installed (deploy/install-dependencies.sh test deploy)"
    return None


if __name__ == "__main__":
    if (reason := why_impossible()) is not None:
        skip_program(reason)
    unittest.main()
