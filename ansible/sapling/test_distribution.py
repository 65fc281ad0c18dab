"""Rules of the repackaging, and the distribution itself as real dnf installs it."""
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from distribution import content, repackage  # noqa: E402


class Rules(unittest.TestCase):
    def test_debian_versions_become_rpm_versions(self):
        for debian, expected in (
            ("12.2.0-14+deb12u1", ("12.2.0", "14+deb12u1.sap12")),
            ("2:6.2.1+dfsg1-1.1", ("6.2.1+dfsg1", "1.1.sap12")),
            ("1.6-2-3", ("1.6_2", "3.sap12")),
            ("37~deb12u1", ("37~deb12u1", "1.sap12")),
            ("1:9", ("9", "1.sap12")),
        ):
            with self.subTest(debian):
                self.assertEqual(repackage.rpm_version(debian), expected)

    def test_of_alternatives_the_first_that_exists_is_required(self):
        self.assertEqual(
            repackage.requirements("libc6 (>= 2.34), gone | perl:any, dpkg, libc6", {"libc6", "perl"}),
            ["libc6", "perl"],
        )

    def test_old_folders_lie_below_usr(self):
        self.assertEqual(
            [
                repackage.merged_path(path)
                for path in ("./bin/sh", "./lib64/ld.so", "./etc/x", "./usr/bin/", "./library")
            ],
            ["usr/bin/sh", "usr/lib64/ld.so", "etc/x", "usr/bin", "library"],
        )

    def test_globs_in_file_names_are_harmless(self):
        self.assertEqual(repackage.spec_path("usr/bin/["), '"/usr/bin/[[]"')
        self.assertEqual(repackage.spec_path("usr/share/100% *"), '"/usr/share/100%% [*]"')

    def test_the_build_group_holds_only_what_is_made(self):
        self.assertLessEqual(set(content.BUILD_GROUP), {*content.WANTED, *repackage.OWN_PACKAGES})


