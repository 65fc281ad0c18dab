"""Where control groups are looked for and what they bound, without any; driver-local.e2e.ts fills real ones."""

import os
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from local_builder import errors, limits

GIB = 1 << 30


class Groups(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix='groups-')
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def mounted(self, name, kind, options=(), controllers=None):
        path = Path(self.folder, name)
        path.mkdir(parents=True)
        if controllers is not None:
            path.joinpath('cgroup.controllers').write_text(controllers)
        return str(path), kind, list(options)

    def found(self, *mounts):
        with mock.patch.object(limits, '_mounts', lambda: list(mounts)):
            return [os.path.relpath(path, self.folder).rpartition('.')[0] for path in limits.groups('one')]

    def test_version_2_with_both_controllers_is_taken_before_version_1(self):
        old = self.mounted('memory', 'cgroup', ['rw', 'memory']), self.mounted('pids', 'cgroup', ['rw', 'pids'])
        new = self.mounted('unified', 'cgroup2', ['rw'], 'cpu memory pids')
        self.assertEqual(self.found(*old, new), ['unified/coppice/one'])
        hybrid = self.mounted('hybrid', 'cgroup2', ['rw'], 'hugetlb')
        self.assertEqual(self.found(hybrid, *old), ['memory/coppice/one', 'pids/coppice/one'])

    def test_one_hierarchy_of_version_1_may_hold_both(self):
        self.assertEqual(self.found(self.mounted('both', 'cgroup', ['memory', 'pids'])), ['both/coppice/one'])

    def test_where_there_are_none_or_they_are_read_only_it_is_said_why(self):
        with self.assertRaisesRegex(errors.BuilderError, 'no control groups for memory and pids'):
            self.found(self.mounted('memory', 'cgroup', ['memory']))
        with self.assertRaisesRegex(errors.BuilderError, 'no control groups for memory and pids'):
            self.found(self.mounted('half', 'cgroup2', [], 'memory'))
        with mock.patch.object(os, 'access', lambda *_: False), self.assertRaisesRegex(errors.BuilderError, 'read-only'):
            self.found(self.mounted('unified', 'cgroup2', [], 'memory pids'))


class Amounts(unittest.TestCase):
    def test_all_builders_leave_the_machine_a_fifth_and_a_build_fits_into_its_builder(self):
        for machine in (2 * GIB, 24 * GIB):
            bounds = limits.Limits(machine)
            self.assertLessEqual(bounds.memory_of_all, machine * 4 // 5)
            self.assertLessEqual(bounds.disk_of_build(True) + bounds.own_files, bounds.memory * 3 // 4)
            self.assertLessEqual(4 * bounds.disk_of_build(False), machine // 2)

    def test_what_the_pool_states_counts(self):
        bounds = limits.Limits(8 * GIB, memory_mib=512, processes=100)
        self.assertEqual((bounds.memory, bounds.processes), (GIB // 2, 100))

    def test_all_builders_together_may_take_what_the_pool_states_for_one(self):
        bounds = limits.Limits(8 * GIB, memory_mib=8192, processes=50_000)
        self.assertEqual((bounds.memory_of_all, bounds.processes_of_all), (8 * GIB, 50_000))
        usual = limits.Limits(8 * GIB)
        self.assertEqual((usual.processes, usual.processes_of_all), (8192, 4 * 8192))

    def test_a_build_has_most_of_its_builder_and_small_files_little_of_a_large_one(self):
        bounds = limits.Limits(64 * GIB)
        self.assertEqual(bounds.memory, 32 * GIB)
        self.assertGreaterEqual(bounds.disk_of_build(True), bounds.memory // 2)
        self.assertGreaterEqual(bounds.disk_of_build(False), bounds.memory // 8)
        self.assertEqual(bounds.own_files, 2 * GIB)


if __name__ == '__main__':
    unittest.main()
