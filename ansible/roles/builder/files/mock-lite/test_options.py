"""The command line: what mock's users write is understood, everything else is refused."""
import unittest

from mocklite import options
from mocklite.errors import UsageError


class Options(unittest.TestCase):
    def test_what_the_runner_writes_is_understood(self):
        parsed = options.parse(["-r", "/b/build.cfg", "--resultdir", "/b/results", "--rebuild", "/b/a.src.rpm"])
        self.assertEqual(
            (parsed.mode, parsed.chroot, parsed.resultdir, parsed.files),
            ("rebuild", "/b/build.cfg", "/b/results", ["/b/a.src.rpm"]),
        )

    def test_an_srpm_alone_is_rebuilt(self):
        self.assertEqual(options.parse(["-r", "c", "a.src.rpm"]).mode, "rebuild")

    def test_options_may_stand_between_srpms(self):
        self.assertEqual(
            options.parse(["--chain", "--localrepo", "/l", "a.src.rpm", "--recurse", "b.src.rpm", "-c"]).files,
            ["a.src.rpm", "b.src.rpm"],
        )

    def test_each_mode_is_known(self):
        for arguments, mode in (
            (["--init"], "init"),
            (["--clean"], "clean"),
            (["--scrub=all"], "scrub"),
            (["--installdeps", "a"], "installdeps"),
            (["--buildsrpm", "--spec", "a.spec", "--sources", "d"], "buildsrpm"),
        ):
            with self.subTest(mode):
                self.assertEqual(options.parse(arguments).mode, mode)

    def test_bad_command_lines_are_refused(self):
        for arguments in (
            ["--frobnicate"],
            ["--rebuild"],
            ["--buildsrpm", "--spec", "a.spec"],
            ["--chain", "a.src.rpm"],
            ["--init", "--clean"],
            ["--rebuild", "a", "--rpmbuild_timeout", "soon"],
            ["--reb", "a"],
        ):
            with self.subTest(" ".join(arguments)), self.assertRaises(UsageError):
                options.parse(arguments)


if __name__ == "__main__":
    unittest.main()
