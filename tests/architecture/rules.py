"""The walls of the house, as data. design: "broker/: one folder = one CMake target, arrows only downward".

Nothing here looks at files; scan.py does.
"""

from enum import Enum


class Kind(Enum):
    """What can be wrong; the value says it to people."""

    UNKNOWN_MODULE = "a folder or file of broker/ or service/ that the module table does not know"
    UPWARD_INCLUDE = "an include that the module table does not allow"
    LEAVES_BROKER = "broker/ knows nothing of service/, clients/, proto/ and tests/"
    RELATIVE_INCLUDE = "own headers are included by their path from the root of the repository"
    GRPC_IN_BROKER = "no gRPC and no protobuf in broker/"
    FOREIGN_HEADER = "a pure module includes only broker/ and plain parts of the standard library"
    OUTSIDE_NET = "OpenSSL, c-ares and the kernel are touched in net only; engine may know Asio's threads and timers"
    IMPURE_CALL = "a pure module takes time and randomness as arguments, has no threads and does not log"
    COROUTINE = "no coroutines: g++ 12.2 destroys temporaries in co_await expressions twice"
    FILE_TOO_LONG = "a file is about one thing"
    CMAKE_NAME = "the folder and its CMake target have the same name"
    CMAKE_EDGE = "a link edge that the module table does not allow"
    CMAKE_FOREIGN_LIBRARY = "a pure module links no foreign library"
    CONFORMANCE_TABLE = "the README says which rule is where, and what proves it"
    CONFORMANCE_PATH = "what the conformance table names is in the tree"
    CONFORMANCE_ID = "each id of a row of the conformance table stands in a file of its rule and in one of its proof"


BROKER_USES = {
    "base": set(),
    "sip": {"base"},
    "dns": {"base"},
    "location": {"base", "sip", "dns"},
    "history": {"base"},
    "racing": {"base", "history"},
    "flow": {"base", "sip", "history"},
    "outbound": {"base", "sip", "flow"},
    "bindings": {"base", "sip", "flow"},
    "net": {"base", "sip", "dns", "location", "history", "racing", "flow", "outbound", "bindings"},
    "engine": {"base", "sip", "dns", "location", "history", "racing", "flow", "outbound", "bindings", "net"},
}
IMPURE_MODULES = {"net", "engine"}
PURE_MODULES = BROKER_USES.keys() - IMPURE_MODULES

# config <- telemetry <- rpc <- admin <- runtime <- main.cc
SERVICE_USES = {
    "config": set(),
    "telemetry": {"config"},
    "rpc": {"config", "telemetry"},
    "admin": {"config", "telemetry", "rpc"},
    "runtime": {"config", "telemetry", "rpc", "admin"},
    "main.cc": {"config", "telemetry", "rpc", "admin", "runtime"},
}

# What a pure module may take from the standard library. A list of what is allowed, since what is forbidden has no end:
# <thread>, <mutex>, <atomic>, <random>, <iostream>, <fstream>, <ctime>, every *.h of the system, Asio, OpenSSL ...
PURE_STANDARD_HEADERS = set(
    """algorithm any array bit bitset cassert cctype charconv chrono climits cmath compare concepts cstddef cstdint
    cstring deque exception forward_list functional initializer_list iterator limits list map memory new numbers numeric
    optional queue ranges ratio set source_location span sstream stack stdexcept string string_view tuple type_traits
    typeindex unordered_map unordered_set utility variant vector version""".split()
)
PURE_FOREIGN_HEADERS = {"tl/expected.hpp"}
# inet_pton and inet_ntop are pure functions from text to octets and back; writing them anew would be worse.
PURE_EXCEPTIONS = {"broker/base/ip_address.cc": {"arpa/inet.h"}}
PURE_LIBRARIES = {"tl::expected"}

# In broker/ these belong to net alone.
NET_ONLY_HEADERS = r"openssl/|ares(_\w+)?\.h$|(sys|net|netinet|arpa|linux)/"

GRPC_HEADERS = r"(grpc|grpcpp|grpc\+\+|google/protobuf|google/rpc|flowbroker/v1)/|.*\.pb\.h$"

# Looked for in code without comments and literals.
IMPURE_CALLS = {
    r"\b(steady|system|high_resolution|utc|file)_clock\b": "names a real clock",
    r"\b(clock_gettime|gettimeofday|localtime(_r)?|gmtime(_r)?)\s*\(": "asks the system for the time",
    r"\b(std::|::)time\s*\(": "asks the system for the time",
    r"\brandom_device\b|\b(s?rand|s?random|[dlm]rand48|getrandom|getentropy)\s*\(": "draws its own randomness",
    r"\bstd::(jthread|thread|mutex|shared_mutex|recursive_mutex|condition_variable|atomic|async|future|promise)\b":
        "has threads in mind",
    r"\bthread_local\b": "has threads in mind",
    r"\b(sleep_for|sleep_until|usleep|nanosleep)\s*\(": "sleeps",
    r"\bstd::(cout|cerr|clog)\b|\b(printf|fprintf|vfprintf|puts|fputs|syslog)\s*\(": "logs",
    r"\b(getenv|secure_getenv|fopen|popen|system)\s*\(": "touches the process or the file system",
}
COROUTINE_WORDS = r"\b(co_await|co_return|co_yield)\b"

MAX_LINES = 400
MAX_MAIN_LINES = 80  # service/main.cc is wiring only
