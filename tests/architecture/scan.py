"""Reads a source tree and yields every breach of rules.py."""

import re
from dataclasses import dataclass
from pathlib import Path

import conformance
import rules
import source_text
from rules import Kind

_SOURCE_SUFFIXES = {".h", ".hh", ".hpp", ".c", ".cc", ".cpp", ".cxx", ".ipp", ".inc"}
_ROOMS = ("broker", "service", "clients")


@dataclass(frozen=True)
class Breach:
    path: str
    line: int
    kind: Kind
    detail: str

    def __str__(self):
        return f"{self.path}:{self.line}: {self.kind.name.lower()}: {self.detail} ({self.kind.value})"


def scan(root):
    """All breaches below `root`, the root of a checkout."""
    root = Path(root)
    for path in source_files(root):
        yield from check_source(path.relative_to(root).as_posix(), path.read_text(encoding="utf-8", errors="replace"))
    for path in sorted((root / "broker").glob("*/CMakeLists.txt")):
        yield from check_cmake(path.relative_to(root).as_posix(), path.read_text(encoding="utf-8"))
    for line, kind, detail in conformance.breaches(root):
        yield Breach("README.md", line, kind, detail)


def source_files(root):
    for room in (*_ROOMS, "tests"):
        yield from sorted(p for p in (root / room).rglob("*") if p.suffix in _SOURCE_SUFFIXES and p.is_file())


def check_source(path, text):
    yield from check_coroutines(path, text)
    room, *rest = path.split("/")
    if room in _ROOMS:
        yield from check_length(path, text)
    if room == "broker":
        yield from check_broker_file(path, rest, text)
    elif room == "service":
        yield from check_service_file(path, rest, text)
    elif room == "clients":
        yield from check_client_file(path, text)


# ---- any file ----


def check_coroutines(path, text):
    code = source_text.without_comments_and_literals(text)
    for match in re.finditer(rules.COROUTINE_WORDS, code):
        yield Breach(path, source_text.line_of(code, match.start()), Kind.COROUTINE, match[0])


def check_length(path, text):
    limit = rules.MAX_MAIN_LINES if path == "service/main.cc" else rules.MAX_LINES
    lines = len(text.splitlines())
    if lines > limit:
        yield Breach(path, lines, Kind.FILE_TOO_LONG, f"{lines} lines, at most {limit} are allowed")


# ---- broker/ ----


def check_broker_file(path, rest, text):
    module = rest[0]
    if module not in rules.BROKER_USES:
        yield Breach(path, 1, Kind.UNKNOWN_MODULE, module)
        return
    for line, header, quoted in source_text.includes(text):
        kind = judge_broker_include(path, module, header, quoted)
        if kind:
            yield Breach(path, line, kind, f"{module} includes {header or 'what a macro says'}")
    if module in rules.PURE_MODULES:
        yield from check_impure_calls(path, text)


def judge_broker_include(path, module, header, quoted):
    """What is wrong with `header` in a file of `module`; None if nothing."""
    if header is None:
        return Kind.RELATIVE_INCLUDE
    if re.match(rules.GRPC_HEADERS, header):
        return Kind.GRPC_IN_BROKER
    first, *rest = header.split("/")
    if first == "broker":
        return judge_edge(module, rest[0] if rest else "", rules.BROKER_USES)
    if first in ("service", "clients", "proto", "tests"):
        return Kind.LEAVES_BROKER
    if quoted:
        return Kind.RELATIVE_INCLUDE
    if module in rules.PURE_MODULES and not allowed_in_pure(path, header):
        return Kind.FOREIGN_HEADER
    if module == "engine" and re.match(rules.NET_ONLY_HEADERS, header):
        return Kind.OUTSIDE_NET
    return None


def judge_edge(user, used, table):
    if used == user or used in table[user]:
        return None
    return Kind.UPWARD_INCLUDE if used in table else Kind.UNKNOWN_MODULE


def allowed_in_pure(path, header):
    return (
        header in rules.PURE_STANDARD_HEADERS
        or header in rules.PURE_FOREIGN_HEADERS
        or header in rules.PURE_EXCEPTIONS.get(path, ())
    )


def check_impure_calls(path, text):
    code = source_text.without_comments_and_literals(text)
    for pattern, why in rules.IMPURE_CALLS.items():
        for match in re.finditer(pattern, code):
            yield Breach(path, source_text.line_of(code, match.start()), Kind.IMPURE_CALL, f"{match[0]} {why}")


# ---- service/ and clients/ ----


def check_service_file(path, rest, text):
    layer = rest[0]
    if layer not in rules.SERVICE_USES:
        yield Breach(path, 1, Kind.UNKNOWN_MODULE, layer)
        return
    for line, header, _ in source_text.includes(text):
        first, *inner = (header or "").split("/")
        if first == "service":
            kind = judge_edge(layer, inner[0] if inner else "", rules.SERVICE_USES)
        else:
            kind = Kind.UPWARD_INCLUDE if first in ("clients", "tests") else None
        if kind:
            yield Breach(path, line, kind, f"{layer} includes {header}")


def check_client_file(path, text):
    """A client knows the contract only: a caller in another process has no service/ to look into."""
    for line, header, _ in source_text.includes(text):
        if (header or "").split("/")[0] in ("service", "tests"):
            yield Breach(path, line, Kind.UPWARD_INCLUDE, f"a client includes {header}")


# ---- CMake ----


def check_cmake(path, text):
    module = path.split("/")[1]
    if module not in rules.BROKER_USES:
        yield Breach(path, 1, Kind.UNKNOWN_MODULE, module)
        return
    code = re.sub(r"#[^\n]*", "", text)
    called = re.search(r"flowbroker_module\s*\(([^)]*)\)", code)
    name, arguments = module_arguments(called[1]) if called else (None, {})
    if name != module:
        yield Breach(path, 1, Kind.CMAKE_NAME, f"the module of {module}/ is called {name}")
    edges = set(arguments.get("USES", ())) | set(re.findall(r"\bbroker(?:::|_)(\w+)\b(?!\.)", code)) - {module}
    for used in sorted(edges):
        if judge_edge(module, used, rules.BROKER_USES):
            yield Breach(path, 1, Kind.CMAKE_EDGE, f"{module} uses {used}")
    if module in rules.PURE_MODULES:
        for library in sorted(set(re.findall(r"\b\w+::\w+", code))):
            if library not in rules.PURE_LIBRARIES and not library.startswith("broker::"):
                yield Breach(path, 1, Kind.CMAKE_FOREIGN_LIBRARY, f"{module} links {library}")


def module_arguments(inside):
    """('flow', {'SOURCES': [...], 'USES': [...]}) of the words inside flowbroker_module(...)."""
    name, *words = inside.split()
    arguments, current = {}, None
    for word in words:
        if word in ("SOURCES", "HEADERS", "USES", "LIBRARIES"):
            current = arguments.setdefault(word, [])
        elif current is not None:
            current.append(word)
    return name, arguments
