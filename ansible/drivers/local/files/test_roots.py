"""What is decided about kept base roots, without a builder; base-roots.e2e.ts keeps and shows real ones."""
import contextlib
import io
import os
import tempfile
import time
import unittest
from pathlib import Path
from unittest import mock

from local_builder import instances, roots


class KeptRoots(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix='kept-roots-')
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def write(self, name, text='', seconds_old=0):
        path = self.folder / name
        path.write_text(text)
        then = time.time() - seconds_old
        os.utime(path, (then, then))
        return path

    def test_whole_images_alone_are_kept(self):
        image = self.write(f"base-{'a' * 24}.ext4")
        for name in (
            f"base-{'b' * 24}.ext4.new",
            'base-..ext4',
            'lock',
            'sapling-12-x86_64.confirmed',
            f"other-{'c' * 24}.ext4",
        ):
            self.write(name)
        self.assertEqual(roots.kept(str(self.folder)), [str(image)])
        self.assertEqual(roots.kept(str(self.folder / 'none')), [])

    def test_a_chroot_is_confirmed_while_its_image_is_there_and_was_looked_after_lately(self):
        base = f"base-{'a' * 24}"
        self.write(f'{base}.ext4')
        self.write('fresh.confirmed', base)
        self.write('old.confirmed', base, seconds_old=roots.CONFIRMED_SECONDS + 60)
        self.write('gone.confirmed', f"base-{'b' * 24}")
        self.write('half.confirmed')
        self.assertEqual(roots.confirmed(str(self.folder)), ['fresh'])

    def test_the_images_that_were_looked_after_longest_ago_are_forgotten(self):
        images = [self.write(f'base-{number:024x}.ext4', seconds_old=number * 100) for number in range(roots.MOST + 2)]
        other = self.write('lock', seconds_old=100_000)
        roots._forget_oldest(str(self.folder))
        self.assertEqual([path for path in images if path.exists()], images[:roots.MOST])
        self.assertTrue(other.exists())

    def test_an_image_that_cannot_be_mounted_leaves_nothing_that_a_build_would_take_for_a_root(self):
        image = self.write(f"base-{'a' * 24}.ext4", 'no file system')
        root = self.folder / 'root'
        with contextlib.redirect_stderr(io.StringIO()) as said:
            roots.show([str(image)], str(root), owner=0, users=None)
        self.assertEqual(os.listdir(f'{root}{roots.CACHE}'), [])
        self.assertIn('is not to be had', said.getvalue())

    def test_an_image_that_cannot_be_mounted_for_other_users_leaves_no_folder_behind(self):
        image = self.write(f"base-{'a' * 24}.ext4", 'no file system')
        places = self.folder / 'places'
        places.mkdir()
        with mock.patch.object(tempfile, 'tempdir', str(places)), contextlib.redirect_stderr(io.StringIO()) as said:
            roots.show([str(image)], str(self.folder / 'root'), owner=os.getuid(), users=-1)
        self.assertEqual(os.listdir(places), [])
        self.assertIn('is not to be had', said.getvalue())

    def test_a_builder_that_shares_the_machines_files_gives_none(self):
        plain = instances.Instance(str(self.folder), {'instance': 'plain', 'isolation': 'none', 'processes': []})
        self.assertEqual(roots.keep(plain, str(self.folder / 'roots'), 'sapling-12-x86_64'), [])

    def test_a_builder_that_is_gone_is_said_to_be(self):
        gone = instances.Instance(str(self.folder), {'instance': 'gone', 'isolation': 'namespaces', 'processes': []})
        with self.assertRaisesRegex(instances.BuilderError, 'not there any more'):
            roots.keep(gone, str(self.folder / 'roots'), 'sapling-12-x86_64')


if __name__ == '__main__':
    unittest.main()
