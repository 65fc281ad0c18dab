"""Config files: mock's semantics, errors with file and line, and the key that decides whether a base root is made
anew."""

import tempfile
import unittest
from pathlib import Path

from mocklite import config, options
from mocklite.errors import ConfigError, PackageManagerError

GOOD = """
config_opts['root'] = 'one'
config_opts['chroot_setup_cmd'] = 'install @buildsys-build'
config_opts['dnf.conf'] = '''
[main]
gpgcheck=0
[sapling]
name=Sapling
baseurl=http://127.0.0.1:1/distribution
'''
"""
PROJECT = "\n[project]\nname=project\nbaseurl=http://127.0.0.1:1/project\n"


class ConfigFiles(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def load(self, text, *arguments):
        (self.folder / "build.cfg").write_text(text)
        return config.load(
            options.parse(["-r", str(self.folder / "build.cfg"), "--configdir", str(self.folder), *arguments, "--init"])
        )

    def test_an_included_file_sees_and_changes_what_was_set_before(self):
        (self.folder / "base.cfg").write_text(GOOD.replace("'one'", "config_opts['name'] + '-root'"))
        loaded = self.load(
            f"config_opts['name'] = 'mine'\ninclude('base.cfg')\ninclude('{self.folder}/base.cfg')\nconfig_opts['dnf.conf'] += '''{PROJECT}'''\n"
        )
        self.assertEqual(loaded["root"], "mine-root")
        self.assertEqual(config.read_dnf_conf(loaded["dnf.conf"]).sections(), ["main", "sapling", "project"])

    def test_a_name_is_looked_up_in_the_config_folder(self):
        (self.folder / "known.cfg").write_text(GOOD)
        self.assertEqual(
            config.load(options.parse(["-r", "known", "--configdir", str(self.folder), "--init"]))["root"], "one"
        )

    def test_site_defaults_are_read_first(self):
        (self.folder / "site-defaults.cfg").write_text(
            "config_opts['basedir'] = '/elsewhere'\nconfig_opts['root'] = 'overridden'\n"
        )
        loaded = self.load(GOOD)
        self.assertEqual((loaded["basedir"], loaded["root"]), ("/elsewhere", "one"))

    def test_the_command_line_wins(self):
        loaded = self.load(
            GOOD,
            "--uniqueext",
            "x",
            "-D",
            "name some value",
            "--with",
            "tests",
            "--without",
            "docs",
            "--config-opts",
            "rpmbuild_timeout=7",
            "--config-opts",
            "chrootuser=someone",
            "--enable-network",
        )
        self.assertEqual(
            (loaded["root"], loaded["rpmbuild_timeout"], loaded["chrootuser"], loaded["rpmbuild_networking"]),
            ("one-x", 7, "someone", True),
        )
        macros = {name: loaded["macros"][name] for name in ("%name", "%_with_tests", "%_without_docs")}
        self.assertEqual(
            macros, {"%name": "some value", "%_with_tests": "--with-tests", "%_without_docs": "--without-docs"}
        )

    def test_a_root_has_the_extension_that_the_configuration_or_the_command_line_says(self):
        extended = GOOD + "config_opts['unique-ext'] = '42'\n"
        self.assertEqual(self.load(extended)["root"], "one-42")
        self.assertEqual(self.load(extended, "--uniqueext", "x")["root"], "one-x")
        with self.assertRaisesRegex(ConfigError, "plain name"):
            self.load(GOOD + "config_opts['unique-ext'] = '/../x'\n")

    def test_what_is_wrong_is_said_with_file_and_line(self):
        for text, message in (
            ("x = (\n", "SyntaxError"),
            ("config_opts['root'] = 'a'\n1 / 0\n", "line 2: ZeroDivisionError"),
            ("exit(0)\n", "SystemExit"),
            ("include('absent.cfg')\n", "absent.cfg"),
            (GOOD.replace("'one'", "'../one'"), "plain name"),
            (GOOD.replace("install @buildsys-build", ""), "chroot_setup_cmd"),
            (GOOD + "config_opts['dnf.conf'] = 'no section'\n", "dnf.conf"),
            (GOOD + "config_opts['legal_host_arches'] = ('s390x',)\n", "legal_host_arches"),
            (GOOD + "config_opts['package_manager'] = 'dnf5'\n", "dnf5"),
            (GOOD + "config_opts['forcearch'] = 's390x'\n", "s390x"),
            (GOOD + "config_opts['module_setup_commands'] = [('enable', 'ruby:3')]\n", "modules"),
            (GOOD + "config_opts['macrofile'] = '/nonexistent/macros'\n", "/nonexistent/macros"),
        ):
            with self.subTest(message), self.assertRaisesRegex(ConfigError, message):
                self.load(text)

    def test_no_chroot_leaves_its_folder(self):
        for name in ("", ".", "..", "a/b", "-r", "a b", ".hidden"):
            with self.subTest(name), self.assertRaises(ConfigError):
                self.load(GOOD + f"config_opts['root'] = {name!r}\n")


class BaseKey(unittest.TestCase):
    def setUp(self):
        self.config = config.defaults()
        self.config.update({"root": "one", "chroot_setup_cmd": "install a", "coppice_base_repos": ["sapling"]})
        self.config["dnf.conf"] = "[main]\ngpgcheck=0\n[sapling]\nbaseurl=http://127.0.0.1:8400/d\n"

    def key(self, repomd=b"one", **changes):
        return config.base_key({**self.config, **changes}, lambda url: repomd)

    def test_it_stays_when_only_a_build_differs(self):
        project = self.config["dnf.conf"] + PROJECT
        for changes in (
            {"dnf.conf": project},
            {"root": "two"},
            {"rpmbuild_timeout": 3},
            {"dnf.conf": self.config["dnf.conf"].replace("8400", "8401")},
        ):
            with self.subTest(changes):
                self.assertEqual(self.key(**changes), self.key())

    def test_it_changes_with_all_that_is_installed(self):
        changed = self.config["dnf.conf"].replace("gpgcheck=0", "gpgcheck=1")
        for changes in (
            {"repomd": b"two"},
            {"chroot_setup_cmd": "install b"},
            {"releasever": "13"},
            {"target_arch": "other"},
            {"dnf.conf": changed},
            {"dnf.conf": self.config["dnf.conf"] + PROJECT, "coppice_base_repos": None},
        ):
            with self.subTest(changes):
                self.assertNotEqual(self.key(**changes), self.key())

    def test_a_dead_base_repository_is_a_failure_of_the_package_manager(self):
        def dead(url):
            raise OSError("refused")

        with self.assertRaisesRegex(PackageManagerError, "sapling"):
            config.base_key(self.config, dead)

    def test_dnf_never_reads_the_repositories_of_the_host(self):
        main = config.read_dnf_conf(config.effective_dnf_conf(self.config, "/cache"))["main"]
        self.assertEqual((main["reposdir"], main["cachedir"], main["gpgcheck"]), ("/dev/null", "/cache", "0"))

    def test_the_base_is_made_without_project_repositories(self):
        self.config["dnf.conf"] += PROJECT
        self.assertEqual(config.base_repositories(self.config), ["sapling"])
        self.assertEqual(
            config.read_dnf_conf(config.effective_dnf_conf(self.config, "/cache", ["sapling"])).sections(),
            ["main", "sapling"],
        )


if __name__ == "__main__":
    unittest.main()
