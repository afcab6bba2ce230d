#!/usr/bin/env python3
"""The life of the process: it starts or says in one sentence why not, drains, ends, and tells the service manager."""

import os
import resource
import signal
import socket
import stat

from harness import PATIENCE
from local_daemon import LocalDaemonTest, main

NOBODY = 65534


class StartTest(LocalDaemonTest):
    def refuse(self, code, said, *flags, **options):
        done = self.run_to_end("--admin", "off", *flags, **options)
        self.assertEqual(done.returncode, code, done.stderr)
        sentences = [line for line in done.stderr.splitlines() if not line.startswith("{")]
        self.assertEqual(len(sentences), 1, done.stderr)
        self.assertRegex(sentences[0], said)
        self.assertEqual(done.stdout, "")

    def socket_flag(self, name="broker.sock"):
        return "--listen", f"unix:{self.path(name)}"

    def taken_port(self):
        taken = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(taken.close)
        return taken.getsockname()[1]

    def test_a_port_in_use(self):
        address = f"127.0.0.1:{self.taken_port()}"
        self.refuse(1, f"cannot listen on {address}: Address already in use; stop what listens there", "--listen", address, "--grpc-plaintext", "on")
        self.refuse(1, f"{address}.*Address already in use", *self.socket_flag(), "--admin", address)

    def test_tcp_without_tls_unless_asked_for(self):
        self.refuse(2, 'TCP without TLS; set grpc-certificate-file, .* or grpc-plaintext: on$', "--listen", "127.0.0.1:0")

    def test_a_key_of_another_certificate(self):
        certificate, key = self.certificate("mine")
        _, other = self.certificate("other")
        self.refuse(1, f"{other}: does not belong to the certificate in {certificate}", *self.socket_flag(),
                    "--tls-certificate-file", certificate, "--tls-private-key-file", other)

    def test_a_key_of_another_certificate_for_callers(self):
        certificate, _ = self.certificate("mine")
        _, other = self.certificate("other")
        self.refuse(1, f"{other}", *self.socket_flag(), "--listen", "127.0.0.1:0", "--grpc-certificate-file", certificate,
                    "--grpc-private-key-file", other, "--grpc-client-ca-file", certificate)

    def test_a_certificate_that_is_none(self):
        garbage = self.write("garbage", "no PEM\n")
        self.refuse(1, garbage, *self.socket_flag(), "--tls-ca-file", garbage)

    def test_half_a_pair(self):
        self.refuse(2, "^--tls-certificate-file: needs tls-private-key-file too", *self.socket_flag(),
                    "--tls-certificate-file", "/c.pem")

    def test_a_name_server_that_is_none(self):
        self.refuse(2, '^--dns-servers: "localhost" is not an address', "--dns-servers", "localhost")

    def test_a_place_for_memory_that_cannot_be_written(self):
        self.refuse(1, "^flowbrokerd: history-file: cannot create .*: No such file or directory", *self.socket_flag(),
                    "--history-file", self.path("missing/memory"))
        self.refuse(1, "is not a regular file", *self.socket_flag(), "--history-file", self.directory)

    def test_too_few_descriptors(self):
        def limit():
            resource.setrlimit(resource.RLIMIT_NOFILE, (100, 100))

        self.refuse(1, "only 100 file descriptors are allowed; at least 256 are needed: raise LimitNOFILE= or ulimit -n",
                    *self.socket_flag(), preexec_fn=limit)

    def test_fewer_descriptors_than_flows_is_a_warning_with_both_figures(self):
        daemon = self.start("--max-flows", "1M")
        said = daemon.event("few_descriptors")
        self.assertEqual(said["max_flows"], 1024 * 1024)
        self.assertLess(said["limit"], said["max_flows"])
        self.stop(daemon)
        self.assertEqual(self.start("--max-flows", "5").events("few_descriptors"), [])

    def test_a_directory_that_belongs_to_somebody_else(self):
        if os.getuid() != 0:
            self.skipTest("takes root to be somebody else")
        os.chmod(self.directory, 0o755)
        inherited = os.open(os.path.join(os.environ["FLOWBROKER_BIN"], "flowbrokerd"), os.O_RDONLY)
        self.addCleanup(os.close, inherited)
        # By its descriptor, since nobody may walk to where it was built.
        self.refuse(1, "broker.sock: .*Permission denied; choose a place that this user may use", *self.socket_flag("sub/broker.sock"),
                    program_path=f"/proc/self/fd/{inherited}", pass_fds=[inherited], user=NOBODY, group=NOBODY)

    def test_a_socket_of_a_dead_process_is_replaced(self):
        first = self.start()
        first.signal(signal.SIGKILL)
        first.wait()
        self.assertTrue(stat.S_ISSOCK(os.stat(self.path("broker.sock")).st_mode))
        self.stop(self.start())

    def test_a_socket_in_use_is_not_taken_away(self):
        daemon = self.start()
        self.refuse(1, "another process is listening there", *self.socket_flag())
        with daemon.flowctl("flows") as flows:
            self.assertEqual(flows.wait(PATIENCE), 0)

    def test_a_file_in_place_of_the_socket_is_not_removed(self):
        path = self.write("broker.sock", "precious")
        self.refuse(1, "a file that is not a socket is there", *self.socket_flag())
        with open(path) as file:
            self.assertEqual(file.read(), "precious")


