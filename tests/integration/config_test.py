#!/usr/bin/env python3
"""Settings from a file: what is wrong is said with its line, what is in force with its origin; SIGHUP reads them again."""

import os
import signal

from harness import eventually
from local_daemon import LocalDaemonTest, main


class CheckConfigTest(LocalDaemonTest):
    def check(self, text, *flags):
        return self.run_to_end("--config", self.write("f.yaml", text), "--check-config", *flags)

    def refuse(self, text, *problems):
        done = self.check(text)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertEqual(done.stdout, "")
        lines = done.stderr.splitlines()
        self.assertEqual(len(lines), len(problems), done.stderr)
        for line, problem in zip(lines, problems):
            self.assertTrue(line.startswith(self.path("f.yaml") + problem), line)

    def test_good_settings_are_ok_and_nothing_is_started(self):
        done = self.check("racing: off\nmax-flows: 5\n", "--shards", "1")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertRegex(done.stdout, r"^ok: 3 of \d+ settings are set")

    def test_every_problem_is_named_with_line_key_and_what_is_allowed(self):
        self.refuse("racign: off\n\nmax-body-size: big\nhistory-half-life: 0\n",
                    ':1: racign: unknown key; did you mean "racing"?',
                    ':3: max-body-size: "big" is not a whole number such as 500, 64K or 1M',
                    ':4: history-half-life: "0" is out of range; from 1s to 8760h')

    def test_certificate_and_key_are_compared(self):
        mine, its_key = self.certificate("mine")
        _, other_key = self.certificate("other")
        both = "tls-certificate-file: {0}\ntls-private-key-file: {1}\n"
        self.assertEqual(self.check(both.format(mine, its_key)).returncode, 0)
        self.refuse(both.format(mine, other_key), f":2: tls-private-key-file: {other_key}: does not belong to the certificate")
        grpc = "grpc-certificate-file: {0}\ngrpc-private-key-file: {1}\ngrpc-client-ca-file: {0}\n"
        self.assertEqual(self.check(grpc.format(mine, its_key)).returncode, 0)
        self.refuse(grpc.format(mine, other_key), f":2: grpc-private-key-file: {other_key}: does not belong")

    def test_files_that_cannot_be_used_are_named(self):
        garbage = self.write("garbage", "no PEM\n")
        missing = self.path("missing")
        self.refuse(f"tls-ca-file: {garbage}\nadmin-token-file: {missing}\nhistory-file: {missing}/memory\n",
                    f":1: tls-ca-file: {garbage}: ", f":2: admin-token-file: {missing}: ", ":3: history-file: cannot create")

    def test_an_empty_token_is_refused(self):
        self.refuse(f"admin-token-file: {self.write('token', '')}\n", ":1: admin-token-file: ")

    def test_checking_leaves_the_memory_of_a_running_daemon_alone(self):
        memory = self.path("memory")
        daemon = self.start("--history-file", memory, "--history-save-interval", "100ms")
        self.assertTrue(eventually(lambda: os.path.exists(memory)))
        for _ in range(20):
            self.assertEqual(self.check(f"history-file: {memory}\n").returncode, 0)
        self.assertEqual(daemon.events("history_not_written"), [])


class PrintConfigTest(LocalDaemonTest):
    def print(self, *flags):
        done = self.run_to_end("--print-config", *flags)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_every_setting_has_its_origin_and_the_output_is_a_file_again(self):
        path = self.write("f.yaml", "# first\nmax-flows: 5K\n")
        text = self.print("--config", path, "--shards", "3")
        self.assertIn(f"\nmax-flows: 5K  # {path}:2\n", text)
        self.assertIn("\nshards: 3  # --shards\n", text)
        self.assertIn("\nracing: on  # default\n", text)
        again = self.print("--config", self.write("again.yaml", text))
        values = [[line.split("  # ")[0] for line in one.splitlines()[1:]] for one in (text, again)]
        self.assertEqual(*values)

    def test_a_secret_is_never_shown(self):
        text = self.print("--admin-token-file", self.write("token", "hush-hush\n"))
        self.assertIn(self.path("token"), text)
        self.assertNotIn("hush", text)


class ReloadTest(LocalDaemonTest):
    def reload(self, daemon, text, event, count=1):
        self.write("f.yaml", text)
        daemon.signal(signal.SIGHUP)
        return daemon.event(event, count)

    def test_what_is_live_changes_and_what_is_not_is_named(self):
        daemon = self.start("--config", self.write("f.yaml", "log-level: info\n"))
        said = self.reload(daemon, "log-slower-than: 5s\nshards: 7\ndrain-timeout: 6s\n", "reloaded")
        self.assertEqual(said["changed"], ["log-slower-than", "drain-timeout"])
        self.assertEqual(said["needs_restart"], ["shards"])
        self.assertEqual(daemon.metric('flowbroker_config_reloads_total{outcome="ok"}'), 1)
        self.stop(daemon)

    def test_the_level_of_the_log_is_in_force_at_once(self):
        daemon = self.start("--config", self.write("f.yaml", "log-level: error\n"))
        self.assertEqual(self.reload(daemon, "log-level: info\n", "reloaded")["changed"], ["log-level"])
        self.stop(daemon)
        self.assertTrue(daemon.events("stopped"), daemon.said())

    def test_flags_win_over_the_new_file_too(self):
        daemon = self.start("--config", self.write("f.yaml", ""), "--drain-timeout", "7s")
        self.assertEqual(self.reload(daemon, "drain-timeout: 1s\n", "reloaded")["changed"], [])

    def test_a_bad_file_changes_nothing_and_is_reported_with_its_line(self):
        daemon = self.start("--config", self.write("f.yaml", ""))
        before = daemon.metric("flowbroker_config_last_reload_success_timestamp_seconds")
        said = self.reload(daemon, "drain-timeout: 1s\nshards: many\n", "reload_refused")
        self.assertEqual(len(said["problems"]), 1)
        self.assertIn("f.yaml:2: shards: ", said["problems"][0])
        self.assertEqual(daemon.metric('flowbroker_config_reloads_total{outcome="refused"}'), 1)
        self.assertEqual(daemon.metric("flowbroker_config_last_reload_success_timestamp_seconds"), before)
        # Had the first line been taken, it would not be a change now.
        said = self.reload(daemon, "drain-timeout: 1s\n", "reloaded")
        self.assertEqual(said["changed"], ["drain-timeout"])
        os.remove(self.path("f.yaml"))
        daemon.signal(signal.SIGHUP)
        self.assertIn("cannot be read", daemon.event("reload_refused", 2)["problems"][0])
        self.stop(daemon)

    def test_many_signals_at_once_are_harmless(self):
        daemon = self.start("--config", self.write("f.yaml", "racing: off\n"))
        for _ in range(100):
            daemon.signal(signal.SIGHUP)
        daemon.event("reloaded")
        self.stop(daemon)


if __name__ == "__main__":
    main()
