#!/usr/bin/env python3
"""Proves that the architecture check can fail: every kind of breach is planted in a small tree and must be found."""

import subprocess
import sys
import tempfile
import unittest
from graphlib import TopologicalSorter
from pathlib import Path

import rules
from conformance import ids_cited
from rules import Kind
from scan import scan

README = """# x
| rows | what | where | proven by |
|---|---|---|---|
| Z9 | a table of another section | `gone` | `gone` |
## Conformance
| rows | what | where | proven by |
|---|---|---|---|
| H7 D2 | a | `broker/racing` | `tests/a_test.cc` `tests/b_test.py` |
| B1 | shown by an example | `clients/cpp/client.cc` | `tests/b_test.py` |
| I | b | to come | - |
"""

CLEAN = {
    "README.md": README,
    "tests/a_test.cc": "TEST(ATest, IsPaced_H7) {}\n",
    "tests/b_test.py": '"""(B1, D1-D3)"""\n',
    "broker/base/time.h": '#include <chrono>\n#include <tl/expected.hpp>\n',
    "broker/base/CMakeLists.txt": "flowbroker_module(base HEADERS time.h LIBRARIES tl::expected)\n",
    "broker/racing/race.h": '// H7, D2\n#include <vector>\n\n#include "broker/base/time.h"\n#include "broker/history/rtt.h"\n',
    "broker/racing/CMakeLists.txt": "flowbroker_module(racing\n  HEADERS race.h\n  USES base history)\n",
    "broker/net/tcp.cc": '#include <boost/asio.hpp>\n#include <openssl/ssl.h>\n#include <sys/socket.h>\n#include <thread>\n#include "broker/racing/race.h"\n'
    "auto t = std::chrono::steady_clock::now();\n",
    "broker/net/CMakeLists.txt": "flowbroker_module(net SOURCES tcp.cc USES base racing LIBRARIES OpenSSL::SSL)\n",
    "broker/engine/broker.cc": '#include <mutex>\n#include "broker/net/tcp.h"\n',
    "service/rpc/call.cc": '#include <grpcpp/grpcpp.h>\n#include "service/config/c.h"\n#include "broker/engine/b.h"\n',
    "service/main.cc": '#include "service/runtime/r.h"\n',
    "clients/cpp/client.cc": '#include "flowbroker/v1/types.pb.h"\n',
}

