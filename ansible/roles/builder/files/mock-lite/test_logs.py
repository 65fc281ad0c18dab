"""Log lines have mock's form: the runner and readers' tools take phases from them."""
import contextlib
import io
import os
import tempfile
import unittest
from pathlib import Path

from mocklite.errors import ResultDirError
from mocklite.logs import Logs

STATE_LINE = r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} - (Start|Finish): build phase for x\.src\.rpm$"


class LogFiles(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def test_a_phase_is_bracketed_even_if_it_fails(self):
        said = io.StringIO()
        logs = Logs(str(self.folder / "new"))
        with contextlib.redirect_stdout(said), contextlib.suppress(ValueError), logs.state("build phase for x.src.rpm"):
            raise ValueError
        logs.close()
        lines = (self.folder / "new/state.log").read_text().splitlines()
        self.assertEqual(len(lines), 2)
        for line in lines:
            self.assertRegex(line, STATE_LINE)
        self.assertEqual(said.getvalue(), "Start: build phase for x.src.rpm\nFinish: build phase for x.src.rpm\n")

    def test_all_logs_of_mock_are_there_from_the_start(self):
        Logs(str(self.folder)).close()
        self.assertEqual(
            sorted(os.listdir(self.folder)), ["build.log", "hw_info.log", "installed_pkgs.log", "root.log", "state.log"]
        )

    def test_a_link_in_the_result_folder_is_not_followed(self):
        victim = self.folder / "victim"
        victim.write_text("precious")
        (self.folder / "build.log").symlink_to(victim)
        with self.assertRaises(ResultDirError):
            Logs(str(self.folder))
        self.assertEqual(victim.read_text(), "precious")


if __name__ == "__main__":
    unittest.main()
