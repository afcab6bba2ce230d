"""The pod that an overlay renders, run here: its settings and arguments are accepted, its probes answered, its preStop
hook drains, everything that alerts, dashboard and autoscaler ask for is on /metrics, and user agents come in where the
component for them is used."""

import json
import os
import re
import signal
import socket
import ssl
import subprocess
import tempfile
import unittest

from manifests import EVERYTHING, container_of, of_kind, overlay, pod_of, render
from probing import PATIENCE, READY_LINE, eventually, get, grpc_health, port_of, skip_program, tool

DIRECTORIES = ("/etc/flowbroker", "/run/flowbroker", "/var/lib/flowbroker")
POD_IP = "127.0.0.1"
FIRST_KEY, SECOND_KEY = "1 " + "5a" * 20, "2 " + "a5" * 20
STUN = bytes.fromhex("000100002112a442") + b"twelve bytes"


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def certificates(name):
    """tls.crt, tls.key and ca.crt as a Secret has them; one certificate is authority, broker and caller."""
    with tempfile.TemporaryDirectory() as directory:
        key, chain = os.path.join(directory, "key"), os.path.join(directory, "chain")
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30",
             "-subj", f"/CN={name}", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key, "-out", chain],
            check=True, capture_output=True)
        with open(key, encoding="utf-8") as key_file, open(chain, encoding="utf-8") as chain_file:
            return {"tls.key": key_file.read(), "tls.crt": (text := chain_file.read()), "ca.crt": text}


def project(directory, files):
    """Lays out the files as the kubelet does, or replaces all of them at once: NAME -> ..data/NAME, ..data -> ..TIME."""
    new = tempfile.mkdtemp(prefix="..", dir=directory)
    for name, text in files.items():
        write(os.path.join(new, name), text)
        if not os.path.lexists(os.path.join(directory, name)):
            os.symlink(os.path.join("..data", name), os.path.join(directory, name))
    os.symlink(os.path.basename(new), os.path.join(directory, "..data_tmp"))
    os.rename(os.path.join(directory, "..data_tmp"), os.path.join(directory, "..data"))


