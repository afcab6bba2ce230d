"""What deploy/k8s renders is valid, strictly, and says what the broker needs of a cluster. No cluster is asked."""

import copy
import os
import re
import unittest

import yaml

from manifests import EVERYTHING, KUBERNETES_VERSIONS, OVERLAYS, complaint, container_of, of_kind, overlay, pod_of, render

SELECTED = {"app.kubernetes.io/name": "flowbroker"}


def seconds(text):
    number, unit = re.fullmatch(r"(\d+)(ms|s|m|h)", text).groups()
    return int(number) * {"ms": 0.001, "s": 1, "m": 60, "h": 3600}[unit]


def settings(objects):
    (config,) = [o for o in objects if o["kind"] == "ConfigMap" and "flowbroker.yaml" in o["data"]]
    return yaml.safe_load(config["data"]["flowbroker.yaml"])


def leaves(node, path=()):
    """Paths of all mappings in an object, apart from those whose keys are free."""
    if isinstance(node, dict):
        if path and path[-1] not in ("labels", "annotations", "matchLabels", "selector", "data", "requests", "limits"):
            yield path
        for key, value in node.items():
            yield from leaves(value, (*path, key))
    elif isinstance(node, list):
        for i, value in enumerate(node):
            yield from leaves(value, (*path, i))


def misspelled(an_object, path):
    """A copy in which the first key of the mapping at `path` has one letter more."""
    broken = copy.deepcopy(an_object)
    node = broken
    for step in path:
        node = node[step]
    key = next(iter(node))
    node[key + "x"] = node.pop(key)
    return broken


class SchemaTest(unittest.TestCase):
    def test_every_object_of_every_overlay_is_valid_in_all_versions(self):
        for name in OVERLAYS:
            for an_object in overlay(name):
                for version in KUBERNETES_VERSIONS:
                    with self.subTest(overlay=name, kind=an_object["kind"], version=version):
                        self.assertIsNone(complaint(an_object, version))

    def test_a_misspelled_key_fails_wherever_it_is(self):
        tried = 0
        for an_object in overlay("production"):
            for path in leaves(an_object):
                with self.subTest(kind=an_object["kind"], path=path):
                    self.assertIsNotNone(complaint(misspelled(an_object, path)), "accepted")
                    tried += 1
        self.assertGreater(tried, 80)

    def test_a_wrong_type_fails(self):
        stateful_set = copy.deepcopy(of_kind(overlay("production"), "StatefulSet"))
        stateful_set["spec"]["minReadySeconds"] = "ten"
        self.assertIn("ten", complaint(stateful_set))
        rule = copy.deepcopy(of_kind(overlay("production"), "PrometheusRule"))
        rule["spec"]["groups"][0]["rules"][0]["expr"] = ["up"]
        self.assertIsNotNone(complaint(rule))

    def test_an_unknown_kind_fails(self):
        self.assertIn("Stateful", complaint({"apiVersion": "apps/v1", "kind": "StatefulSets", "metadata": {"name": "x"}}))


