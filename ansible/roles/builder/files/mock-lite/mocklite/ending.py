"""A process that ends with its parent, as the kernel sees to it."""
import signal

from .mounts import LIBC

PR_SET_PDEATHSIG = 1

_dies_with_parent = False


def die_with_parent(start=False):
    """Asks the kernel to kill this process when its parent ends. A change of uid clears that: ask again after each
    (without `start` nothing happens in a process that never asked)."""

    global _dies_with_parent
    _dies_with_parent = _dies_with_parent or start
    if _dies_with_parent:
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
