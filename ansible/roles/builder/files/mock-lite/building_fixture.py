"""What the tests that really build share: packages to build, a config on the Sapling repository of COPPICE_SAPLING,
a look at what is left."""

import http.server
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import unittest
from functools import partial
from pathlib import Path

CACHE = tempfile.TemporaryDirectory(prefix="mock-lite-test-cache-")  # base roots, shared by all tests of a run
HERE = Path(__file__).resolve().parent
MOCK = HERE / "mock-lite"
EXAMPLE = HERE.parents[4] / "config/example/chroots/sapling-12-x86_64.cfg"
SPEC = """Name: {name}
Version: 1
Release: 1%{{?dist}}
Summary: A package of the tests
License: MIT
{head}
%description
A package of the tests.
%build
{build}
%install
{install}
%check
{check}
%files
{files}
"""
TOOL = {
    "head": "BuildRequires: gcc",
    "build": "echo 'int main(void) {{ return 0; }}' > tool.c\ngcc %{{optflags}} -o {name} tool.c",
    "install": "install -D {name} %{{buildroot}}%{{_bindir}}/{name}",
    "check": "./{name}",
    "files": "%{{_bindir}}/{name}",
}


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


class Building(unittest.TestCase):
    """A folder, a static server that publishes Sapling, and a config. The base root is shared by all tests of a run."""

    @classmethod
    def setUpClass(cls):
        sapling = os.environ.get("COPPICE_SAPLING")
        if not sapling or not Path(sapling, "repodata/repomd.xml").is_file():
            raise AssertionError(
                "these tests build real packages: set COPPICE_SAPLING to a folder made by ansible/sapling/make-sapling"
            )
        if os.geteuid() != 0:
            raise AssertionError("these tests make real chroots: run them as root")
        cls.folder = Path(tempfile.mkdtemp(prefix="mock-lite-test-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.addClassCleanup(cls.end_leftovers)
        cls.folder.chmod(0o755)
        shutil.copyfile(EXAMPLE, cls.folder / "example.cfg")  # the checkout may lie where other users may not look
        (cls.folder / "published/distributions").mkdir(parents=True)
        (cls.folder / "published/distributions/sapling-12-x86_64").symlink_to(Path(sapling).resolve())
        cls.server = http.server.ThreadingHTTPServer(
            ("127.0.0.1", 0), partial(QuietHandler, directory=str(cls.folder / "published"))
        )
        threading.Thread(target=cls.server.serve_forever, daemon=True).start()
        cls.addClassCleanup(cls.server.server_close)
        cls.addClassCleanup(cls.server.shutdown)

    @classmethod
    def end_leftovers(cls):
        """Kills what a failed test left running: only processes whose command line names our folder."""
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if str(cls.folder).encode() in (process / "cmdline").read_bytes():
                    os.kill(int(process.name), signal.SIGKILL)
            except OSError:
                continue

    def config(self, name="build", extra="", base=True):
        """Writes a config as the runner does, and returns its path."""
        path = self.folder / f"{name}.cfg"
        path.write_text("\n".join([
            f"config_opts['coppice_control'] = 'http://127.0.0.1:{self.server.server_port}'",
            f"config_opts['basedir'] = '{self.folder}/lib'",
            f"config_opts['cache_topdir'] = '{CACHE.name}'",
            f"include('{self.folder}/example.cfg')" if base else "",
            f"config_opts['root'] = '{name}'",
            extra, ""]))
        return path

    def spec(self, name, **parts):
        """Writes a spec made of SPEC with `parts`; returns its path."""
        folder = self.folder / "specs"
        folder.mkdir(exist_ok=True)
        filled = {key: value.format(name=name) for key, value in TOOL.items()}
        (folder / f"{name}.spec").write_text(SPEC.format(name=name, **{**filled, **parts}))
        return folder / f"{name}.spec"

    def srpm(self, name, **parts):
        """An SRPM made by the host's rpmbuild (%dist as Sapling has it); returns its path."""
        spec = self.spec(name, **parts)
        command = [
            "rpmbuild",
            "-bs",
            "--quiet",
            "--nodeps",
            "--define",
            f"_srcrpmdir {self.folder}/srpms",
            "--define",
            f"_sourcedir {self.folder}/specs",
            "--define",
            f"_dbpath {self.folder}/rpmdb",
            "--define",
            "dist .sap12",
            str(spec),
        ]
        subprocess.run(command, check=True, capture_output=True)
        return self.folder / f"srpms/{name}-1-1.sap12.src.rpm"

    def addons(self, *names):
        """Publishes packages that no root holds by itself; returns the configuration line that adds their
        repository."""
        folder = self.folder / "published/addons"
        for name in names:
            command = [
                "rpmbuild",
                "-bb",
                "--quiet",
                "--nodeps",
                "--define",
                f"_topdir {self.folder}/top",
                "--define",
                f"_rpmdir {folder}",
                "--define",
                f"_dbpath {self.folder}/rpmdb",
                str(self.spec(name, head="BuildArch: noarch", build="", install="", check="", files="")),
            ]
            subprocess.run(command, check=True, capture_output=True)
        subprocess.run(["createrepo_c", "--quiet", str(folder)], check=True)
        return f"config_opts['dnf.conf'] += '\\n[addons]\\nname=addons\\nbaseurl=http://127.0.0.1:{self.server.server_port}/addons\\n'"

    def command(self, *arguments, config=None, results="results"):
        return [
            str(MOCK),
            "-r",
            str(config or self.config()),
            "--resultdir",
            str(self.folder / results),
            *map(str, arguments),
        ]

    def mock(self, *arguments, **options):
        """Runs mock-lite to its end."""
        return subprocess.run(self.command(*arguments, **options), capture_output=True, text=True, timeout=120)

    def log(self, name, results="results"):
        return (self.folder / results / name).read_text(errors="replace")

    def assert_nothing_left(self):
        """No root, no mount in any mount namespace, no process that names our folder or a chroot below it."""
        self.assertEqual([path.name for path in (self.folder / "lib").glob("*")], [])
        left = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                place = os.readlink(process / "root")
                if (
                    str(self.folder) in (process / "mounts").read_text()
                    or place.startswith(str(self.folder))
                    or str(self.folder).encode() in (process / "cmdline").read_bytes()
                ):
                    if int(process.name) != os.getpid():
                        left.append((process / "cmdline").read_bytes())
            except OSError:
                continue
        self.assertEqual(left, [])