BREACHES = [
    # (kind, path, text)
    (Kind.UNKNOWN_MODULE, "broker/util/strings.h", ""),
    (Kind.UNKNOWN_MODULE, "broker/stray.h", ""),
    (Kind.UNKNOWN_MODULE, "service/helpers/x.h", ""),
    (Kind.UNKNOWN_MODULE, "broker/base/x.h", '#include "broker/util/strings.h"'),
    (Kind.UNKNOWN_MODULE, "broker/util/CMakeLists.txt", "flowbroker_module(util)"),
    (Kind.UPWARD_INCLUDE, "broker/base/x.h", '#include "broker/sip/sip_uri.h"'),
    (Kind.UPWARD_INCLUDE, "broker/base/x.h", "#include <broker/sip/sip_uri.h>"),
    (Kind.UPWARD_INCLUDE, "broker/racing/x.cc", '  #  include "broker/flow/flow.h"'),
    (Kind.UPWARD_INCLUDE, "broker/net/x.cc", '#include "broker/engine/acquire.h"'),
    (Kind.UPWARD_INCLUDE, "service/config/x.h", '#include "service/telemetry/t.h"'),
    (Kind.UPWARD_INCLUDE, "service/rpc/x.h", '#include "service/admin/a.h"'),
    (Kind.UPWARD_INCLUDE, "service/runtime/x.h", '#include "clients/cpp/c.h"'),
    (Kind.UPWARD_INCLUDE, "clients/cli/x.cc", '#include "service/rpc/r.h"'),
    (Kind.LEAVES_BROKER, "broker/engine/x.h", '#include "service/config/c.h"'),
    (Kind.LEAVES_BROKER, "broker/net/x.h", '#include "clients/cpp/c.h"'),
    (Kind.LEAVES_BROKER, "broker/racing/x.h", '#include "tests/unit/racing/race_script.h"'),
    (Kind.RELATIVE_INCLUDE, "broker/racing/x.cc", '#include "race.h"'),
    (Kind.RELATIVE_INCLUDE, "broker/racing/x.cc", '#include "../engine/acquire.h"'),
    (Kind.RELATIVE_INCLUDE, "broker/racing/x.cc", "#include WHATEVER"),
    (Kind.GRPC_IN_BROKER, "broker/engine/x.cc", "#include <grpcpp/grpcpp.h>"),
    (Kind.GRPC_IN_BROKER, "broker/sip/x.cc", "#include <google/protobuf/message.h>"),
    (Kind.GRPC_IN_BROKER, "broker/net/x.cc", '#include "flowbroker/v1/types.pb.h"'),
    (Kind.OUTSIDE_NET, "broker/engine/x.cc", "#include <openssl/rand.h>"),
    (Kind.OUTSIDE_NET, "broker/engine/x.cc", "#include <ares.h>"),
    (Kind.OUTSIDE_NET, "broker/engine/x.cc", "#include <sys/socket.h>"),
    *[
        (Kind.FOREIGN_HEADER, "broker/flow/x.cc", f"#include <{header}>")
        for header in (
            *("asio.hpp", "boost/asio/ip/tcp.hpp", "openssl/ssl.h", "ares.h", "sys/socket.h", "arpa/inet.h"),
            *("thread", "mutex", "atomic", "random", "iostream", "fstream", "ctime", "time.h", "absl/log/log.h"),
        )
    ],
    *[
        (Kind.IMPURE_CALL, "broker/dns/x.cc", call)
        for call in (
            *("auto t = std::chrono::steady_clock::now();", "using std::chrono::system_clock;", "int r = rand();"),
            *("auto t = std::time(nullptr);", "std::random_device d;", "std::mutex m;", "std::thread t;"),
            *("thread_local int n;", 'std::cerr << "x";', 'printf("x");', 'const char* home = getenv("HOME");'),
        )
    ],
    *[(Kind.COROUTINE, "broker/net/x.cc", f"{word} x;") for word in ("co_await", "co_return", "co_yield")],
    (Kind.COROUTINE, "tests/unit/net/x.cc", "co_await x;"),
    (Kind.FILE_TOO_LONG, "clients/cli/x.cc", "\n" * (rules.MAX_LINES + 1)),
    (Kind.FILE_TOO_LONG, "service/main.cc", "\n" * (rules.MAX_MAIN_LINES + 1)),
    (Kind.CMAKE_NAME, "broker/sip/CMakeLists.txt", "flowbroker_module(dns)"),
    (Kind.CMAKE_NAME, "broker/sip/CMakeLists.txt", "add_library(sip)"),
    (Kind.CMAKE_EDGE, "broker/sip/CMakeLists.txt", "flowbroker_module(sip USES base engine)"),
    (Kind.CMAKE_EDGE, "broker/sip/CMakeLists.txt", "flowbroker_module(sip)\ntarget_link_libraries(x broker::net)"),
    (Kind.CMAKE_FOREIGN_LIBRARY, "broker/sip/CMakeLists.txt", "flowbroker_module(sip LIBRARIES OpenSSL::SSL)"),
    (Kind.CONFORMANCE_TABLE, "README.md", "# x\n"),
    (Kind.CONFORMANCE_TABLE, "README.md", README.replace("proven by", "proof")),
    (Kind.CONFORMANCE_PATH, "README.md", README.replace("`tests/a_test.cc`", "`tests/a_test.cc` `tests/gone.cc`")),
    (Kind.CONFORMANCE_PATH, "README.md", README.replace("clients/cpp/client.cc", "clients/gone.cc")),
    (Kind.CONFORMANCE_ID, "README.md", README.replace("H7 D2", "H7 D2 H8")),
    (Kind.CONFORMANCE_ID, "README.md", README.replace("`tests/a_test.cc` ", "")),
    (Kind.CONFORMANCE_ID, "README.md", README.replace("`tests/b_test.py` |\n| I", "- |\n| I")),
    (Kind.CONFORMANCE_ID, "README.md", README.replace("| B1 |", "| B1 H7 |")),
    (Kind.CONFORMANCE_ID, "README.md", README.replace("`broker/racing`", "`broker/net`")),
]

