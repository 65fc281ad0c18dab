"""Modes that work in a root that stays: --init, --install, --chroot, --shell, --copyin, --copyout, and an SRPM or a
build after them."""

import os
import socket
import subprocess

from building_fixture import Building

QUOTA = "config_opts['coppice_disk_quota_bytes'] = 300_000_000"


class KeptRoot(Building):
    def setUp(self):
        self.kept = self.config("kept", extra=f"{QUOTA}\n{self.addons('addon')}")
        self.addCleanup(self.mock, "--clean", config=self.kept)

    def in_root(self, *arguments, **options):
        done = self.mock(*arguments, config=self.kept, **options)
        return done.returncode, done.stdout

    def inside(self, *command):
        """What a command in the root says, last line first."""
        done = self.mock("--quiet", *command, config=self.kept)
        self.assertEqual(done.returncode, 0, done.stderr + done.stdout)
        return done.stdout

    def test_a_root_stays_from_command_to_command_and_clean_ends_it(self):
        self.assertEqual(self.in_root("--init")[0], 0)
        self.assertEqual(self.inside("--chroot", "echo kept > /var/mark"), "")
        self.assertEqual(self.inside("--chroot", "--", "cat", "/var/mark"), "kept\n")
        self.assertEqual(self.in_root("--clean")[0], 0)
        self.assert_nothing_left()
        self.assertEqual(self.in_root("--chroot", "test ! -e /var/mark")[0], 0)
        self.assertEqual(self.in_root("--init")[0], 0)
        self.assertEqual(self.in_root("--scrub=chroot")[0], 0)
        self.assert_nothing_left()

    def test_a_command_is_root_or_the_build_user_in_a_folder_and_its_exit_code_is_mocks(self):
        self.assertEqual(self.inside("--chroot", "id -u; pwd; echo $HOME"), "0\n/\n/builddir\n")
        self.assertEqual(self.inside("--unpriv", "--cwd", "/usr/bin", "--chroot", "id -u; pwd"), "61000\n/usr/bin\n")
        self.assertEqual(self.inside("--shell", "id -u;", "pwd"), "0\n/builddir\n")
        self.assertEqual(self.inside("--chroot", "--", "printf", "%s|", "-r", "a b", "--init"), "-r|a b|--init|")
        self.assertEqual(self.in_root("--chroot", "exit 17")[0], 17)
        self.assertEqual(self.in_root("--chroot", "no-such-program")[0], 127)
        self.assertEqual(self.in_root("--chroot")[0], 50)
        self.assertIn("no-such-program", self.log("root.log"))

    def test_packages_are_installed_and_missing_ones_are_30(self):
        self.assertEqual(self.in_root("--init")[0], 0)
        self.assertNotEqual(self.in_root("--chroot", "rpm -q addon")[0], 0)
        self.assertEqual(self.in_root("--install", "addon")[0], 0)
        self.assertEqual(self.in_root("--chroot", "rpm -q addon")[0], 0)
        self.assertEqual(self.in_root("--install", "no-such-package")[0], 30)

    def test_root_in_the_chroot_can_own_files_but_not_mount_trace_or_make_devices(self):
        said = self.inside(
            "--chroot",
            "touch /x && chown 12:34 /x && stat -c %u:%g /x; mount -t tmpfs none /mnt || echo NO MOUNT; mknod /disk b 8 0 || echo NO DEVICE; "
            "echo /x > /proc/sys/kernel/core_pattern || echo NO SYSCTL; chmod 600 /dev/null || echo NO CHMOD; echo b > /proc/sysrq-trigger || echo NO SYSRQ; "
            "ls -d /proc/[0-9]* | wc -l; echo discarded > /dev/null && echo NULL WORKS",
        )
        for line in ("12:34", "NO MOUNT", "NO DEVICE", "NO SYSCTL", "NO CHMOD", "NO SYSRQ", "NULL WORKS"):
            self.assertIn(f"{line}\n", said)
        self.assertEqual(os.stat("/dev/null").st_mode & 0o777, 0o666)

    def test_the_network_is_off_unless_asked_for(self):
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen()
            call = f"import socket\nsocket.create_connection(('127.0.0.1', {listener.getsockname()[1]}), 5)"
            for user in ((), ("--unpriv",)):
                self.assertEqual(self.in_root(*user, "--chroot", "--", "python3", "-c", call)[0], 1)
                self.assertEqual(self.in_root(*user, "--enable-network", "--chroot", "--", "python3", "-c", call)[0], 0)

    def test_files_and_folders_go_in_and_out(self):
        tree = self.folder / "tree"
        (tree / "deep").mkdir(parents=True)
        (tree / "deep/one.txt").write_text("one")
        (tree / "run.sh").write_text("#!/bin/sh\necho ran $(cat deep/one.txt)\n")
        (tree / "run.sh").chmod(0o755)
        self.assertEqual(self.in_root("--copyin", tree, "/builddir/tree")[0], 0)
        self.assertEqual(
            self.inside("--unpriv", "--cwd", "/builddir/tree", "--chroot", "./run.sh; touch made"), "ran one\n"
        )
        self.assertEqual(self.in_root("--copyin", tree / "run.sh", tree / "deep/one.txt", "/etc")[0], 0)
        self.assertEqual(self.inside("--chroot", "stat -c %u:%a /etc/run.sh /etc/one.txt"), "0:755\n0:644\n")
        out = self.folder / "out"
        out.mkdir()
        self.assertEqual(self.in_root("--copyout", "~/tree/*", "/etc/one.txt", out)[0], 0)
        self.assertEqual(sorted(os.listdir(out)), ["deep", "made", "one.txt", "run.sh"])
        self.assertEqual((out / "deep/one.txt").read_text(), "one")
        self.assertEqual(self.in_root("--copyout", "/etc/one.txt", self.folder / "renamed")[0], 0)
        self.assertEqual((self.folder / "renamed").read_text(), "one")
        for wrong in (
            ("--copyout", "/no/such", out),
            ("--copyin", "/no/such", "/"),
            ("--copyin", tree, tree / "run.sh", "/new"),
            ("--copyin", tree),
        ):
            self.assertEqual(self.in_root(*wrong)[0], 50, wrong)

    def test_links_in_the_chroot_lead_nowhere_else(self):
        secret = self.folder / "host-secret"
        secret.write_text("host secret")
        victim = self.folder / "victim"
        victim.mkdir()
        self.inside(
            "--chroot",
            f"ln -s {secret} /stolen; ln -s {victim} /door; mkdir /box; ln -s {secret} /box/link; mkfifo /box/pipe",
        )
        out = self.folder / "stolen-out"
        self.assertEqual(self.in_root("--copyout", "/stolen", out)[0], 50)
        self.assertFalse(out.exists())
        self.assertNotEqual(self.in_root("--copyin", secret, "/door/planted")[0], 0)
        self.assertEqual(os.listdir(victim), [])
        self.assertEqual(self.in_root("--copyout", "/box", out)[0], 0)
        self.assertEqual(os.listdir(out), ["link"])
        self.assertTrue((out / "link").is_symlink())

    def test_a_prepared_root_makes_an_srpm_and_builds_it_without_being_made_anew(self):
        self.assertEqual(self.in_root("--init")[0], 0)
        self.assertEqual(
            self.in_root(
                "--chroot",
                "echo '%from_the_root yes' > /etc/rpm/macros.test; echo stale > /builddir/build/SRPMS/old-1-1.src.rpm",
            )[0],
            0,
        )
        spec = self.spec(
            "asks",
            head="%{?from_the_root:Source0: data.txt}",
            build="test %{from_the_root} = yes",
            install="",
            check="true",
            files="",
        )
        sources = self.folder / "asks-sources"
        sources.mkdir()
        (sources / "data.txt").write_text("data")
        keep = ("--no-clean", "--no-cleanup-after")
        self.assertEqual(self.in_root("--buildsrpm", "--spec", spec, "--sources", sources, *keep, results="asks")[0], 0)
        srpm = self.folder / "asks/asks-1-1.sap12.src.rpm"
        self.assertEqual(sorted(path.name for path in (self.folder / "asks").glob("*.rpm")), [srpm.name])
        listed = subprocess.run(["rpm", "-qlp", srpm], check=True, capture_output=True, text=True).stdout
        self.assertEqual(sorted(listed.split()), ["asks.spec", "data.txt"])
        self.assertEqual(self.in_root("--rebuild", srpm, *keep, results="built")[0], 0)
        self.assertEqual(self.in_root("--rebuild", srpm, "--no-clean", results="built")[0], 0)
        self.assertEqual(
            self.in_root("--rebuild", srpm, results="built")[0],
            1,
            "cleaned up after the one before, and the macro with it",
        )

    def test_installed_requirements_stay(self):
        needs = self.srpm("needs", head="BuildRequires: addon", build="true", install="", check="true", files="")
        self.assertEqual(self.in_root("--installdeps", needs)[0], 0)
        self.assertEqual(self.in_root("--chroot", "rpm -q addon")[0], 0)


class WithoutResultFolder(Building):
    def test_logs_lie_in_the_roots_own_folder_and_keep_it(self):
        done = subprocess.run(
            [str(part) for part in self.command("--init")[:3] + ["--init"]], capture_output=True, text=True
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue((self.folder / "lib/build/result/state.log").is_file())
        self.assertEqual(self.mock("--clean").returncode, 0)
        self.assertEqual(sorted(os.listdir(self.folder / "lib/build")), ["result"])


if __name__ == "__main__":
    import unittest

    unittest.main()
