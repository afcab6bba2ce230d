"""Renders deploy/k8s and holds objects against the schemas of Kubernetes and of the Prometheus operator, offline."""

import functools
import os
import shutil
import subprocess

import jsonschema
import kubernetes_validate
import kubernetes_validate.utils
import yaml

# It reads its schemas anew for each object, of which the tests hold hundreds against them.
kubernetes_validate.utils.schema_contents = functools.cache(kubernetes_validate.utils.schema_contents)

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
K8S = os.path.join(ROOT, "deploy", "k8s")
OVERLAYS = sorted(os.listdir(os.path.join(K8S, "overlays")))
EVERYTHING = os.path.join(ROOT, "tests", "deploy", "everything")  # components that no overlay uses
# The oldest version whose fields the manifests need, one between, and the newest that has a schema here.
KUBERNETES_VERSIONS = ["1.29", "1.33", "1.37"]


def kustomize():
    """Ours if deploy/install-dependencies.sh had to bring one, else kubectl's."""
    own = shutil.which("kustomize", path=os.path.join(ROOT, "build", "tools", "bin") + ":" + os.environ["PATH"])
    return [own, "build"] if own else ["kubectl", "kustomize"]


@functools.cache
def rendered_text(folder):
    return subprocess.run([*kustomize(), folder], check=True, capture_output=True, text=True).stdout


def render(folder):
    """Objects of a kustomization, in its order."""
    return list(yaml.safe_load_all(rendered_text(os.path.join(K8S, folder))))


def overlay(name):
    return render(os.path.join("overlays", name))


def of_kind(objects, kind, name=None):
    """The one object of that kind (and name)."""
    found = [o for o in objects if o["kind"] == kind and name in (None, o["metadata"]["name"])]
    if len(found) != 1:
        raise LookupError(f"{len(found)} of {kind} {name or ''}")
    return found[0]


def pod_of(objects):
    return of_kind(objects, "StatefulSet")["spec"]["template"]["spec"]


def container_of(objects):
    (container,) = pod_of(objects)["containers"]
    return container


def _closed(schema):
    """The schema with no room for fields that it does not name, as the API server treats unknown fields with
    fieldValidation=Strict."""
    if isinstance(schema, list):
        return [_closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {key: _closed(value) for key, value in schema.items()}
    if isinstance(pattern := closed.get("pattern"), str):
        closed["pattern"] = pattern.replace("^(?i)", "(?i)^")  # Go lets flags stand anywhere, Python only in front
    if isinstance(closed.get("properties"), dict) and closed.get("type") == "object":
        closed.setdefault("additionalProperties", False)
    return closed


@functools.cache
def _operator_validators():
    """Made from the CRDs of the Prometheus operator by the authors of the package."""
    from cloudcoil.models.prometheus_operator import v1

    return {model.__name__: jsonschema.Draft202012Validator(_closed(model.model_json_schema()))
            for model in (v1.PodMonitor, v1.PrometheusRule)}


def complaint(an_object, version=KUBERNETES_VERSIONS[-1]):
    """What is wrong with it, or None."""
    try:
        if an_object["apiVersion"] == "monitoring.coreos.com/v1":
            _operator_validators()[an_object["kind"]].validate(an_object)
        else:
            kubernetes_validate.validate(an_object, version, strict=True)
    except jsonschema.ValidationError as error:
        return f"{'.'.join(str(step) for step in error.absolute_path)}: {error.message}"
    except kubernetes_validate.SchemaNotFoundError as error:
        return error.message
    return None