HARMLESS = [
    ("broker/dns/x.cc", '// #include <thread>\n/* co_await\n#include "broker/engine/x.h"\n*/\n'),
    ("broker/dns/x.cc", 'const char* text = "rand() co_await \\" std::cerr"; char c = \'"\';\n'),
    ("broker/dns/x.cc", 'auto raw = R"x(co_await " std::mutex)x";\n'),
    ("broker/dns/x.cc", "int brand(int x); int y = brand(1); int snprintf(char*); Duration round_trip_time(int);\n"),
    ("broker/dns/x.cc", "\n" * rules.MAX_LINES),
    ("broker/base/ip_address.cc", "#include <arpa/inet.h>\n"),
    ("broker/sip/CMakeLists.txt", "flowbroker_module(sip HEADERS broker_options.h)\n"),
    ("broker/sip/CMakeLists.txt", "# not broker::engine\nflowbroker_module(sip USES base)\n"),
]


def breaches_of(files):
    with tempfile.TemporaryDirectory() as root:
        for path, text in files.items():
            file = Path(root, path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        return list(scan(root))


class ScanTest(unittest.TestCase):
    def test_finds_nothing_in_a_clean_tree(self):
        self.assertEqual(breaches_of(CLEAN), [])

    def test_finds_each_planted_breach_and_nothing_else(self):
        for kind, path, text in BREACHES:
            with self.subTest(kind=kind.name, path=path, text=text[:60]):
                found = breaches_of(CLEAN | {path: text})
                self.assertEqual({(b.kind, b.path) for b in found}, {(kind, path)}, [str(b) for b in found])

    def test_every_kind_of_breach_is_planted(self):
        self.assertEqual({kind for kind, _, _ in BREACHES}, set(Kind))

    def test_is_not_fooled_by_comments_literals_and_look_alikes(self):
        for path, text in HARMLESS:
            with self.subTest(path=path, text=text[:60]):
                self.assertEqual(breaches_of(CLEAN | {path: text}), [])

    def test_sees_code_behind_a_digit_separator(self):
        found = breaches_of({"broker/dns/x.cc": "int a = 10'000;\nint b = rand();\nint c = 1'0;\n"})
        self.assertEqual([(b.line, b.kind) for b in found], [(2, Kind.IMPURE_CALL)])

    def test_reads_ids_as_people_write_them(self):
        self.assertEqual(ids_cited("// H7, S10\nTEST(A, B_O5) (D1-D3) # N4: x"), {"H7", "S10", "O5", "D1", "D2", "D3", "N4"})
        self.assertEqual(ids_cited("H77x 0xD1 SHA1 ID3 b1"), set())

    def test_names_the_line(self):
        found = breaches_of({"broker/dns/x.cc": "/* one\ntwo */\n#include <vector>\n#include <thread>\n"})
        self.assertEqual([b.line for b in found], [4])

    def test_the_tables_have_no_cycle(self):
        for table in (rules.BROKER_USES, rules.SERVICE_USES):
            self.assertEqual(set(TopologicalSorter(table).static_order()), table.keys())

    def test_the_program_fails_on_a_breach_and_on_a_place_without_sources(self):
        program = Path(__file__).with_name("check_architecture.py")
        with tempfile.TemporaryDirectory() as root:
            run = [sys.executable, "-B", program, root]
            self.assertNotEqual(subprocess.run(run, capture_output=True, check=False).returncode, 0)
            base = Path(root, "broker", "base")
            base.mkdir(parents=True)
            self.assertEqual(subprocess.run(run, capture_output=True, check=False).returncode, 0)
            (base / "x.h").write_text("#include <thread>\n")
            failed = subprocess.run(run, capture_output=True, check=False, text=True)
            self.assertEqual(failed.returncode, 1)
            self.assertIn("broker/base/x.h:1: foreign_header", failed.stdout)


if __name__ == "__main__":
    unittest.main()
