"""Real builds in real chroots: what comes out, and which exit code tells what went wrong."""
import os
import re
import shutil
import socket
import subprocess
import unittest
from pathlib import Path

from building_fixture import CACHE, EXAMPLE, Building

GREET = {
    "head": "%package devel\nSummary: Headers\nRequires: %{name} = %{version}-%{release}\n%description devel\nHeaders.",
    "build": "echo 'int greet(void) { return 7; }' > greet.c\ngcc %{optflags} -shared -fPIC -Wl,-soname,libgreet.so.1 -o libgreet.so.1 greet.c\necho 'int greet(void);' > greet.h",
    "install": "install -D libgreet.so.1 %{buildroot}%{_libdir}/libgreet.so.1\nln -s libgreet.so.1 %{buildroot}%{_libdir}/libgreet.so\n"
    "install -Dm644 greet.h %{buildroot}%{_includedir}/greet.h",
    "check": "true",
    "files": "%{_libdir}/libgreet.so.1\n%files devel\n%{_libdir}/libgreet.so\n%{_includedir}/greet.h",
}
GREETER = {
    "head": "BuildRequires: gcc, greet-devel",
    "build": "printf '#include <greet.h>\\nint main(void) { return greet() - 7; }\\n' > greeter.c\ngcc %{optflags} -o greeter greeter.c -lgreet",
}


