"""What of this machine a builder does not get to see, without a builder."""
import os
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

from local_builder import inside


class PrivateThings(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix='private-things-')
        self.addCleanup(folder.cleanup)
        self.top = folder.name

    def make(self, path, mode=0o755):
        os.makedirs(f'{self.top}/{path}')
        os.chmod(f'{self.top}/{path}', mode)
        return f'{self.top}/{path}'

    def test_are_found_however_deep_they_are_and_not_looked_into(self):
        deep = self.make('lib/postgresql/15/main', 0o700)
        self.make('lib/postgresql/15/main/base', 0o700)
        search_only = self.make('cache/app', 0o751)
        self.make('lib/open/readable')
        os.symlink(deep, f'{self.top}/lib/link')
        folders, files = inside.private_below(self.top, set())
        self.assertEqual((sorted(folders), files), (sorted([deep, search_only]), []))

    def test_what_is_seen_to_already_is_left_out_with_all_that_is_below(self):
        covered = self.make('log')
        self.make('log/private', 0o700)
        kept = self.make('sudoers.d', 0o750)
        self.assertEqual(inside.private_below(self.top, {covered, kept}), ([], []))

    def test_files_are_found_in_folders_that_all_may_read(self):
        self.make('app')
        for name, mode in (('key.pem', 0o600), ('group.conf', 0o640), ('open.conf', 0o644)):
            with open(f'{self.top}/app/{name}', 'w', encoding='utf-8') as file:
                os.fchmod(file.fileno(), mode)
        os.symlink('open.conf', f'{self.top}/app/link')
        folders, files = inside.private_below(self.top, {f'{self.top}/app/kept'})
        self.assertEqual((folders, sorted(files)), ([], [f'{self.top}/app/group.conf', f'{self.top}/app/key.pem']))

    def test_a_folder_that_is_not_there_holds_none(self):
        self.assertEqual(inside.private_below(f'{self.top}/gone', set()), ([], []))


# A file system of its own below the root, as /usr is on some machines.
TAKE_AWAY = """
import subprocess, sys
from local_builder import inside
top = sys.argv[1]
fs = f'{top}/root/usr'
subprocess.run(['mount', '-t', 'tmpfs', 'usr', fs], check=True)
for path in (f'{fs}/key', f'{top}/root/key'):
    open(path, 'w').write('secret')
# Of the mount alone: a remount of the file system repeats its owner, whom a user namespace does not know.
subprocess.run(['mount', '-o', 'remount,bind,ro', fs], check=True)
for path in ('/key', '/usr/key', '/gone'):
    inside.take_away(f'{top}/root', path)
print(repr(open(f'{fs}/key').read()))
"""


class TakeAway(unittest.TestCase):
    def test_a_file_goes_from_what_can_be_written_to_and_is_covered_where_nothing_can(self):
        with tempfile.TemporaryDirectory(prefix='take-away-') as top:
            os.makedirs(f'{top}/root/usr')
            powers = [] if os.geteuid() == 0 else ['--user', '--map-root-user']
            argv = ['unshare', *powers, '--mount', sys.executable, '-B', '-c', TAKE_AWAY, top]
            here = os.path.dirname(os.path.abspath(__file__))
            done = subprocess.run(argv, cwd=here, stdin=subprocess.DEVNULL, capture_output=True, text=True)
            self.assertEqual((done.stdout, done.stderr), ("''\n", ''))
            self.assertEqual(os.listdir(f'{top}/root'), ['usr'])


class MockFolder(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix='mock-folder-')
        self.addCleanup(folder.cleanup)
        self.top = folder.name
        self.source = f'{self.top}/elsewhere'
        os.makedirs(f'{self.top}/root/etc')

    def own(self):
        """As when /etc/mock of this machine leads to `elsewhere`."""
        os.symlink(self.source, f'{self.top}/root/etc/mock')
        with mock.patch.object(os.path, 'realpath', lambda path: {'/etc/mock': self.source}[path]):
            inside.own_mock_folder(f'{self.top}/root', os.getuid())
        return f'{self.top}/root/etc/mock'

    def test_a_link_becomes_a_folder_with_what_all_may_read_and_its_times(self):
        os.makedirs(f'{self.source}/templates')
        os.mkdir(f'{self.source}/private', 0o700)
        for name, mode in (('site-defaults.cfg', 0o644), ('templates/x.tpl', 0o644), ('secret.cfg', 0o600)):
            with open(f'{self.source}/{name}', 'w', encoding='utf-8') as file:
                os.fchmod(file.fileno(), mode)
                file.write(name)
            os.utime(f'{self.source}/{name}', (1e9, 1e9))
        os.symlink('x.cfg', f'{self.source}/default.cfg')
        own = self.own()
        self.assertFalse(os.path.islink(own))
        self.assertEqual(sorted(os.listdir(own)), ['default.cfg', 'site-defaults.cfg', 'templates'])
        self.assertEqual(os.readlink(f'{own}/default.cfg'), 'x.cfg')
        self.assertEqual(os.stat(f'{own}/templates/x.tpl').st_mtime, 1e9)
        self.assertEqual(os.stat(f'{self.source}/secret.cfg').st_size, len('secret.cfg'))

    def test_a_link_to_nothing_becomes_an_empty_folder(self):
        self.assertEqual(os.listdir(self.own()), [])

    def test_a_folder_stays_as_it_is(self):
        os.makedirs(f'{self.top}/root/etc/mock/templates')
        inside.own_mock_folder(f'{self.top}/root', os.getuid())
        self.assertEqual(os.listdir(f'{self.top}/root/etc/mock'), ['templates'])


class SiteDefaults(unittest.TestCase):
    def test_keep_their_time_when_the_bound_of_builds_is_added(self):
        program = """
import os, sys
from local_builder import inside
os.chroot(sys.argv[1])
inside.bound_builds(5)
print(os.stat('/etc/mock/site-defaults.cfg').st_mtime, open('/etc/mock/site-defaults.cfg').read())
"""
        with tempfile.TemporaryDirectory(prefix='site-defaults-') as top:
            os.makedirs(f'{top}/etc/mock')
            with open(f'{top}/etc/mock/site-defaults.cfg', 'w', encoding='utf-8') as file:
                file.write("config_opts['a'] = 1")
            os.utime(f'{top}/etc/mock/site-defaults.cfg', (1e9, 1e9))
            powers = [] if os.geteuid() == 0 else ['unshare', '--user', '--map-root-user']
            here = os.path.dirname(os.path.abspath(__file__))
            done = subprocess.run(
                [*powers, sys.executable, '-B', '-c', program, top], cwd=here, capture_output=True, text=True
            )
        said = "1000000000.0 config_opts['a'] = 1\nconfig_opts['coppice_disk_most_bytes'] = 5\n\n"
        self.assertEqual((done.stdout, done.stderr), (said, ''))


if __name__ == '__main__':
    unittest.main()
