#!/usr/bin/env python3
"""What was learned survives the end of the process, however it ends; a file that cannot be believed is no obstacle (H3, S6)."""

import os
import subprocess

from harness import PATIENCE, V4, V6, BrokerTest, eventually, main, program

URI = "sip:dual.example.test;transport=tcp"


class PersistenceTest(BrokerTest):
    def setUp(self):
        self.file = os.path.join(self.lab.state, "memory")
        for name in (self.file, self.file + ".bad"):
            if os.path.exists(name):
                os.remove(name)
        self.flags = ("--history-file", self.file, "--history-save-interval", "100ms")
        super().setUp()

    def tried(self):
        """The addresses that a request tries now, in order. Its flow is of no use to the next one."""
        answer = self.acquire(URI, "--exclusive")
        return [step["remote"]["address"] for step in answer.attempts]

    def learn_that_ipv6_is_dropped(self):
        self.lab.drop("ipv6")
        self.assertEqual(self.tried()[:2], [V6, V4])
        self.assertEqual(self.tried(), [V4])

    def await_save(self):
        """Returns when all that is known now is in the file: the second write from now began after now."""
        for _ in range(2):
            before = self.modified()
            self.assertTrue(eventually(lambda: self.modified() != before), "the file is not written")

    def modified(self):
        return os.stat(self.file).st_ino, os.stat(self.file).st_mtime_ns

    def change_file(self, change):
        with open(self.file, "rb") as file:
            octets = bytearray(file.read())
        change(octets)
        with open(self.file, "wb") as file:
            file.write(octets)
        return bytes(octets)

    def expect_refusal(self, octets, why):
        """The broker serves, knows nothing, says why and keeps the file."""
        self.broker = self.start_broker(*self.flags)
        self.assertEqual(self.tried()[0], V6)
        self.assertIn("history_refused", self.broker.said())
        self.assertIn(why, self.broker.said())
        with open(self.file + ".bad", "rb") as file:
            self.assertEqual(file.read(), octets)

    def test_after_a_restart_the_first_request_avoids_the_dead_family(self):
        self.learn_that_ipv6_is_dropped()
        self.restart(*self.flags)
        self.assertEqual(self.tried(), [V4])
        self.assertIn("history_restored", self.broker.said())
        self.assertEqual(os.stat(self.file).st_mode & 0o777, 0o600)

    def test_after_a_crash_it_does_so_too(self):
        self.learn_that_ipv6_is_dropped()
        self.await_save()
        self.broker.stopped = True
        self.broker.process.kill()
        self.broker.process.wait()
        self.broker = self.start_broker(*self.flags)
        self.assertEqual(self.tried(), [V4])

    def test_a_family_repaired_meanwhile_comes_back(self):
        self.learn_that_ipv6_is_dropped()
        self._stop(self.broker)
        self.lab.clear()
        self.broker = self.start_broker(*self.flags)
        self.assertTrue(eventually(lambda: self.tried() == [V6], 3 * PATIENCE))

    def test_without_a_file_nothing_survives(self):
        self.learn_that_ipv6_is_dropped()
        self.restart()
        self.assertEqual(self.tried()[0], V6)

    def test_a_damaged_file_is_kept_aside(self):
        self.learn_that_ipv6_is_dropped()
        self._stop(self.broker)

        def damage(octets):
            octets[len(octets) // 2] ^= 1

        self.expect_refusal(self.change_file(damage), "checksum")

    def test_a_truncated_file_is_kept_aside(self):
        self.learn_that_ipv6_is_dropped()
        self._stop(self.broker)

        def truncate(octets):
            del octets[len(octets) // 2:]

        self.expect_refusal(self.change_file(truncate), "checksum")

    def test_a_file_of_a_newer_version_is_kept_aside(self):
        self.learn_that_ipv6_is_dropped()
        self._stop(self.broker)

        def renew(octets):
            octets[8] = 200

        self.expect_refusal(self.change_file(renew), "version 200")

    def test_a_directory_that_cannot_be_written_is_an_error_at_the_start(self):
        directory = os.path.join(self.lab.state, "read-only")
        os.makedirs(directory, exist_ok=True)
        # Not even root writes there; `ip netns exec` gave the process mounts of its own.
        script = 'mount -t tmpfs -o ro none "$1" && exec "$2" --listen "unix:$3" --admin off --history-file "$1/memory"'
        started = self.lab.run("client", ["sh", "-c", script, "sh", directory, program("flowbrokerd"), f"{directory}.sock"],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=3 * PATIENCE)
        self.assertEqual(started.returncode, 1, started.stderr)
        self.assertRegex(started.stderr, f"history-file: cannot create {directory}/memory.new.[0-9]+: Read-only file system")

    def test_a_disk_that_fails_later_stops_nothing(self):
        self._stop(self.broker)
        directory = os.path.join(self.lab.state, "vanishing")
        os.makedirs(directory, exist_ok=True)
        self.broker = self.start_broker("--history-file", f"{directory}/memory", "--history-save-interval", "100ms")
        os.rename(directory, f"{directory}-gone")
        self.assertTrue(eventually(lambda: "history_not_written" in self.broker.said()), self.broker.said())
        self.assertEqual(self.tried(), [V6])


if __name__ == "__main__":
    main()
