"""Makes flowbroker/v1/*_pb2.py from proto/ while a wheel is built: nothing generated is in the repository."""

import importlib.resources
import pathlib
import tempfile
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


def proto_root(package: pathlib.Path) -> pathlib.Path:
    """In a source distribution the contract stands beside this file, in the repository above it."""
    for root in (package / "proto", package.parent.parent / "proto"):
        if (root / "flowbroker").is_dir():
            return root
    raise FileNotFoundError("no proto/flowbroker in the source distribution or repository")


def generate(protos: pathlib.Path, into: pathlib.Path) -> None:
    from grpc_tools import protoc

    into.mkdir(parents=True, exist_ok=True)
    well_known = importlib.resources.files("grpc_tools") / "_proto"
    files = sorted(str(path.relative_to(protos)) for path in protos.glob("flowbroker/v1/*.proto"))
    arguments = ["protoc", f"-I{protos}", f"-I{well_known}", f"--python_out={into}", f"--pyi_out={into}", *files]
    if protoc.main(arguments) != 0:
        raise RuntimeError(f"protoc failed: {' '.join(arguments)}")


class MessagesHook(BuildHookInterface):  # type: ignore[type-arg]
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        package = pathlib.Path(self.root)
        if version == "editable":
            generate(proto_root(package), package / "src")
            return
        self._generated = tempfile.TemporaryDirectory(prefix="flowbroker-messages-")
        generate(proto_root(package), pathlib.Path(self._generated.name))
        build_data["force_include"][f"{self._generated.name}/flowbroker/v1"] = "flowbroker/v1"
