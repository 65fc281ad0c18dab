"""Files inside a chroot in which strangers' code ran: opened one path component at a time, never through a link."""
import contextlib
import os
import shutil
import stat


@contextlib.contextmanager
def folder_below(root, path):
    """Descriptor of the folder `path` below `root`. Raises OSError if any part of it is a link."""
    descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for part in filter(None, path.split("/")):
            deeper = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = deeper
        yield descriptor
    finally:
        os.close(descriptor)


def write_below(root, path, source, uid, gid, mode=0o644):
    """Writes a new file, with just this mode, from a readable binary file; what was there is removed first."""
    folder, name = os.path.split(path)
    with folder_below(root, folder) as descriptor:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name, dir_fd=descriptor)
        made = os.open(
            name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode, dir_fd=descriptor
        )
        with os.fdopen(made, "wb") as target:
            shutil.copyfileobj(source, target, 1 << 20)
            os.fchown(target.fileno(), uid, gid)
            os.fchmod(target.fileno(), mode)


def regular_files_below(root, path, suffix):
    """Open binary files (name, file) of all regular files in a folder and the folders in it, two levels; links and
    devices are left out."""
    with folder_below(root, path) as descriptor:
        yield from _regular_files(descriptor, suffix, 2)


def _regular_files(descriptor, suffix, depth):
    for name in sorted(os.listdir(descriptor)):
        kind = os.stat(name, dir_fd=descriptor, follow_symlinks=False).st_mode
        if stat.S_ISREG(kind) and name.endswith(suffix):
            opened = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=descriptor)
            with os.fdopen(opened, "rb") as file:
                yield name, file
        elif stat.S_ISDIR(kind) and depth > 1:
            deeper = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=descriptor)
            try:
                yield from _regular_files(deeper, suffix, depth - 1)
            finally:
                os.close(deeper)
