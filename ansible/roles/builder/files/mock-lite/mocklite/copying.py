"""--copyin and --copyout. A child process chroots first, so that no link that a build left leads out of the chroot;
files of the builder are opened with the rights of who called."""

import glob
import os
import shutil
import stat
import sys
from contextlib import contextmanager

from .errors import CommandError, RootError
from .logs import as_caller, complain

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC


@contextmanager
def as_root():
    yield


def copy_in(root, sources, target):
    """Copies files and folders of the caller's into the chroot: into `target` if that is a folder, else as it. What
    comes below the build user's home belongs to the build user, all else to root. Raises CommandError."""
    target = _inside(root, target)
    owner = (root.uid, root.gid) if os.path.join(target, "").startswith(os.path.join(root.home, "")) else (0, 0)
    opened = [(os.path.basename(os.path.abspath(source)), _open_source(source)) for source in sources]

    def work():
        into_folder = os.path.isdir(target)
        if len(opened) > 1 and not into_folder:
            raise CommandError(f"multiple source files and {target} is not a directory!")
        for name, descriptor in opened:
            folder, new = (target, name) if into_folder else os.path.split(target)
            place = os.open(folder or "/", FOLDER)
            _copy(descriptor, place, new, as_caller, as_root, owner)

    _in_chroot(root.path, work)
    for _, descriptor in opened:
        os.close(descriptor)


def copy_out(root, sources, target):
    """Copies files and folders (patterns with * and ? too) out of the chroot, as the caller's: into `target` if that
    is a folder, else as it. Raises CommandError."""
    target = os.path.abspath(target)
    into_folder = os.path.isdir(target)
    try:
        with as_caller():
            place = os.open(target if into_folder else os.path.dirname(target), FOLDER)
    except OSError as problem:
        raise CommandError(f"{problem.filename}: {problem.strerror}") from None

    def work():
        found = []
        for pattern in sources:
            matches = sorted(glob.glob(_inside(root, pattern)))
            if not matches:
                raise CommandError(f"{pattern} not found")
            found += matches
        if len(found) > 1 and not into_folder:
            raise CommandError(f"multiple source files and {target} is not a directory!")
        for path in found:
            new = os.path.basename(path.rstrip("/")) if into_folder else os.path.basename(target)
            _copy(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), place, new, as_root, as_caller, None)

    _in_chroot(root.path, work)
    os.close(place)


def _inside(root, path):
    """Absolute path in the chroot; `~` is the build user's home."""
    path = root.home + path[1:] if path == "~" or path.startswith("~/") else path
    return os.path.normpath("/" + path.lstrip("/"))


def _open_source(path):
    try:
        with as_caller():
            return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as problem:
        raise CommandError(f"{path}: {problem.strerror}") from None


def _copy(source, place, name, reading, writing, owner):
    """Copies what `source` (a descriptor) is to `name` in the folder `place` (a descriptor). Devices and pipes are
    left out."""
    kind = os.fstat(source).st_mode
    if stat.S_ISDIR(kind):
        with writing():
            os.mkdir(name, 0o755, dir_fd=place)
            folder = os.open(name, FOLDER | os.O_NOFOLLOW, dir_fd=place)
        _own(folder, owner)
        for entry in sorted(os.listdir(source)):
            _copy_entry(source, entry, folder, reading, writing, owner)
        os.close(folder)
    elif stat.S_ISREG(kind):
        with writing():
            made = os.open(name, NEW_FILE, stat.S_IMODE(kind) & 0o777 | stat.S_IWUSR, dir_fd=place)
        with os.fdopen(os.dup(source), "rb") as read, os.fdopen(made, "wb") as written:
            shutil.copyfileobj(read, written, 1 << 20)
            _own(made, owner)
    else:
        raise CommandError(f"{name} is neither a file nor a folder")


def _copy_entry(source, entry, folder, reading, writing, owner):
    kind = os.stat(entry, dir_fd=source, follow_symlinks=False).st_mode
    if stat.S_ISLNK(kind):
        with writing():
            os.symlink(os.readlink(entry, dir_fd=source), entry, dir_fd=folder)
        return
    if not (stat.S_ISREG(kind) or stat.S_ISDIR(kind)):
        return
    with reading():
        opened = os.open(entry, FILE, dir_fd=source)
    _copy(opened, folder, entry, reading, writing, owner)
    os.close(opened)


def _own(descriptor, owner):
    if owner is not None:
        os.fchown(descriptor, *owner)


def _in_chroot(path, work):
    """Does `work()` in a child process whose root is `path`. Raises CommandError with what went wrong there."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        code = 1
        try:
            os.chroot(path)
            os.chdir("/")
            os.umask(0o022)
            work()
            code = 0
        except (CommandError, OSError, RecursionError) as problem:
            text = f"{problem.filename}: {problem.strerror}" if isinstance(problem, OSError) else str(problem)
            os.write(writer, text.encode(errors="replace")[:4000])
            code = CommandError.code
        except BaseException as problem:  # a child must never go on as its parent
            complain(f"{type(problem).__name__}: {problem}")
        finally:
            sys.stdout.flush()
            os._exit(code)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        said = pipe.read().decode(errors="replace")
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code == CommandError.code:
        raise CommandError(said)
    if code != 0:
        raise RootError("copying broke off")
