"""However a build is ended, nothing of it stays: no process, no mount, no root."""
import os
import signal
import subprocess
import time
import unittest

from building_fixture import Building


def wait_until(condition, what, seconds=60):
    """Polls until `condition()`; fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds} s for {what}")
        time.sleep(0.05)


class Ending(Building):
    def setUp(self):
        # the second one has left its session and ignores signals: only the kernel's end of the namespace takes it along
        build = "(trap '' TERM INT HUP; setsid sleep 1h) & echo WAITING; sleep 1h"
        self.waits = self.srpm("waits", build=build, install="", check="true", files="")

    def start(self, *arguments, **options):
        log = self.folder / "results/build.log"
        log.unlink(missing_ok=True)
        process = subprocess.Popen(
            self.command("--rebuild", self.waits, *arguments, config=self.config()),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            **options,
        )
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        wait_until(lambda: log.exists() and "\nWAITING\n" in log.read_text(), "the build to run")
        return process

    def test_a_timeout_is_11(self):
        done = self.mock("--rebuild", self.waits, "--rpmbuild_timeout", 3)
        self.assertEqual(done.returncode, 11, done.stderr)
        self.assertIn("\nWAITING\n", self.log("build.log"))
        self.assertIn("Timeout(3) expired", done.stderr)
        self.assert_nothing_left()

    def test_sigterm_and_sigint_are_143(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(number):
                process = self.start()
                process.send_signal(number)
                self.assertEqual(process.wait(30), 143)
                self.assert_nothing_left()

    def test_a_second_build_in_the_same_root_is_60_and_the_first_goes_on(self):
        process = self.start()
        second = self.mock("--rebuild", self.waits, results="second")
        self.assertEqual((second.returncode, "locked" in second.stderr), (60, True))
        self.assertIsNone(process.poll())
        other = self.mock("--rebuild", self.srpm("tool"), "--uniqueext", "other", results="other")
        self.assertEqual(other.returncode, 0, other.stderr)
        process.terminate()
        self.assertEqual(process.wait(30), 143)
        self.assert_nothing_left()

    def test_when_mock_itself_is_killed_the_build_ends_and_the_next_one_cleans_up(self):
        process = self.start()
        process.kill()
        process.wait(30)

        def gone():
            return not any("/build/root" in mounts for mounts in self.mounts_of_all())

        wait_until(gone, "the kernel to end the build", 30)
        self.assertEqual(self.mock("--rebuild", self.srpm("tool")).returncode, 0)
        self.assert_nothing_left()

    def mounts_of_all(self):
        for name in os.listdir("/proc"):
            if name.isdigit():
                try:
                    with open(f"/proc/{name}/mounts") as file:
                        yield "".join(line for line in file if str(self.folder) in line)
                except OSError:
                    continue

    def test_the_end_of_the_lifeline_ends_the_build(self):
        process = self.start(stdin=subprocess.DEVNULL)  # without --lifeline its end means nothing
        self.assertIsNone(process.poll())
        process.terminate()
        process.wait(30)
        reader, writer = os.pipe()
        (self.folder / "results/build.log").unlink()
        command = self.command("--rebuild", self.waits)
        held = subprocess.Popen(
            [command[0], "--lifeline", *command[1:]], stdin=reader, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self.addCleanup(held.kill)
        os.close(reader)
        log = self.folder / "results/build.log"
        wait_until(lambda: log.exists() and "\nWAITING\n" in log.read_text(), "the build to run")
        os.close(writer)
        self.assertEqual(held.wait(30), 143)
        self.assert_nothing_left()


if __name__ == "__main__":
    unittest.main()