class Pod:
    """One rendered pod, its mounts in a directory of ours and its ports free ones."""

    def __init__(self, objects, directory):
        self.objects, self.directory = objects, directory
        self.spec = container_of(objects)
        volumes = {volume["name"]: volume for volume in pod_of(objects)["volumes"]}
        for mount in self.spec["volumeMounts"]:
            self.fill(volumes.get(mount["name"], {}), self.moved(mount["mountPath"]))
        with open(self.log, "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(self.command(self.spec["command"] + self.spec["args"]),
                                            stdout=subprocess.PIPE, stderr=log, text=True)
        line = self.process.stdout.readline()
        self.ready = READY_LINE.search(line)
        self.edge = {transport: int(port) for transport, port in re.findall(rf"(udp|tcp|tls):{POD_IP}:(\d+)", line)}
        if self.ready is None:
            self.process.wait(10)
            self.end()
            raise AssertionError("it does not start: " + self.said())
        self.grpc = port_of(next(a for a in self.ready[1].split(",") if not a.startswith("unix:")))
        self.admin = port_of(self.ready[2])

    @property
    def log(self):
        return os.path.join(self.directory, "stderr")

    def said(self):
        with open(self.log, encoding="utf-8") as file:
            return file.read()

    def moved(self, text):
        for path in DIRECTORIES:
            text = text.replace(path, self.directory + path)
        text = re.sub(rf"((?:udp|tcp|tls):{re.escape(POD_IP)}):\d+", r"\1:0", text)
        return text.replace("[::]:7460", "[::]:0").replace("[::]:7461", "[::]:0")

    def expanded(self, argument):
        """As the kubelet does: $(NAME) is the variable of that name."""
        for variable in self.spec.get("env", []):
            assert variable["valueFrom"]["fieldRef"]["fieldPath"] == "status.podIP", variable
            argument = argument.replace(f"$({variable['name']})", POD_IP)
        return argument

    def command(self, arguments):
        program = os.path.join(os.environ["FLOWBROKER_BIN"], os.path.basename(arguments[0]))
        return [program] + [self.moved(self.expanded(argument)) for argument in arguments[1:]]

    def fill(self, volume, directory):
        os.makedirs(directory, exist_ok=True)
        secret = volume.get("secret", {}).get("secretName", "")
        if "configMap" in volume:
            data = of_kind(self.objects, "ConfigMap", volume["configMap"]["name"])["data"]
            project(directory, {name: self.moved(text) for name, text in data.items()})
        elif secret.startswith("flowbroker-admin-token"):
            project(directory, {"token": "secret-of-the-test\n"})
        elif secret == "flowbroker-edge-token-keys":
            project(directory, {"keys": FIRST_KEY})
        elif secret == "flowbroker-sip-tls":
            self.sip_tls = directory
            project(directory, certificates("edge"))
        elif secret:
            self.tls = directory
            project(directory, certificates("first"))

    def tls_file(self, name):
        return os.path.join(self.tls, name)

    def presented(self):
        """The certificate that a caller is shown, PEM."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_alpn_protocols(["h2"])
        context.load_cert_chain(self.tls_file("tls.crt"), self.tls_file("tls.key"))
        with socket.create_connection(("127.0.0.1", self.grpc), PATIENCE) as tcp, context.wrap_socket(tcp) as tls:
            return ssl.DER_cert_to_PEM_cert(tls.getpeercert(binary_form=True))

    def probe(self, kind):
        return get(self.admin, self.spec[kind + "Probe"]["httpGet"]["path"])[0]

    def flowctl(self, *arguments):
        """As a program of the same pod calls: exit code and JSON."""
        command = self.command(["flowctl", "--address", "unix:/run/flowbroker/flowbroker.sock", "--json", *arguments])
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]

    def pre_stop(self):
        hook = self.command(self.spec["lifecycle"]["preStop"]["exec"]["command"])
        hook = [f"127.0.0.1:{self.admin}" if argument == "127.0.0.1:7461" else argument for argument in hook]
        return subprocess.Popen(hook, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()


def rules_of(objects):
    return [rule for group in of_kind(objects, "PrometheusRule")["spec"]["groups"] for rule in group["rules"]]


def expressions(objects):
    """All that rules, dashboard and autoscaler ask for."""
    dashboard = json.loads(of_kind(objects, "ConfigMap", "flowbroker-dashboard")["data"]["flowbroker.json"])
    texts = [str(rule["expr"]) for rule in rules_of(objects)]
    texts += [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])]
    texts += [variable["query"]["query"] for variable in dashboard["templating"]["list"] if variable["type"] == "query"]
    return texts + [m["pods"]["metric"]["name"] for m in of_kind(objects, "HorizontalPodAutoscaler")["spec"]["metrics"]]


def metrics_asked_for(objects):
    """Names of the series asked for, apart from those that a rule records."""
    recorded = {rule["record"] for rule in rules_of(objects) if "record" in rule}
    return set(re.findall(r"\b(?:flowbroker|process)[_:][a-zA-Z0-9_:]+", " ".join(expressions(objects)))) - recorded


def labels_asked_for(objects):
    """(series, label, pattern) of all selectors; the labels that Prometheus adds are left out."""
    for name, selector in re.findall(r"\b(flowbroker_\w+)\{([^}]*)\}", " ".join(expressions(objects))):
        for label, operator, value in re.findall(r'(\w+)(=~|!~|!=|=)"([^"]*)"', selector):
            if label not in ("namespace", "pod", "job"):
                for alternative in value.split("|") if "~" in operator else [re.escape(value)]:
                    yield name, label, alternative


def series_of(text):
    """Names of the series in a text of metrics: histograms have three. Families without a series yet count too."""
    names = set()
    for name, kind in re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE):
        names |= {name + suffix for suffix in ("_bucket", "_sum", "_count")} if kind == "histogram" else {name}
    return names


def labels_of(text):
    """(series, label, value) of all samples in a text of metrics."""
    return {(name, label, value) for name, labels in re.findall(r"^(\w+)\{(.*)\} \S+$", text, re.MULTILINE)
            for label, value in re.findall(r'(\w+)="([^"]*)"', labels)}


class PodTest:
    name = None

    @classmethod
    def setUpClass(cls):
        cls.objects = overlay(cls.name)

    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="flowbroker-pod-")
        self.addCleanup(directory.cleanup)
        self.pod = Pod(self.objects, directory.name)
        self.addCleanup(self.pod.end)

    def test_probes_are_answered_and_stopping_is_clean(self):
        for kind in ("startup", "liveness", "readiness"):
            self.assertEqual(self.pod.probe(kind), 200)
        self.assertEqual(self.pod.stop(), 0, self.pod.said())

    def test_the_pre_stop_hook_makes_it_unready_and_leaves_it_alive(self):
        with self.pod.pre_stop() as hook:
            self.assertTrue(eventually(lambda: self.pod.probe("readiness") == 503 or hook.poll() not in (None, 0)))
            self.assertIn(hook.poll(), (None, 0), hook.stdout.read() if hook.poll() else "")
            self.assertEqual(self.pod.probe("liveness"), 200)
            self.assertEqual(self.pod.stop(), 0, self.pod.said())
            self.assertEqual(hook.wait(30), 0)


class DevPodTest(PodTest, unittest.TestCase):
    name = "dev"

    def test_grpc_is_served(self):
        self.assertEqual(grpc_health(self.pod.grpc), "SERVING")


class BaseTest(unittest.TestCase):
    def test_alone_it_is_refused_because_nobody_said_how_tcp_is_secured(self):
        with tempfile.TemporaryDirectory(prefix="flowbroker-pod-") as directory:
            with self.assertRaisesRegex(AssertionError, "TCP without TLS"):
                Pod(render("base"), directory)


class ProductionPodTest(PodTest, unittest.TestCase):
    name = "production"

    def test_grpc_asks_for_a_certificate(self):
        trust = ["--cacert", self.pod.tls_file("ca.crt")]
        ours = ["--cert", self.pod.tls_file("tls.crt"), "--key", self.pod.tls_file("tls.key")]
        self.assertEqual(grpc_health(self.pod.grpc, *trust, *ours), "SERVING")
        self.assertNotEqual(grpc_health(self.pod.grpc, *trust), "SERVING")
        self.assertNotEqual(grpc_health(self.pod.grpc), "SERVING")

    def test_a_renewed_secret_is_taken_over_while_it_runs(self):
        first = self.pod.presented()
        renewed = certificates("second")
        project(self.pod.tls, renewed)
        self.pod.process.send_signal(signal.SIGHUP)  # or certificate-check-interval
        self.assertTrue(eventually(lambda: self.pod.presented() != first), self.pod.said())
        self.assertEqual(self.pod.presented().split(), renewed["tls.crt"].split())

    def test_its_metrics_are_those_that_are_asked_for(self):
        text = get(self.pod.admin, "/metrics")[1]
        self.assertEqual(metrics_asked_for(self.objects) - series_of(text), set())
        self.assertGreater(len(set(labels_asked_for(self.objects))), 20)
        served = labels_of(text)
        for series, label, pattern in set(labels_asked_for(self.objects)):
            self.assertTrue(any((series, label) == one[:2] and re.fullmatch(pattern, one[2]) for one in served),
                            f"{series} has no {label} like {pattern}")


class EdgePodTest(unittest.TestCase):
    """With the component edge."""

    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="flowbroker-pod-")
        self.addCleanup(directory.cleanup)
        self.pod = Pod(render(EVERYTHING), directory.name)
        self.addCleanup(self.pod.end)

    def connect(self, transport):
        connection = socket.create_connection((POD_IP, self.pod.edge[transport]), PATIENCE)
        self.addCleanup(connection.close)
        return connection

    def test_user_agents_are_served_over_udp_tcp_and_tls(self):
        datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(datagrams.close)
        datagrams.settimeout(PATIENCE)
        datagrams.sendto(STUN, (POD_IP, self.pod.edge["udp"]))
        self.assertEqual(datagrams.recv(1500)[:20], b"\x01\x01\x00\x0c" + STUN[4:])

        stream = self.connect("tcp")
        stream.sendall(b"\r\n\r\n")
        self.assertEqual(stream.recv(16), b"\r\n")

        trust = ssl.create_default_context(cafile=os.path.join(self.pod.sip_tls, "ca.crt"))
        with trust.wrap_socket(self.connect("tls"), server_hostname="localhost") as tls:
            tls.sendall(b"\r\n\r\n")
            self.assertEqual(tls.recv(16), b"\r\n")

    def test_a_renewed_secret_mints_with_the_new_key_and_knows_the_old_one(self):
        self.connect("tcp")
        flow = eventually(lambda: self.pod.flowctl("flows")[1][0]["flows"])[0]["flow_id"]

        def token():
            return self.pod.flowctl("token", "--", flow)[1][0]["token"]

        first = token()
        keys = os.path.dirname(next(a for a in self.pod.process.args if "token-keys-file" in a).partition("=")[2])
        project(keys, {"keys": f"{SECOND_KEY}\n{FIRST_KEY}\n"})
        self.pod.process.send_signal(signal.SIGHUP)  # or by itself
        self.assertTrue(eventually(lambda: token() != first), self.pod.said())
        for one in (first, token()):
            self.assertEqual(self.pod.flowctl("verify", "--", one)[0], 0, one)


if __name__ == "__main__":
    if tool("buf") is None:
        skip_program("buf is not installed (deploy/install-dependencies.sh test)")
    unittest.main()
