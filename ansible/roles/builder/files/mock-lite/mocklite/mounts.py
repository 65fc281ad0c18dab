"""mount(2) and umount(2), which Python lacks."""
import ctypes
import os

LIBC = ctypes.CDLL(None, use_errno=True)
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = (
    1,
    2,
    4,
    8,
    32,
    4096,
    16384,
    1 << 18,
)
MNT_DETACH = 2


def mount(source, target, kind, flags=0, data=""):
    """mount(2). Raises OSError."""
    named = str(source).encode() if source is not None else None
    if LIBC.mount(named, str(target).encode(), kind.encode() if kind else None, flags, data.encode() or None) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), str(target))


def overlay_options():
    """What an overlay needs besides its folders: in a user namespace its notes lie in attributes that such a root may
    write."""
    with open("/proc/self/uid_map", encoding="ascii") as file:
        return "" if file.read().split() == ["0", "0", str(2**32 - 1)] else ",userxattr"


def unmount(target):
    """Detaches a mount at once; it is no error if there is none."""
    LIBC.umount2(str(target).encode(), MNT_DETACH)
