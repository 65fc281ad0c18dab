"""The log files in the result folder and what is said on the terminal, in mock's format (the runner reads phases
from `Start:`/`Finish:`)."""

import contextlib
import os
import sys
import time

from .config import caller_ids
from .ending import die_with_parent
from .errors import ResultDirError

NAMES = ("build.log", "root.log", "state.log", "hw_info.log", "installed_pkgs.log")


@contextlib.contextmanager
def as_caller():
    """Does what follows with the rights of who called, so that a root process can be made to write or read nothing
    of others."""
    uid, gid = caller_ids()
    own_uid, own_gid = os.geteuid(), os.getegid()
    if uid == own_uid:
        yield
        return
    groups = os.getgroups()
    os.setgroups([gid])
    os.setegid(gid)
    os.seteuid(uid)
    try:
        yield
    finally:
        os.seteuid(own_uid)
        os.setegid(own_gid)
        os.setgroups(groups)
        die_with_parent()


def stamp():
    """Now, as Python's logging writes it: `2026-01-01 12:00:00,123`, local time."""
    now = time.time()
    return f"{time.strftime('%Y-%m-%d %H:%M:%S', time.localtime(now))},{int(now % 1 * 1000):03d}"


def own_result_folder(root_folder):
    """The result folder of a run without --resultdir, below the root's own folder, which is not the caller's; this
    one is."""
    folder = root_folder / "result"
    folder.mkdir(parents=True, exist_ok=True)
    os.chown(folder, *caller_ids(), follow_symlinks=False)
    return str(folder)


class Logs:
    """Open logs of one result folder. `state()` brackets a phase; a phase that fails gets its `Finish:` line too, as
    with mock."""

    def __init__(self, folder, quiet=False, goes_on=False):
        """Opens the logs, empty or (`goes_on`) as they are. Raises ResultDirError."""
        self.folder = folder
        self._quiet = quiet
        self._files = {}
        try:
            with as_caller():
                os.makedirs(folder, exist_ok=True)
                for name in NAMES:
                    flags = (
                        os.O_WRONLY
                        | os.O_CREAT
                        | os.O_APPEND
                        | (0 if goes_on else os.O_TRUNC)
                        | os.O_NOFOLLOW
                        | os.O_CLOEXEC
                    )
                    self._files[name] = os.fdopen(os.open(os.path.join(folder, name), flags, 0o644), "wb", buffering=0)
        except OSError as problem:
            raise ResultDirError(f"result folder {folder}: {problem.strerror}") from None

    def close(self):
        for file in self._files.values():
            file.close()

    def file(self, name):
        """The open file, for output that is copied as it is."""
        return self._files[name]

    def line(self, name, text):
        self._files[name].write(f"{text}\n".encode(errors="replace"))

    def root(self, text, level="DEBUG"):
        for line in str(text).splitlines():
            self.line("root.log", f"{level} mock-lite:  {line}")

    def info(self, text):
        if not self._quiet:
            print(f"INFO: {text}", flush=True)

    @contextlib.contextmanager
    def state(self, name):
        """A phase: `Start: name` … `Finish: name`."""
        self._state(f"Start: {name}")
        try:
            yield
        finally:
            self._state(f"Finish: {name}")

    def _state(self, text):
        self.line("state.log", f"{stamp()} - {text}")
        if not self._quiet:
            print(text, flush=True)


def complain(text):
    """An error, where mock says it."""
    print(f"ERROR: {text}", file=sys.stderr, flush=True)
