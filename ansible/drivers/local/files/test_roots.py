"""What is decided about kept base roots, without a builder; base-roots.e2e.ts keeps and shows real ones."""
import contextlib
import io
import os
import subprocess
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

    def keep_noted(self, chroot, *names):
        for name in names:
            self.write(f'{name}.ext4')
            roots._note(str(self.folder), chroot, [name])
            roots._forget_unneeded(str(self.folder))

    def test_each_chroot_keeps_its_last_images_however_many_another_one_has_had(self):
        other = self.write('lock', seconds_old=100 * 86_400)
        self.keep_noted('f42', 'coppice-f42-' + 'a' * 12)
        names = [f'base-{number:024x}' for number in range(9)]
        self.keep_noted('sapling-12-x86_64', *names)
        kept = ['coppice-f42-' + 'a' * 12, *names[-roots.MOST :]]
        self.assertEqual(roots.kept(str(self.folder)), sorted(f'{self.folder}/{name}.ext4' for name in kept))
        self.assertEqual(roots.confirmed(str(self.folder)), ['f42', 'sapling-12-x86_64'])
        self.assertTrue(other.exists())

    def test_an_image_that_is_used_again_is_the_one_of_now(self):
        first, second, third = (f'base-{number:024x}' for number in range(3))
        self.keep_noted('f42', first, second, first, third)
        self.assertEqual(roots._noted(str(self.folder / 'f42.confirmed')), [third, first])
        self.assertFalse((self.folder / f'{second}.ext4').exists())

    def test_what_no_builder_was_made_for_in_long_is_forgotten(self):
        self.keep_noted('f42', f'base-{1:024x}')
        self.keep_noted('f43', f'base-{2:024x}')
        then = time.time() - roots.FORGOTTEN_SECONDS - 60
        os.utime(self.folder / 'f42.confirmed', (then, then))
        roots._forget_unneeded(str(self.folder))
        self.assertEqual(sorted(os.listdir(self.folder)), [f'base-{2:024x}.ext4', 'f43.confirmed'])

    def builder(self, *archives):
        """The root of a builder whose mock has archives of these roots: a file each, or a link to a kept one."""
        root = self.folder / 'builder'
        for name in archives:
            folder = root / roots.MOCK_CACHE.lstrip('/') / name.lstrip('>') / 'root_cache'
            folder.mkdir(parents=True)
            if name.startswith('>'):
                (folder / 'cache.tar').symlink_to(f'{roots.MOCK_KEPT}/{name[1:]}/cache.tar')
            else:
                (folder / 'cache.tar').write_text('')
        return str(root)

    def test_roots_of_mock_are_kept_by_name_and_again_when_they_were_made_anew(self):
        new, linked, unused = (f'coppice-f42-{number:012x}' for number in range(3))
        other = f'coppice-f43-{4:012x}'
        longer = f'coppice-f42-x-{5:012x}'
        root = self.builder(new, f'>{linked}', f'>{unused}', f'>{other}', longer, 'of-somebody-else')
        for name in (linked, other):
            Path(f'{root}{roots.MOCK_CACHE}/{name}/root_cache/rootcache.lock').touch()
        os.makedirs(f'{root}{roots.MOCK_CACHE}/coppice-f42-{6:012x}/dnf_cache')
        self.assertEqual(roots._used_by_mock(root, 'f42'), [new, linked])
        self.assertEqual(roots._used_by_mock(root, 'f43'), [other])
        self.assertEqual([roots._is_newer(root, name) for name in (new, linked)], [True, False])
        self.assertFalse(roots._is_newer(root, f"base-{'a' * 24}"))
        self.assertEqual(roots._source_of('coppice-f42-1'), '/var/cache/mock/coppice-f42-1/root_cache')

    @unittest.skipUnless(os.geteuid() == 0, 'only root mounts')
    def test_a_kept_root_of_mock_is_a_link_to_what_can_only_be_read(self):
        source = self.folder / 'source'
        source.mkdir()
        (source / 'cache.tar').write_text('an archive')
        os.utime(source / 'cache.tar', (1e9, 1e9))
        image = self.folder / 'coppice-f42-1.ext4'
        roots._make_image(str(source), str(image))
        self.assertEqual(roots.kept(str(self.folder)), [str(image)])
        program = """
import os, sys
from local_builder import roots
os.makedirs(sys.argv[2])
roots.show([sys.argv[1]], sys.argv[2], 0, None)
os.chroot(sys.argv[2])
archive = '/var/cache/mock/coppice-f42-1/root_cache/cache.tar'
print(os.path.islink(archive), open(archive).read(), os.stat(archive).st_mtime)
open(archive + '.lock', 'w').close()
try:
    open(archive, 'a')
except OSError as problem:
    print(problem.strerror)
os.unlink(archive)
"""
        command = ['unshare', '--mount', '/usr/bin/python3', '-B', '-c', program, str(image), f'{self.folder}/root']
        here = os.path.dirname(os.path.abspath(__file__))
        done = subprocess.run(command, cwd=here, capture_output=True, text=True, check=False)
        said = 'True an archive 1000000000.0\nRead-only file system\n'
        self.assertEqual((done.stdout, done.stderr), (said, ''))

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