class Made(unittest.TestCase):
    """The distribution in the folder COPPICE_SAPLING, installed into an empty root."""

    @classmethod
    def setUpClass(cls):
        made = os.environ.get("COPPICE_SAPLING")
        if not made or not Path(made, "repodata/repomd.xml").is_file():
            raise AssertionError(
                "these tests install the distribution: set COPPICE_SAPLING to a folder made by make-sapling"
            )
        cls.made = Path(made).resolve()
        temporary = tempfile.TemporaryDirectory(prefix="sapling-test-")
        cls.addClassCleanup(temporary.cleanup)
        cls.root = Path(temporary.name, "root")
        cls.home = Path(temporary.name, "home")
        cls.home.mkdir()
        (cls.home / ".rpmmacros").write_text("%_dbpath /var/lib/rpm\n")
        conf = cls.home / "dnf.conf"
        conf.write_text(
            f"[main]\nreposdir=/dev/null\ncachedir={cls.home}/cache\nlogdir={cls.home}\ngpgcheck=0\n[sapling]\nname=Sapling\nbaseurl=file://{cls.made}\n"
        )
        cls.conf = conf
        cls.said = cls.install(cls.root, "@buildsys-build")

    @classmethod
    def install(cls, root, what):
        """What dnf said. Raises AssertionError with it if it fails."""
        done = subprocess.run(
            [
                "dnf",
                "-q",
                "-y",
                "-c",
                cls.conf,
                "--disableplugin=*",
                f"--installroot={root}",
                "--releasever=12",
                "install",
                what,
            ],
            env={**os.environ, "HOME": str(cls.home)},
            capture_output=True,
            text=True,
        )
        if done.returncode != 0:
            raise AssertionError(f"dnf does not install it:\n{done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    def inside(self, script):
        """Output of a shell script run in the root. Raises AssertionError with all that it said if it fails."""
        done = subprocess.run(
            [
                "unshare",
                "--mount",
                "--pid",
                "--fork",
                "--kill-child",
                "--mount-proc",
                "--net",
                f"--root={self.root}",
                "/bin/sh",
                "-euc",
                script,
            ],
            env={"PATH": "/usr/bin:/usr/sbin", "HOME": "/root", "LC_ALL": "C.UTF-8"},
            capture_output=True,
            text=True,
        )
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout.strip()

    def test_scriptlets_had_nothing_to_complain_about(self):
        self.assertNotRegex(self.said, "(?i)scriptlet|error:|warning:")

    def test_it_says_what_it_is(self):
        self.assertEqual(
            self.inside(
                ". /etc/os-release; echo $ID $VERSION_ID; cat /etc/system-release; rpm -q --whatprovides 'system-release(12)'"
            ),
            "sapling 12\nSapling release 12\nsapling-release-12-1.sap12.x86_64",
        )

    def test_its_programs_run(self):
        for program in (
            "gcc",
            "g++",
            "cc",
            "c++",
            "make",
            "awk",
            "rpmbuild",
            "python3",
            "perl",
            "patch",
            "pkg-config",
            "file",
            "tar",
            "gzip",
            "bzip2",
            "xz",
            "zstd",
            "cpio",
            "sed",
            "find",
            "diff",
            "grep",
            "ps",
            "hostname",
            "find-debuginfo",
            "ld",
        ):
            with self.subTest(program):
                self.inside(f"{program} --version > /dev/null")
        self.assertEqual(self.inside("sh -c 'echo $BASH_VERSION' | cut -d. -f1"), "5")
        self.assertEqual(self.inside("id -un; getent passwd nobody | cut -d: -f3"), "root\n65534")

    def test_what_is_compiled_in_it_runs_with_libraries_of_usr_lib64(self):
        self.inside(
            "cd /tmp; echo 'int f(void) { return 0; }' > f.c; gcc -shared -fPIC -Wl,-soname,libf.so.1 -o /usr/lib64/libf.so.1 f.c; ln -s libf.so.1 /usr/lib64/libf.so;"
            "ldconfig; echo 'int f(void); int main() { return f(); }' > m.cc; sed -i 's/int f/extern \"C\" int f/' m.cc; g++ -o m m.cc -lf; ./m; rm /usr/lib64/libf.so*; ldconfig"
        )

    def test_the_loader_cache_was_made_by_the_installation(self):
        self.assertIn("libz.so.1", self.inside("ldconfig -p"))

    def test_a_small_root_gets_a_loader_cache_too(self):
        with tempfile.TemporaryDirectory(prefix="sapling-test-") as small:
            self.install(Path(small, "root"), "zlib1g")
            self.assertIn(b"libz.so.1", Path(small, "root/etc/ld.so.cache").read_bytes())

    def test_its_macros_are_those_of_an_rpm_distribution(self):
        self.assertEqual(
            self.inside("rpm --eval '%dist %_libdir %_dbpath %{?_vendor}'"), ".sap12 /usr/lib64 /var/lib/rpm sapling"
        )
        self.assertIn("-fstack-protector-strong", self.inside("rpm --eval '%optflags'"))
        self.assertIn("--libdir=/usr/lib64", self.inside("rpm --eval %configure"))

    def test_names_of_the_rpm_world_are_provided(self):
        for name in (
            "gcc-c++",
            "glibc-devel",
            "rpm-build",
            "zlib-devel",
            "redhat-rpm-config",
            "system-release",
            "pkgconfig(zlib)",
            "/bin/sh",
            "/usr/bin/python3",
            "rtld(GNU_HASH)",
            "libc.so.6(GLIBC_2.34)(64bit)",
            "libz.so.1()(64bit)",
            "procps-ng",
            "xz",
        ):
            with self.subTest(name):
                self.inside(f"rpm -q --whatprovides '{name}'")

    def test_packages_agree_with_their_files(self):
        changed = [line for line in self.inside("rpm -Va --nomtime || true").splitlines() if " c " not in line]
        self.assertEqual(
            [
                line
                for line in changed
                if "/dev" not in line and "/proc" not in line and not line.endswith((" /etc/mtab", " /tmp", " /root"))
            ],
            [],
        )


class Stamp(unittest.TestCase):
    def test_a_second_call_touches_nothing(self):
        made, cache = os.environ.get("COPPICE_SAPLING"), os.environ.get("COPPICE_SAPLING_CACHE")
        if not made or not cache:
            raise AssertionError(
                "set COPPICE_SAPLING and COPPICE_SAPLING_CACHE to the --output and --cache of a make-sapling run"
            )
        before = Path(made, "repodata/repomd.xml").stat()
        done = subprocess.run(
            [HERE / "make-sapling", "--output", made, "--cache", cache], capture_output=True, text=True
        )
        self.assertEqual((done.returncode, "up to date" in done.stdout), (0, True), done.stdout + done.stderr)
        after = Path(made, "repodata/repomd.xml").stat()
        self.assertEqual((before.st_ino, before.st_mtime_ns), (after.st_ino, after.st_mtime_ns))

    def test_a_missing_tool_is_named_with_its_package(self):
        with tempfile.TemporaryDirectory() as empty:
            done = subprocess.run(
                [sys.executable, HERE / "make-sapling", "--output", f"{empty}/out", "--cache", f"{empty}/cache"],
                env={"PATH": empty},
                capture_output=True,
                text=True,
            )
        self.assertEqual(done.returncode, 1)
        self.assertIn("createrepo_c", done.stderr)
        self.assertIn("apt-get install --no-install-recommends", done.stderr)


if __name__ == "__main__":
    unittest.main()
