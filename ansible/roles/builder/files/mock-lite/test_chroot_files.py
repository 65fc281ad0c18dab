"""What a build left behind is read without following its links."""
import io
import os
import tempfile
import unittest
from pathlib import Path

from mocklite import chroot_files


class FilesBelow(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name, "root")
        (self.root / "build/RPMS/x86_64").mkdir(parents=True)
        self.secret = Path(folder.name, "secret.rpm")
        self.secret.write_text("secret")

    def found(self, path="build/RPMS"):
        return {name: file.read() for name, file in chroot_files.regular_files_below(self.root, path, ".rpm")}

    def test_regular_files_are_found_in_folders_too(self):
        (self.root / "build/RPMS/a.rpm").write_text("a")
        (self.root / "build/RPMS/x86_64/b.rpm").write_text("b")
        (self.root / "build/RPMS/c.txt").write_text("c")
        self.assertEqual(self.found(), {"a.rpm": b"a", "b.rpm": b"b"})

    def test_links_and_pipes_are_left_out(self):
        (self.root / "build/RPMS/link.rpm").symlink_to(self.secret)
        (self.root / "build/RPMS/folder").symlink_to(self.secret.parent)
        os.mkfifo(self.root / "build/RPMS/pipe.rpm")
        self.assertEqual(self.found(), {})

    def test_a_folder_that_is_a_link_is_refused(self):
        (self.root / "build/SRPMS").symlink_to(self.secret.parent)
        with self.assertRaises(OSError):
            self.found("build/SRPMS")

    def test_writing_replaces_a_link_and_leaves_its_target(self):
        (self.root / "build/.rpmmacros").symlink_to(self.secret)
        chroot_files.write_below(self.root, "build/.rpmmacros", io.BytesIO(b"new"), os.getuid(), os.getgid())
        self.assertEqual(((self.root / "build/.rpmmacros").read_text(), self.secret.read_text()), ("new", "secret"))


if __name__ == "__main__":
    unittest.main()
