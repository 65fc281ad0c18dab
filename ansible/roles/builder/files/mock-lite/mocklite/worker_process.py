"""The worker's process: a fork of the keeper, for to start Python anew takes as long as a tenth of a small build."""
import os
import signal
import sys
import time
import traceback

from . import keyrings
from .ending import die_with_parent
from .mounts import LIBC, MS_NODEV, MS_NOEXEC, MS_NOSUID, MS_PRIVATE, MS_REC, mount

CLONE_NEWNS, CLONE_NEWPID = 0x0002_0000, 0x2000_0000
KEEPERS_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)


class WorkerProcess:
    """Runs `work()`, whose answer is the exit code, as pid 1 of its own pid and mount namespaces, with nothing on
    its standard input and without the keeper's `descriptors`. Ends with the keeper."""

    def __init__(self, work, *descriptors):
        self.returncode = None
        sys.stdout.flush()
        sys.stderr.flush()
        keeper = os.getpid()
        self.pid = os.fork()
        if self.pid == 0:
            _without_exception(lambda: _above(work, keeper, descriptors))

    def poll(self):
        """The exit code, -n after signal n, None while it runs."""
        return self._collect(os.WNOHANG)

    def wait(self, seconds=None):
        """As `poll`, after at most so many seconds, or however long it takes."""
        if seconds is None:
            return self._collect(0)
        deadline = time.monotonic() + seconds
        while self.poll() is None and time.monotonic() < deadline:
            time.sleep(0.005)
        return self.returncode

    def kill(self):
        os.kill(self.pid, signal.SIGKILL)

    def _collect(self, options):
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, options)
            if pid != 0:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode


def _without_exception(work):
    """Does not return: the exit code is the answer of `work()`, 1 after an exception, which is shown."""
    code = 1
    try:
        code = work()
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _above(work, keeper, descriptors):
    """The process between: outside the new pid namespace, whose first process it starts. Ends as that does."""
    signal.set_wakeup_fd(-1)
    for number in KEEPERS_SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    for descriptor in descriptors:
        os.close(descriptor)
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    die_with_parent(start=True)
    if os.getppid() != keeper:  # it ended before
        return 1
    if LIBC.unshare(CLONE_NEWNS | CLONE_NEWPID) != 0:
        raise OSError("no pid and mount namespaces of its own")
    mount(None, "/", None, MS_REC | MS_PRIVATE)
    first = os.fork()
    if first == 0:
        _without_exception(lambda: _first(work))
    _, status = os.waitpid(first, 0)
    if os.WIFSIGNALED(status):
        os.kill(os.getpid(), os.WTERMSIG(status))
    return os.waitstatus_to_exitcode(status)


def _first(work):
    """A build has keyrings of its own, and what it starts may not even ask for others: see keyrings.py."""
    die_with_parent()
    keyrings.own_session()
    keyrings.refuse()
    mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    return work()
