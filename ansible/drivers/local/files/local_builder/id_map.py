"""User namespaces whose ids are a range of this machine's that nobody else has, and mounts that show files with ids
mapped by them: mount_setattr(2), "ID-mapped mounts" (Linux 5.12; below an overlay 5.19)."""

import contextlib
import ctypes
import fcntl
import os
import zlib

from .errors import BuilderError

CLONE_NEWNS, CLONE_NEWUSER = 0x0002_0000, 0x1000_0000
# The same on all architectures, see asm-generic/unistd.h.
SYS_OPEN_TREE, SYS_MOVE_MOUNT, SYS_MOUNT_SETATTR = 428, 429, 442
OPEN_TREE_CLONE, OPEN_TREE_CLOEXEC = 1, os.O_CLOEXEC
MOVE_MOUNT_F_EMPTY_PATH = 4
MOUNT_ATTR_IDMAP = 0x0010_0000
AT_FDCWD, AT_EMPTY_PATH = -100, 0x1000

RANGE = 1 << 16
# systemd's UIDS-GIDS.md leaves these free: above its own containers' and the usual /etc/subuid, below 2^31.
FIRST, RANGES = 0x7000_0000, 4096
CLAIMS = '/run/coppice-id-ranges'

LIBC = ctypes.CDLL(None, use_errno=True)


def claim_range(name):
    """
    (first id, descriptor) of 65536 user and group ids that no other builder of this machine has for as long as
    somebody keeps the descriptor open. Begins to look at a place that comes from the builder's name. Raises
    BuilderError when all are taken.
    """
    os.makedirs(CLAIMS, mode=0o700, exist_ok=True)
    start = zlib.crc32(name.encode())
    for step in range(RANGES):
        number = (start + step) % RANGES
        descriptor = os.open(f'{CLAIMS}/{number}', os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return FIRST + number * RANGE, descriptor
        os.close(descriptor)
    raise BuilderError(f'all {RANGES} ranges of ids in {CLAIMS} are taken')


def user_namespace(inner, outer):
    """Descriptor of a new user namespace in which `inner` and the 65535 ids after it are `outer` and those after it
    here. Raises OSError."""
    reader, writer = os.pipe()
    done_reader, done_writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reader)
            os.close(done_writer)
            os.write(writer, b'\0' if LIBC.unshare(CLONE_NEWUSER) == 0 else bytes([ctypes.get_errno()]))
            os.read(done_reader, 1)  # until the parent has what it wants, or is gone
        finally:
            os._exit(0)
    os.close(writer)
    os.close(done_reader)
    try:
        number = os.read(reader, 1)
        if number != b'\0':
            number = number[0] if number else 0
            raise OSError(number, f'no user namespace: {os.strerror(number)}')
        for kind in ('uid', 'gid'):
            with open(f'/proc/{child}/{kind}_map', 'w', encoding='ascii') as file:
                file.write(f'{inner} {outer} {RANGE}\n')
        return os.open(f'/proc/{child}/ns/user', os.O_RDONLY | os.O_CLOEXEC)
    finally:
        os.close(reader)
        os.close(done_writer)
        os.waitpid(child, 0)


def mapped(source, namespace):
    """Descriptor of a mount, attached nowhere yet, of the folder `source` alone: what belongs there to the ids of the
    user namespace belongs in it to what these are outside. Raises OSError where the file system cannot."""
    tree = LIBC.syscall(SYS_OPEN_TREE, AT_FDCWD, os.fsencode(source), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC)
    _check(tree, f'open_tree {source}')
    try:
        attributes = (ctypes.c_uint64 * 4)(MOUNT_ATTR_IDMAP, 0, 0, namespace)
        size = ctypes.c_size_t(ctypes.sizeof(attributes))
        done = LIBC.syscall(SYS_MOUNT_SETATTR, tree, b'', AT_EMPTY_PATH, ctypes.byref(attributes), size)
        _check(done, f'mapped ids in {source}')
    except BaseException:
        os.close(tree)
        raise
    return tree


def mapped_of(process, source, namespace):
    """As `mapped`, of a folder as a process of another mount namespace sees it. Changes the current folder to /."""
    with contextlib.ExitStack() as opened:
        own, other = (os.open(f'/proc/{pid}/ns/mnt', os.O_RDONLY | os.O_CLOEXEC) for pid in ('self', process))
        opened.callback(os.close, own)
        opened.callback(os.close, other)
        _check(LIBC.setns(other, CLONE_NEWNS), 'setns')
        try:
            return mapped(source, namespace)
        finally:
            _check(LIBC.setns(own, CLONE_NEWNS), 'setns')


def mount_mapped(source, target, namespace):
    """Mounts at `target` what `mapped` makes of `source`."""
    tree = mapped(source, namespace)
    try:
        done = LIBC.syscall(SYS_MOVE_MOUNT, tree, b'', AT_FDCWD, os.fsencode(target), MOVE_MOUNT_F_EMPTY_PATH)
        _check(done, f'mount at {target}')
    finally:
        os.close(tree)


def become_root_of(namespace):
    """
    From now on this process and all that it starts are of the user namespace, and this one is its root. They have a
    copy of the mounts, of which they can undo none. Only for a process with a single thread.
    """
    _check(LIBC.setns(namespace, CLONE_NEWUSER), 'setns')
    _check(LIBC.unshare(CLONE_NEWNS), 'unshare mounts')
    os.setgroups([])
    os.setresgid(0, 0, 0)
    os.setresuid(0, 0, 0)


def _check(result, what):
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f'{what}: {os.strerror(number)}')