class GoodBuilds(Building):
    def test_an_srpm_becomes_rpms_and_logs(self):
        done = self.mock("--rebuild", self.srpm("tool"), results="good")
        self.assertEqual(done.returncode, 0, done.stderr)
        names = sorted(os.listdir(self.folder / "good"))
        self.assertEqual(
            [name for name in names if name.endswith(".rpm")], ["tool-1-1.sap12.src.rpm", "tool-1-1.sap12.x86_64.rpm"]
        )
        header = subprocess.run(
            [
                "rpm",
                "-qp",
                "--qf",
                "%{NAME} %{ARCH} %{VENDOR} %{BUILDHOST} [%{REQUIRENAME} ]",
                self.folder / "good/tool-1-1.sap12.x86_64.rpm",
            ],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        self.assertRegex(header, r"^tool x86_64 Sapling localhost .*libc\.so\.6\(\)\(64bit\)")
        self.assertIn("Executing(%check)", self.log("build.log", "good"))
        self.assertRegex(self.log("installed_pkgs.log", "good"), r"(?m)^gcc-12\S*\.x86_64 \d+ \d+ [0-9a-f]{32} installed$")
        self.assertIn("Kernel: ", self.log("hw_info.log", "good"))
        states = [line.split(" - ", 1)[1] for line in self.log("state.log", "good").splitlines()]
        phases = [
            f"build phase for {'tool-1-1.sap12.src.rpm'}",
            "build setup for tool-1-1.sap12.src.rpm",
            "rpmbuild tool-1-1.sap12.src.rpm",
        ]
        for phase in ("run", "clean chroot", "chroot init", *phases):
            self.assertEqual((states.count(f"Start: {phase}"), states.count(f"Finish: {phase}")), (1, 1), phase)
        self.assertIn("Start: rpmbuild tool-1-1.sap12.src.rpm", done.stdout)
        self.assert_nothing_left()

    def test_a_spec_becomes_an_srpm(self):
        spec = self.spec("tool", head="Source0: data.txt\nSource1: tool.sh")
        sources = self.folder / "sources"
        sources.mkdir()
        (sources / "data.txt").write_text("data")
        (sources / "data.txt").chmod(0o666)
        (sources / "tool.sh").write_text("#!/bin/sh\n")
        (sources / "tool.sh").chmod(0o6700)
        done = self.mock("--buildsrpm", "--spec", spec, "--sources", sources, results="srpm-results")
        self.assertEqual(done.returncode, 0, done.stderr)
        form = "[%{FILENAMES} %{FILEMODES:perms}\n]"
        listed = subprocess.run(
            ["rpm", "-qp", "--qf", form, self.folder / "srpm-results/tool-1-1.sap12.src.rpm"],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        modes = ["data.txt -rw-r--r--", "tool.sh -rwxr-xr-x", "tool.spec -rw-r--r--"]
        self.assertEqual(sorted(listed.splitlines()), modes)
        self.assert_nothing_left()

    def test_the_spec_is_the_one_that_rpm_flags_not_a_source_of_such_a_name(self):
        self.spec("another")
        self.spec("xother")
        srpm = self.srpm("tool", head="Source0: another.spec\nSource1: xother.spec")
        done = self.mock("--rebuild", srpm, results="two-specs")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("tool-1-1.sap12.x86_64.rpm", os.listdir(self.folder / "two-specs"))

    def test_macros_reach_the_build(self):
        asks = "test '%{colour}' = 'dark green' && test '%{shape}' = round && test %{_with_extra} = --with-extra"
        done = self.mock(
            "--rebuild",
            self.srpm("asks", build=asks, install="", check="exit 1", files=""),
            "-D",
            "colour dark green",
            "--with",
            "extra",
            "--nocheck",
            config=self.config(extra="config_opts['macros']['%shape'] = 'round'"),
        )
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_macros_of_a_file_reach_the_build_and_do_not_move_it(self):
        macros = self.folder / "macros"
        macros.write_text("%colour dark {{ green }}\n%_with_extra --with-extra\n%_topdir /elsewhere\n")
        asks = self.srpm(
            "asks",
            build="test '%{colour}' = 'dark {{ green }}' && test %{_with_extra} = --with-extra",
            install="",
            check="true",
            files="",
        )
        done = self.mock("--rebuild", asks, config=self.config(extra=f"config_opts['macrofile'] = '{macros}'"))
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_additional_packages_are_installed_from_all_repositories(self):
        self.assertEqual(
            self.mock("--chain", "--localrepo", self.folder / "more", self.srpm("greet", **GREET)).returncode, 0
        )
        repository = (
            f"config_opts['dnf.conf'] += '\\n[project]\\nname=p\\nbaseurl=file://{self.folder}/more/results/build\\n'\n"
        )
        asks = self.srpm("asks", build="test -e /usr/include/greet.h", install="", check="true", files="")
        self.assertEqual(self.mock("--rebuild", asks, config=self.config(extra=repository)).returncode, 1)
        more = f"{repository}config_opts['chroot_additional_packages'] = 'greet-devel'"
        self.assertEqual(
            self.mock("--rebuild", asks, config=self.config(extra=more)).returncode, 0, self.log("build.log")
        )
        missing = self.mock(
            "--rebuild", asks, config=self.config(extra="config_opts['chroot_additional_packages'] = 'no-such-package'")
        )
        self.assertEqual((missing.returncode, "no-such-package" in missing.stderr), (30, True))

    def test_a_chain_in_the_wrong_order_ends_well_with_recurse(self):
        done = self.mock(
            "--chain",
            "--recurse",
            "--localrepo",
            self.folder / "local",
            self.srpm("greeter", **GREETER),
            self.srpm("greet", **GREET),
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        results = self.folder / "local/results/build"
        self.assertTrue((results / "greeter-1-1.sap12/success").is_file())
        self.assertFalse((results / "greeter-1-1.sap12/fail").exists())
        self.assertTrue((results / "greet-1-1.sap12/greet-devel-1-1.sap12.x86_64.rpm").is_file())
        self.assert_nothing_left()

    def test_a_chain_in_the_wrong_order_fails_without_recurse(self):
        done = self.mock(
            "--chain",
            "--localrepo",
            self.folder / "straight",
            self.srpm("greeter", **GREETER),
            self.srpm("greet", **GREET),
        )
        self.assertEqual(done.returncode, 4, done.stderr)
        self.assertTrue((self.folder / "straight/results/build/greeter-1-1.sap12/fail").is_file())

    def test_generated_requirements_are_installed(self):
        self.assertEqual(
            self.mock("--chain", "--localrepo", self.folder / "first", self.srpm("greet", **GREET)).returncode, 0
        )
        repository = (
            f"config_opts['dnf.conf'] += '\\n[project]\\nname=p\\nbaseurl=file://{self.folder}/first/results/build\\n'"
        )
        generates = self.srpm(
            "generates",
            **{
                **GREETER,
                "head": "%generate_buildrequires\necho greet-devel",
                "build": f"{GREETER['build']}\ncp greeter generates",
            },
        )
        self.assertEqual(
            self.mock("--rebuild", generates, config=self.config(extra=repository)).returncode, 0, self.log("build.log")
        )
        self.assertRegex(self.log("installed_pkgs.log"), "(?m)^greet-devel-1-1")

    def test_a_root_can_be_kept_and_used_again(self):
        config = self.config("kept")
        self.assertEqual(self.mock("--init", config=config).returncode, 0)
        self.assertTrue((self.folder / "lib/kept").is_dir())
        marks = self.srpm("marks", build="echo mark > /var/tmp/mark", install="", check="true", files="")
        self.assertEqual(self.mock("--rebuild", marks, "--no-clean", "--no-cleanup-after", config=config).returncode, 0)
        reads = self.srpm("reads", build="test -e /var/tmp/mark", install="", check="true", files="")
        self.assertEqual(self.mock("--rebuild", reads, "--no-clean", "--no-cleanup-after", config=config).returncode, 0)
        self.assertEqual(self.mock("--clean", config=config).returncode, 0)
        self.assert_nothing_left()
        self.assertEqual(self.mock("--rebuild", reads, config=config).returncode, 1)


class LentBases(Building):
    """A machine may lend its builders the base roots that it keeps: mounted among their own, for reading alone."""

    def test_a_base_that_can_only_be_read_serves_and_is_not_forgotten_while_old_ones_are(self):
        self.assertEqual(self.mock("--init", results="made").returncode, 0)
        cache = Path(CACHE.name, "mock-lite")
        base = cache / (self.folder / "lib/build/base").read_text()
        self.assertEqual(self.mock("--clean").returncode, 0)
        lent, own = cache / "base-1ent", [cache / f"base-own{number}" for number in range(4)]
        for age, path in enumerate([*own, lent]):
            path.mkdir()
            self.addCleanup(shutil.rmtree, path, ignore_errors=True)
            os.utime(path, (age, age))
        script = 'set -eu; for base in "$1" "$2"; do mount --bind "$base" "$base"; mount -o remount,bind,ro "$base"; done; shift 2; exec "$@"'
        command = [
            "unshare",
            "--mount",
            "--propagation=private",
            "sh",
            "-c",
            script,
            "script",
            str(base),
            str(lent),
            *self.command("--init", results="lent"),
        ]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn("dnf install", self.log("state.log", "lent"))
        self.assertTrue((base / "usr/bin/gcc").exists())
        self.assertEqual([path.name for path in [lent, *own] if path.exists()], ["base-1ent", "base-own2", "base-own3"])
        self.assertEqual(self.mock("--clean").returncode, 0)
        self.assert_nothing_left()


class OnAnOverlay(Building):
    """A builder may itself be an overlay of a host's root: no second one can be laid on it."""

    def test_the_base_is_copied_where_no_overlay_can_be_laid(self):
        scratch = self.folder / "scratch"
        scratch.mkdir()
        (self.folder / "lib").mkdir(exist_ok=True)
        script = (
            'set -eu; scratch=$1; lib=$2; shift 2; mount -t tmpfs tmpfs "$scratch"; mkdir "$scratch/upper" "$scratch/work"\n'
            'mount -t overlay overlay -o "lowerdir=$lib,upperdir=$scratch/upper,workdir=$scratch/work" "$lib"; exec "$@"'
        )
        command = self.command("--rebuild", self.srpm("tool"), results="copied")
        done = subprocess.run(
            [
                "unshare",
                "--mount",
                "--propagation=private",
                "sh",
                "-c",
                script,
                "script",
                str(scratch),
                str(self.folder / "lib"),
                *command,
            ],
            capture_output=True,
            text=True,
            timeout=120,
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("copying the base", self.log("root.log", "copied"))
        self.assertIn("tool-1-1.sap12.x86_64.rpm", os.listdir(self.folder / "copied"))
        self.assert_nothing_left()


class FailingBuilds(Building):
    def test_a_failing_check_is_1(self):
        done = self.mock("--rebuild", self.srpm("tool", check="echo no good; exit 3"))
        self.assertEqual(done.returncode, 1)
        self.assertRegex(self.log("build.log"), "no good\n(?s:.*)Bad exit status from .* \\(%check\\)")
        self.assertNotIn("tool-1-1.sap12.x86_64.rpm", os.listdir(self.folder / "results"))
        self.assert_nothing_left()

    def test_unmet_requirements_are_30_and_named(self):
        done = self.mock("--rebuild", self.srpm("tool", head="BuildRequires: no-such-thing >= 2"))
        self.assertEqual(done.returncode, 30)
        self.assertIn("no-such-thing", self.log("root.log"))
        self.assertIn("no-such-thing", done.stderr)
        self.assert_nothing_left()

    def test_a_dead_repository_is_30(self):
        dead = (
            "config_opts['dnf.conf'] += '''\n[dead]\nname=dead\nbaseurl=http://127.0.0.1:1/\nskip_if_unavailable=0\n'''"
        )
        self.assertEqual(self.mock("--rebuild", self.srpm("tool"), config=self.config(extra=dead)).returncode, 30)
        self.assertIn("dead", self.log("root.log"))

    def test_what_is_no_srpm_is_1(self):
        bad = self.folder / "bad.src.rpm"
        bad.write_text("not an rpm")
        self.assertEqual(self.mock("--rebuild", bad).returncode, 1)
        self.assertEqual(self.mock("--rebuild", self.folder / "absent.src.rpm").returncode, 1)
        self.assertEqual(self.log("installed_pkgs.log"), "")
        self.assert_nothing_left()

    def test_an_srpm_that_breaks_off_is_40(self):
        (self.folder / "specs").mkdir(exist_ok=True)
        (self.folder / "specs/noise").write_bytes(os.urandom(100_000))
        whole = self.srpm("cut", head="Source0: noise")
        cut = self.folder / "cut.src.rpm"
        cut.write_bytes(whole.read_bytes()[:-60_000])
        self.assertEqual(self.mock("--rebuild", cut).returncode, 40)

    def test_a_bad_config_is_3_and_a_bad_command_line_5(self):
        for done, code, message in (
            (self.mock("--init", config=self.config(extra="nonsense(")), 3, "build.cfg, line"),
            (self.mock("--frobnicate"), 5, "--frobnicate"),
            (self.mock("--init", config=self.folder / "absent.cfg"), 3, "absent.cfg"),
        ):
            self.assertEqual(done.returncode, code)
            self.assertIn(message, done.stderr)

    def test_a_full_disk_quota_fails_the_build_alone(self):
        quota = "config_opts['coppice_disk_quota_bytes'] = {}\n".format
        most = "config_opts['coppice_disk_most_bytes'] = 60_000_000\n"
        for build, extra in (
            ("head -c 200M /dev/zero > big", quota(60_000_000)),
            ("head -c 40M /dev/zero > /dev/shm/big\nhead -c 40M /dev/zero > big", quota(60_000_000)),
            ("head -c 200M /dev/zero > big", quota(1_000_000_000) + most),
        ):
            fills = self.srpm("fills", build=build, install="", check="true", files="")
            done = self.mock("--rebuild", fills, config=self.config(extra=extra))
            self.assertEqual(done.returncode, 1, build)
            self.assertIn("No space left on device", self.log("build.log"))
            self.assert_nothing_left()

    def test_a_build_that_takes_too_much_memory_fails_alone(self):
        takes = self.srpm(
            "takes",
            build="python3 -c 'held = bytearray(600 << 20)'; echo STILL HERE",
            install="",
            check="true",
            files="",
        )
        done = self.mock(
            "--rebuild", takes, config=self.config(extra="config_opts['coppice_memory_bytes'] = 300 << 20")
        )
        self.assertEqual(
            (done.returncode, "MemoryError" in self.log("build.log"), "STILL HERE" in self.log("build.log")),
            (1, True, False),
        )
        self.assertEqual(
            self.mock(
                "--rebuild", takes, config=self.config(extra="config_opts['coppice_memory_bytes'] = 2 << 30")
            ).returncode,
            0,
        )
        self.assert_nothing_left()

    def test_endless_output_is_cut_off(self):
        shouts = self.srpm("shouts", build="yes", install="", check="true", files="")
        done = self.mock(
            "--rebuild", shouts, config=self.config(extra="config_opts['coppice_log_limit_bytes'] = 1_000_000")
        )
        self.assertEqual((done.returncode, "bytes of log" in done.stderr), (1, True))
        self.assertLess((self.folder / "results/build.log").stat().st_size, 1_100_000)
        self.assert_nothing_left()


class Walls(Building):
    """What a build may not reach."""

    def test_the_network_is_cut_off_but_loopback_works(self):
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen()
            script = (
                f"import socket\ntry:\n    socket.create_connection(('127.0.0.1', {listener.getsockname()[1]}), 5)\n    print('REACHED')\n"
                "except OSError as problem:\n    print('CUT OFF', problem)\n"
                "inner = socket.socket()\ninner.bind(('127.0.0.1', 0))\ninner.listen()\nsocket.create_connection(inner.getsockname(), 5)\nprint('LOOPBACK WORKS')\n"
            )
            calls = self.srpm(
                "calls",
                build=f"cat > call.py <<'END'\n{script}END\npython3 call.py",
                install="",
                check="true",
                files="",
            )
            self.assertEqual(self.mock("--rebuild", calls).returncode, 0)
            self.assertIn("CUT OFF", self.log("build.log"))
            self.assertIn("LOOPBACK WORKS", self.log("build.log"))
            self.assertEqual(
                self.mock(
                    "--rebuild", calls, config=self.config(extra="config_opts['rpmbuild_networking'] = True")
                ).returncode,
                0,
            )
            self.assertIn("REACHED", self.log("build.log"))

    def test_a_build_has_no_rights_and_sees_nothing_of_the_host(self):
        secret = self.folder / "secret"
        secret.write_text("host secret")
        secret.chmod(0o600)
        build = (
            f"id -u\ngrep -E 'Cap(Prm|Eff|Bnd)|NoNewPrivs|Seccomp:' /proc/self/status\nls /proc | grep -c '^[0-9]'\ncat {secret} || echo NO SECRET\n"
            "cat /etc/shadow || echo NO SHADOW\nmount -t tmpfs none /mnt || echo NO MOUNT\ntouch /usr/bin/x || echo NO WRITE\nls /dev/vda /dev/sda /dev/mem || echo NO DISK\n"
            "chmod u+s $(cp /usr/bin/id myid && echo myid) && ./myid -u"
        )
        self.assertEqual(
            self.mock("--rebuild", self.srpm("looks", build=build, install="", check="true", files="")).returncode, 0
        )
        log = self.log("build.log")
        self.assertIn("\n61000\n", log)
        for line in (
            "CapPrm:\t0000000000000000",
            "CapEff:\t0000000000000000",
            "CapBnd:\t0000000000000000",
            "NoNewPrivs:\t1",
            "Seccomp:\t2",
            "NO SECRET",
            "NO MOUNT",
            "NO WRITE",
            "NO DISK",
        ):
            self.assertIn(f"\n{line}\n", log)
        self.assertNotIn("host secret", log)

    def test_a_link_among_the_results_is_not_followed(self):
        secret = self.folder / "linked"
        secret.write_text("host secret")
        plants = self.srpm(
            "plants",
            build=f"ln -s {secret} $HOME/build/RPMS/stolen.rpm; ln -s /etc/shadow $HOME/build/SRPMS/shadow.src.rpm",
            install="",
            check="true",
            files="",
        )
        self.assertEqual(self.mock("--rebuild", plants).returncode, 0)
        self.assertFalse(re.search("stolen|shadow", " ".join(os.listdir(self.folder / "results"))))


SCRIPTLET = r"""
tell() { echo "$1 $2: $3" >> /var/scriptlets; }
for name in PORTS; do
  if timeout 5 bash -c "exec 3<>/dev/tcp/127.0.0.1/$name" 2>/dev/null; then tell "$1" network REACHED; else tell "$1" network off; fi
done
tell "$1" processes $(ls -d /proc/[0-9]* | wc -l)
tell "$1" interfaces "$(tail -n +3 /proc/net/dev | cut -d: -f1 | xargs)"
tell "$1" secret "$(cat SECRET 2>/dev/null || echo unseen)"
tell "$1" mounts "$(cut -d" " -f2 /proc/self/mounts | grep -c FOLDER)"
mount -t tmpfs none /mnt 2>/dev/null && tell "$1" mount WORKED
mknod /var/disk b 8 0 2>/dev/null && tell "$1" device MADE
echo /evil > /proc/sys/kernel/core_pattern 2>/dev/null && tell "$1" sysctl WRITTEN
echo planted > /etc/planted-by-scriptlet
true
"""


class Scriptlets(Building):
    """Scripts of packages that a build installs run as root, and come from wherever the project's repositories come
    from."""

    def test_they_work_in_the_chroot_and_reach_neither_network_nor_host(self):
        secret = self.folder / "secret"
        secret.write_text("host secret")
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen()
            listener.settimeout(0.1)
            body = (
                SCRIPTLET.replace("PORTS", str(listener.getsockname()[1]))
                .replace("SECRET", str(secret))
                .replace("FOLDER", str(self.folder))
            )
            escape = r"""
                for i = 1, 40 do posix.chdir("..") end
                local file = io.open("SECRET", "r")
                local out = io.open("/var/scriptlets", "a")
                out:write("lua secret: ", file and file:read("a") or "unseen", "\n")
                local host = io.open("/etc/planted-by-lua", "w") host:write("x") host:close()
                out:close()""".replace("SECRET", str(secret))
            scripts = f"%pre\nset -- pre\n{body}\n%post\nset -- post\n{body}\n%posttrans\nset -- posttrans\n{body}\n%pretrans -p <lua>\n{escape}\n"
            evil = self.srpm("evil", head=scripts, build="", install="", check="true", files="")
            self.assertEqual(self.mock("--chain", "--localrepo", self.folder / "evil", evil).returncode, 0)
            repository = f"config_opts['dnf.conf'] += '\\n[project]\\nname=p\\nbaseurl=file://{self.folder}/evil/results/build\\n'\n"
            asks = self.srpm(
                "asks",
                head="BuildRequires: evil",
                build="cat /var/scriptlets; test -e /etc/planted-by-scriptlet; test -e /etc/planted-by-lua",
                install="",
                check="true",
                files="",
            )
            config = self.config(extra=f"{repository}config_opts['rpmbuild_networking'] = True")
            self.assertEqual(
                self.mock("--rebuild", asks, config=config).returncode, 0, self.log("build.log") + self.log("root.log")
            )
            with self.assertRaises(TimeoutError):
                listener.accept()
        said = self.log("build.log")
        self.assertIn("lua secret: unseen\n", said)
        for script in ("pre", "post", "posttrans"):
            for line in ("network: off", "interfaces: lo", "secret: unseen", "mounts: 0"):
                self.assertIn(f"\n{script} {line}\n", said)
            self.assertLess(int(re.search(f"(?m)^{script} processes: (\\d+)$", said)[1]), 10)
        for bad in ("REACHED", "host secret", "WORKED", "MADE", "WRITTEN"):
            self.assertNotIn(bad, re.sub(r"(?m)^\+.*$", "", said))
        for planted in ("scriptlet", "lua"):
            self.assertFalse(Path(f"/etc/planted-by-{planted}").exists())
        self.assert_nothing_left()

    def test_a_script_that_fails_or_kills_all_it_sees_ends_the_build_alone_with_30(self):
        for name, script, said in (
            ("refuses", "exit 1", "%prein(refuses-1-1"),
            ("kills", "kill -9 -1", "Child return code was: 137"),
        ):
            package = self.srpm(name, head=f"%pre\n{script}", build="", install="", check="true", files="")
            self.assertEqual(self.mock("--chain", "--localrepo", self.folder / name, package).returncode, 0)
            repository = f"config_opts['dnf.conf'] += '\\n[project]\\nname=p\\nbaseurl=file://{self.folder}/{name}/results/build\\n'\n"
            asks = self.srpm("asks", head=f"BuildRequires: {name}", build="", install="", check="true", files="")
            done = self.mock("--rebuild", asks, config=self.config(extra=repository))
            self.assertEqual((done.returncode, said in self.log("root.log")), (30, True), self.log("root.log"))


class Wrapper(Building):
    """/usr/bin/mock, sudo and the sudoers rule as the role installs them, in a mount namespace that sees its own
    /etc and /usr."""

    SETUP = r"""
set -eu
here=$1; scratch=$2; shift 2
mount -t tmpfs tmpfs "$scratch"
for folder in etc usr/bin usr/libexec; do
  mkdir -p "$scratch/$folder.upper" "$scratch/$folder.work"
  mount -t overlay overlay -o "lowerdir=/$folder,upperdir=$scratch/$folder.upper,workdir=$scratch/$folder.work" "/$folder"
done
install -d /usr/libexec/mock-lite
install "$here/mock-lite" /usr/libexec/mock-lite/
cp -R "$here/mocklite" /usr/libexec/mock-lite/
install "$here/mock" /usr/bin/mock
install -m440 "$here/sudoers" /etc/sudoers.d/mock-lite
getent group mock > /dev/null || groupadd --system mock
useradd --no-create-home --groups mock coppice-test
chown coppice-test "$scratch/../wrapped"
exec setpriv --reuid coppice-test --regid coppice-test --init-groups "$@"
"""

    def wrapped(self, *command):
        if shutil.which("sudo") is None:
            raise AssertionError("the builder's role installs sudo, and this test needs it too: apt-get install sudo")
        (self.folder / "scratch").mkdir(exist_ok=True)
        (self.folder / "wrapped").mkdir(exist_ok=True)
        here = str(Path(__file__).resolve().parent)
        return subprocess.run(
            [
                "unshare",
                "--mount",
                "--propagation=private",
                "sh",
                "-c",
                self.SETUP,
                "setup",
                here,
                str(self.folder / "scratch"),
                *map(str, command),
            ],
            capture_output=True,
            text=True,
            timeout=120,
        )

    def test_a_member_of_group_mock_builds_and_owns_the_results(self):
        config = self.config("wrapped")
        done = self.wrapped(
            "mock", "-r", config, "--resultdir", self.folder / "wrapped/results", "--rebuild", self.srpm("tool")
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        results = list((self.folder / "wrapped/results").iterdir())
        self.assertEqual({path.stat().st_uid == 0 for path in results}, {False})
        self.assertIn("tool-1-1.sap12.x86_64.rpm", [path.name for path in results])
        self.assertEqual(self.wrapped("mock", "--frobnicate").returncode, 5)
        self.assert_nothing_left()

    def test_neither_files_nor_configs_are_read_with_more_rights_than_the_callers(self):
        secret = self.folder / "root-only"
        secret.write_text("host secret")
        secret.chmod(0o600)
        peek = self.config("peek", extra=f"raise ValueError(open('{secret}').read())")
        done = self.wrapped("mock", "-r", peek, "--init")
        self.assertEqual(
            (done.returncode, "host secret" in done.stderr, "PermissionError" in done.stderr), (3, False, True)
        )
        done = self.wrapped(
            "mock", "-r", self.config("wrapped"), "--resultdir", self.folder / "wrapped/results", "--rebuild", secret
        )
        self.assertEqual((done.returncode, "Permission denied" in done.stderr), (1, True))

    def test_sigterm_to_the_callers_process_group_ends_the_build(self):
        waits = self.srpm("waits", build="echo WAITING; sleep 1h", install="", check="true", files="")
        script = (
            'setsid sh -c \'echo $$ > "$1/pid"; shift; exec "$@"\' run "$1" mock -r "$2" --resultdir "$1/results" --rebuild "$3" & child=$!\n'
            'tries=0; until grep -qs WAITING "$1/results/build.log"; do tries=$((tries+1)); [ $tries -lt 600 ] || exit 99; sleep 0.1; done\n'
            'kill -TERM -- "-$(cat "$1/pid")"; wait $child; exit $?'
        )
        done = self.wrapped("bash", "-c", script, "script", self.folder / "wrapped", self.config("wrapped"), waits)
        self.assertEqual(done.returncode, 143, done.stderr)
        self.assert_nothing_left()


class Example(unittest.TestCase):
    def test_the_example_chroot_is_a_config_that_both_mocks_read(self):
        names = {}
        exec(
            compile(EXAMPLE.read_text(), str(EXAMPLE), "exec"),
            names,
            {"config_opts": names.setdefault("config_opts", {})},
        )
        self.assertEqual(names["config_opts"]["root"], "sapling-12-x86_64")


if __name__ == "__main__":
    unittest.main()
