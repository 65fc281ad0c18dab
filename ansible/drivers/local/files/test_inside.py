"""What of this machine a builder does not get to see, without a builder."""
import os
import tempfile
import unittest

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


if __name__ == '__main__':
    unittest.main()