class Promises:
    """What every overlay promises about the pod."""

    name = None

    def setUp(self):
        self.objects = overlay(self.name)

    def test_the_pod_keeps_to_pod_security_restricted(self):
        pod, container = pod_of(self.objects), container_of(self.objects)
        self.assertEqual(of_kind(self.objects, "Namespace")["metadata"]["labels"]["pod-security.kubernetes.io/enforce"],
                         "restricted")
        self.assertTrue(pod["securityContext"]["runAsNonRoot"])
        self.assertGreater(pod["securityContext"]["runAsUser"], 0)
        self.assertEqual(pod["securityContext"]["seccompProfile"], {"type": "RuntimeDefault"})
        self.assertEqual(container["securityContext"], {
            "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}})
        self.assertNotIn("hostNetwork", pod)
        for volume in pod["volumes"]:
            self.assertNotIn("hostPath", volume)

    def test_no_token_of_the_api_server_is_mounted(self):
        self.assertIs(pod_of(self.objects)["automountServiceAccountToken"], False)
        self.assertIs(of_kind(self.objects, "ServiceAccount")["automountServiceAccountToken"], False)
        account = of_kind(self.objects, "ServiceAccount")["metadata"]["name"]
        self.assertEqual(pod_of(self.objects)["serviceAccountName"], account)

    def test_mounted_files_follow_their_secret(self):
        for mount in container_of(self.objects)["volumeMounts"]:
            self.assertNotIn("subPath", mount)
            self.assertNotIn("subPathExpr", mount)

    def test_every_mount_has_a_volume_and_the_other_way_round(self):
        claims = of_kind(self.objects, "StatefulSet")["spec"].get("volumeClaimTemplates", [])
        volumes = [v["name"] for v in pod_of(self.objects)["volumes"]] + [c["metadata"]["name"] for c in claims]
        self.assertCountEqual(volumes, [m["name"] for m in container_of(self.objects)["volumeMounts"]])

    def test_what_the_daemon_writes_lies_on_writable_mounts(self):
        writable = [m["mountPath"] + "/" for m in container_of(self.objects)["volumeMounts"] if not m.get("readOnly")]
        written = [settings(self.objects)["history-file"]]
        written += [a.removeprefix("unix:") for a in settings(self.objects)["listen"] if a.startswith("unix:")]
        for path in written:
            self.assertTrue(any(path.startswith(directory) for directory in writable), path)

    def test_the_grace_period_fits_draining(self):
        drain = seconds(settings(self.objects)["drain-timeout"])
        hook = container_of(self.objects)["lifecycle"]["preStop"]["exec"]["command"]
        hook_takes = int(hook[hook.index("--wait") + 1])
        self.assertGreaterEqual(hook_takes, 5)
        self.assertGreaterEqual(pod_of(self.objects)["terminationGracePeriodSeconds"], hook_takes + drain + 15)

    def test_probes_ask_http_on_the_admin_port_and_differ_in_meaning(self):
        container = container_of(self.objects)
        paths = {kind: container[kind + "Probe"]["httpGet"]["path"] for kind in ("startup", "liveness", "readiness")}
        self.assertEqual(paths, {"startup": "/healthz", "liveness": "/healthz", "readiness": "/readyz"})
        for kind in paths:
            self.assertEqual(container[kind + "Probe"]["httpGet"]["port"], "admin")
            self.assertEqual(container[kind + "Probe"]["httpGet"].get("scheme", "HTTP"), "HTTP")

    def test_ports_are_those_of_the_settings(self):
        ports = {p["name"]: p["containerPort"] for p in container_of(self.objects)["ports"]}
        self.assertIn(f"[::]:{ports['grpc']}", settings(self.objects)["listen"])
        self.assertEqual(settings(self.objects)["admin"], f"[::]:{ports['admin']}")

    def test_the_pre_stop_hook_drains_on_loopback_with_the_token_of_the_settings(self):
        command = container_of(self.objects)["lifecycle"]["preStop"]["exec"]["command"]
        self.assertEqual(command[:2], ["/usr/bin/flowctl", "drain"])
        self.assertEqual(command[command.index("--token-file") + 1], settings(self.objects)["admin-token-file"])
        port = settings(self.objects)["admin"].split(":")[-1]
        self.assertEqual(command[command.index("--admin") + 1], f"127.0.0.1:{port}")

    def test_threads_are_not_counted_from_the_cores_of_the_node(self):
        self.assertGreater(settings(self.objects)["shards"], 0)
        self.assertGreater(settings(self.objects)["completion-queues"], 0)

    def test_requests_are_made_and_memory_is_limited(self):
        resources = container_of(self.objects)["resources"]
        self.assertCountEqual(resources["requests"], ["cpu", "memory"])
        self.assertIn("memory", resources["limits"])

    def test_pods_spread_over_zones_and_nodes(self):
        spread = pod_of(self.objects)["topologySpreadConstraints"]
        self.assertEqual([c["topologyKey"] for c in spread], ["topology.kubernetes.io/zone", "kubernetes.io/hostname"])
        for constraint in spread:
            self.assertEqual(constraint["labelSelector"]["matchLabels"], SELECTED)

    def test_everything_finds_the_pods(self):
        stateful_set = of_kind(self.objects, "StatefulSet")
        labels = stateful_set["spec"]["template"]["metadata"]["labels"]
        self.assertLessEqual(SELECTED.items(), labels.items())
        self.assertEqual(stateful_set["spec"]["selector"]["matchLabels"], SELECTED)
        self.assertEqual(of_kind(self.objects, "PodDisruptionBudget")["spec"]["selector"]["matchLabels"], SELECTED)
        self.assertEqual(of_kind(self.objects, "NetworkPolicy")["spec"]["podSelector"]["matchLabels"], SELECTED)
        for service in ("flowbroker", "flowbroker-pods"):
            self.assertEqual(of_kind(self.objects, "Service", service)["spec"]["selector"], SELECTED)

    def test_pods_have_names_and_services_both_families(self):
        headless = of_kind(self.objects, "Service", of_kind(self.objects, "StatefulSet")["spec"]["serviceName"])
        self.assertEqual(headless["spec"]["clusterIP"], "None")
        for service in (headless, of_kind(self.objects, "Service", "flowbroker")):
            self.assertEqual(service["spec"]["ipFamilyPolicy"], "PreferDualStack")

    def test_the_network_policy_leaves_the_selectors_of_others_alone(self):
        policy = of_kind(self.objects, "NetworkPolicy")["spec"]
        self.assertCountEqual(policy["policyTypes"], ["Ingress", "Egress"])
        self.assertEqual(policy["ingress"][0]["from"][0]["podSelector"]["matchLabels"], {"flowbroker-client": "true"})
        self.assertEqual(policy["egress"][0]["to"][0]["podSelector"]["matchLabels"], {"k8s-app": "kube-dns"})

    def test_metadata_services_are_out_of_reach(self):
        peers = of_kind(self.objects, "NetworkPolicy")["spec"]["egress"][-1]["to"]
        excepted = [cidr for peer in peers for cidr in peer["ipBlock"]["except"]]
        for cidr in ("169.254.0.0/16", "fd00:ec2::254/128", "fe80::/10"):
            self.assertIn(cidr, excepted)

    def test_a_changed_setting_rolls_the_pods(self):
        (volume,) = [v for v in pod_of(self.objects)["volumes"] if v["name"] == "config"]
        self.assertRegex(volume["configMap"]["name"], r"^flowbroker-config-[a-z0-9]{10}$")
        self.assertIsNotNone(of_kind(self.objects, "ConfigMap", volume["configMap"]["name"]))


class DevPodTest(Promises, unittest.TestCase):
    name = "dev"


class ProductionPodTest(Promises, unittest.TestCase):
    name = "production"


class OverlaysTest(unittest.TestCase):
    def test_all_are_held_to_their_promises(self):
        self.assertCountEqual(OVERLAYS, [kind.name for kind in Promises.__subclasses__()])


class ProductionTest(unittest.TestCase):
    def setUp(self):
        self.objects = overlay("production")

    def test_grpc_is_mutual_tls(self):
        arguments = " ".join(container_of(self.objects)["args"])
        for flag in ("--grpc-certificate-file=", "--grpc-private-key-file=", "--grpc-client-ca-file="):
            self.assertIn(flag, arguments)
        self.assertNotIn("plaintext", arguments)

    def test_secrets_come_from_outside_and_keep_their_names(self):
        self.assertEqual([o for o in self.objects if o["kind"] == "Secret"], [])
        secrets = [v["secret"]["secretName"] for v in pod_of(self.objects)["volumes"] if "secret" in v]
        self.assertCountEqual(secrets, ["flowbroker-admin-token", "flowbroker-grpc-tls"])

    def test_the_autoscaler_alone_says_how_many(self):
        self.assertNotIn("replicas", of_kind(self.objects, "StatefulSet")["spec"])
        scaler = of_kind(self.objects, "HorizontalPodAutoscaler")["spec"]
        self.assertEqual(scaler["scaleTargetRef"], {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "flowbroker"})
        self.assertGreaterEqual(scaler["minReplicas"], 2)
        flows = [m["pods"] for m in scaler["metrics"] if m["pods"]["metric"]["name"] == "flowbroker_flows_open"]
        self.assertLess(int(flows[0]["target"]["averageValue"]), settings(self.objects)["max-flows"])

    def test_memory_has_a_volume_per_pod(self):
        (claim,) = of_kind(self.objects, "StatefulSet")["spec"]["volumeClaimTemplates"]
        self.assertEqual(claim["metadata"]["name"], "history")

    def test_the_clusters_own_ranges_are_denied(self):
        self.assertIn("10.96.0.0/12", settings(self.objects)["egress-deny"])

    def test_it_differs_from_the_base_in_what_it_adds_only(self):
        base = settings(render("base"))
        self.assertEqual({key: settings(self.objects).get(key) for key in base}, base)

    def test_dashboard_and_monitor_are_found(self):
        dashboard = of_kind(self.objects, "ConfigMap", "flowbroker-dashboard")
        self.assertEqual(dashboard["metadata"]["labels"]["grafana_dashboard"], "1")
        (endpoint,) = of_kind(self.objects, "PodMonitor")["spec"]["podMetricsEndpoints"]
        self.assertEqual((endpoint["port"], endpoint["path"]), ("admin", "/metrics"))


class EverythingTest(unittest.TestCase):
    """Components that no overlay uses."""

    def setUp(self):
        self.objects = render(EVERYTHING)

    def test_every_object_is_valid(self):
        for an_object in self.objects:
            with self.subTest(kind=an_object["kind"]):
                self.assertIsNone(complaint(an_object))

    def test_host_network_asks_for_one_pod_per_node_and_for_the_clusters_dns(self):
        pod = pod_of(self.objects)
        self.assertIs(pod["hostNetwork"], True)
        self.assertEqual(pod["dnsPolicy"], "ClusterFirstWithHostNet")
        (term,) = pod["affinity"]["podAntiAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
        self.assertEqual((term["topologyKey"], term["labelSelector"]["matchLabels"]), ("kubernetes.io/hostname", SELECTED))
        namespace = of_kind(self.objects, "Namespace")
        self.assertEqual(namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"], "privileged")

    def test_sip_certificates_are_a_secret_of_their_own(self):
        (volume,) = [v for v in pod_of(self.objects)["volumes"] if v["name"] == "sip-tls"]
        self.assertEqual(volume["secret"]["secretName"], "flowbroker-sip-tls")
        self.assertIn("--tls-certificate-file=/etc/flowbroker/sip-tls/tls.crt", container_of(self.objects)["args"])

    def test_user_agents_reach_each_listener_of_the_edge_from_everywhere(self):
        (listen,) = [a.partition("=")[2] for a in container_of(self.objects)["args"] if a.startswith("--edge-listen=")]
        listeners = [tuple(one.split(":$(POD_IP):")) for one in listen.split(",")]
        ports = {p["name"]: p for p in container_of(self.objects)["ports"] if p["name"].startswith("sip-")}
        self.assertCountEqual(listeners, [(name.removeprefix("sip-"), str(p["containerPort"])) for name, p in ports.items()])
        service = of_kind(self.objects, "Service", "flowbroker-edge")["spec"]
        self.assertEqual(service["selector"], SELECTED)
        for named in ({p["targetPort"]: p["protocol"] for p in service["ports"]},
                      {p["port"]: p["protocol"] for p in of_kind(self.objects, "NetworkPolicy")["spec"]["ingress"][-1]["ports"]}):
            self.assertEqual(named, {name: p["protocol"] for name, p in ports.items()})
        self.assertNotIn("from", of_kind(self.objects, "NetworkPolicy")["spec"]["ingress"][-1])

    def test_the_edge_sees_who_comes(self):
        service = of_kind(self.objects, "Service", "flowbroker-edge")["spec"]
        self.assertEqual((service["type"], service["externalTrafficPolicy"]), ("LoadBalancer", "Local"))
        self.assertEqual(service["ipFamilyPolicy"], "SingleStack")  # status.podIP is one address

    def test_keys_of_flow_tokens_are_a_secret_that_is_read_only(self):
        (volume,) = [v for v in pod_of(self.objects)["volumes"] if v["name"] == "edge-token-keys"]
        self.assertEqual(volume["secret"]["secretName"], "flowbroker-edge-token-keys")
        (mount,) = [m for m in container_of(self.objects)["volumeMounts"] if m["name"] == "edge-token-keys"]
        self.assertIs(mount["readOnly"], True)
        self.assertNotIn("subPath", mount)
        self.assertIn(f"--edge-token-keys-file={mount['mountPath']}/keys", container_of(self.objects)["args"])


if __name__ == "__main__":
    unittest.main()