class DrainTest(LocalDaemonTest):
    def start_with_a_call_in_flight(self, *flags):
        """A daemon and an Acquire that waits for a DNS server that never answers."""
        dns = self.silent_dns_server()
        daemon = self.start("--dns-servers", f"127.0.0.1:{dns.getsockname()[1]}", "--history-file", self.path("memory"),
                            *flags)
        call = daemon.flowctl("--timeout", "30", "acquire", "sip:nobody.example.test")
        self.addCleanup(call.stdout.close)
        self.addCleanup(call.wait)
        self.addCleanup(call.kill)
        dns.settimeout(PATIENCE)
        dns.recv(1024)  # the question: the call is in flight
        return daemon, call

    def test_idle_it_ends_at_once_with_0_and_writes_its_memory(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            daemon = self.start("--drain-timeout", "1h", "--history-file", self.path("memory"))
            daemon.signal(number)
            self.assertEqual(daemon.wait(), 0)
            self.assertEqual(len(daemon.events("stopped")), 1, daemon.said())
            os.remove(self.path("memory"))

    def test_what_is_in_flight_is_finished(self):
        daemon, call = self.start_with_a_call_in_flight("--drain-timeout", "1m", "--dns-timeout", "1s", "--dns-tries", "1")
        daemon.signal(signal.SIGTERM)
        daemon.event("draining")
        said = call.communicate(timeout=3 * PATIENCE)[0]
        self.assertEqual(call.returncode, 4, said)  # UNAVAILABLE: DNS did not answer
        self.assertIn("dns", said.lower())
        self.assertNotIn("shutting", said.lower())
        self.assertEqual(daemon.wait(), 0)

    def test_what_takes_longer_than_the_grace_period_is_ended(self):
        daemon, call = self.start_with_a_call_in_flight("--drain-timeout", "100ms", "--dns-timeout", "1m")
        daemon.signal(signal.SIGTERM)
        self.assertEqual(daemon.wait(), 0, daemon.said())
        self.assertTrue(os.path.exists(self.path("memory")))
        self.assertNotEqual(call.wait(PATIENCE), 0)

    def test_a_second_signal_ends_it_at_once(self):
        daemon, _ = self.start_with_a_call_in_flight("--drain-timeout", "1h", "--dns-timeout", "1m")
        daemon.signal(signal.SIGTERM)
        daemon.event("draining")
        self.assertIsNone(daemon.process.poll())
        daemon.signal(signal.SIGTERM)
        self.assertEqual(daemon.wait(), -signal.SIGTERM)

    def test_while_it_drains_it_lives_but_is_not_ready(self):
        daemon, _ = self.start_with_a_call_in_flight("--drain-timeout", "1h", "--dns-timeout", "1m")
        self.assertEqual([daemon.http(path)[0] for path in ("/healthz", "/readyz")], [200, 200])
        daemon.signal(signal.SIGTERM)
        daemon.event("draining")
        self.assertEqual([daemon.http(path)[0] for path in ("/healthz", "/readyz")], [200, 503])

    def test_a_posted_drain_turns_work_away_and_ends_nothing(self):
        daemon, _ = self.start_with_a_call_in_flight("--drain-timeout", "1h", "--dns-timeout", "1m")
        for _ in range(2):
            self.assertIn(daemon.http("/drain", "POST")[0], (200, 202, 204))
        self.assertEqual([daemon.http(path)[0] for path in ("/healthz", "/readyz")], [200, 503])
        self.assertEqual(len(daemon.events("draining")), 1)
        self.assertIsNone(daemon.process.poll())

    def test_reloading_while_draining_does_not_make_it_ready_again(self):
        daemon = self.start()
        daemon.http("/drain", "POST")
        daemon.signal(signal.SIGHUP)
        daemon.event("reloaded")
        self.assertEqual(daemon.http("/readyz")[0], 503)
        self.stop(daemon)


class ServiceManagerTest(LocalDaemonTest):
    """The protocol of sd_notify(3)."""

    def setUp(self):
        super().setUp()
        self.manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(self.manager.close)
        self.manager.settimeout(PATIENCE)

    def told(self):
        return dict(line.split("=", 1) for line in self.manager.recv(4096).decode().splitlines())

    def live(self, name):
        daemon = self.start(environment={"NOTIFY_SOCKET": name})
        self.assertEqual(self.told()["READY"], "1")
        daemon.signal(signal.SIGHUP)
        reloading = self.told()
        self.assertEqual(reloading["RELOADING"], "1")
        self.assertGreater(int(reloading["MONOTONIC_USEC"]), 0)
        self.assertEqual(self.told()["READY"], "1")
        daemon.signal(signal.SIGTERM)
        self.assertEqual(self.told()["STOPPING"], "1")
        self.assertEqual(daemon.wait(), 0)

    def test_it_is_told_of_start_reload_and_stop(self):
        self.manager.bind(self.path("notify"))
        self.live(self.path("notify"))

    def test_its_socket_may_be_abstract(self):
        name = f"flowbroker-test-{os.getpid()}"
        self.manager.bind(f"\0{name}")
        self.live(f"@{name}")

    def test_the_watchdog_hears_that_all_threads_live(self):
        self.manager.bind(self.path("notify"))
        daemon = self.start(environment={"NOTIFY_SOCKET": self.path("notify"), "WATCHDOG_USEC": "200000"})
        self.assertEqual(self.told()["READY"], "1")
        for _ in range(3):
            self.assertEqual(self.told(), {"WATCHDOG": "1"})
        self.stop(daemon)

    def test_one_that_does_not_listen_is_no_obstacle(self):
        self.stop(self.start(environment={"NOTIFY_SOCKET": self.path("nobody")}))


if __name__ == "__main__":
    main()
