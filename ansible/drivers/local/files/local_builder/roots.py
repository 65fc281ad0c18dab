"""Base roots kept for all builders of this machine: what mock-lite or mock made on a builder that nobody had had, as a
file system image for each. A builder mounts all of them read-only: where its mock-lite looks for its own, or where
links in mock's cache lead; their names say what they are made of.

An image, and not a folder that is bound: root on a builder could make a bound folder writable again and leave
something in it for the builders of others, and a file that is mounted can be removed without harm to who has it."""

import contextlib
import fcntl
import os
import re
import subprocess
import sys
import tempfile
import time

from . import id_map, processes
from .errors import BuilderError

CACHE = '/var/cache/mock/mock-lite'
BASE = re.compile(r'base-[0-9a-f]{8,64}')
# mock writes into the folder of its archive, which therefore cannot be the image itself.
MOCK_CACHE = '/var/cache/mock'
MOCK_KEPT = '/var/cache/mock/kept'
MOCK_ROOT = re.compile(r'coppice-[A-Za-z0-9][A-Za-z0-9._+-]{0,150}')
ARCHIVE = 'root_cache/cache.tar'
# mock opens it in each root cache that it uses, also where the archive is a link.
MOCK_LOCK = 'root_cache/rootcache.lock'
# Of each chroot: what it is made of now, and before that.
MOST = 2
CONFIRMED_SECONDS = 3600
# What no builder was made for in so long goes.
FORGOTTEN_SECONDS = 30 * 86_400
SUFFIX = '.ext4'
NOTE = '.confirmed'


def keep(instance, folder, chroot):
    """
    Keeps the base roots that this builder has used, and notes that what `chroot` is made of now is kept. To be called
    only for a builder that nobody has had. Returns the names of those that are kept now; none where a builder shares
    this machine's files.
    """
    if instance.record.get('isolation') != 'namespaces':
        return []
    first = [
        pid
        for process in instance.record['processes']
        if processes.alive(process)
        for pid in processes.children(process['pid'])
    ]
    if not first:
        raise BuilderError('the builder is not there any more')
    root = f'/proc/{first[0]}/root'
    used = _used_by_mock_lite(root) + _used_by_mock(root, chroot)
    if not used:
        return []
    os.makedirs(folder, mode=0o755, exist_ok=True)
    with open(os.path.join(folder, 'lock'), 'wb') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for name in os.listdir(folder):
            if name.endswith('.new'):  # whoever was making it is gone: it had the lock
                os.unlink(os.path.join(folder, name))
        for name in used:
            image = os.path.join(folder, name + SUFFIX)
            if not os.path.exists(image) or _is_newer(root, name):
                _keep_image(first[0], _source_of(name), image, lock.fileno(), instance.record.get('firstId', 0))
        _note(folder, chroot, used)
        _forget_unneeded(folder)
    return used


def kept(folder):
    """Paths of the images that are there."""
    with contextlib.suppress(FileNotFoundError):
        return sorted(os.path.join(folder, name) for name in os.listdir(folder) if _base_of(name))
    return []


def confirmed(folder):
    """The chroots of which it was seen not long ago that their base root is kept."""
    found = []
    for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
        path = os.path.join(folder, name)
        if name.endswith(NOTE) and time.time() - os.stat(path).st_mtime < CONFIRMED_SECONDS:
            now = _noted(path)[:1]
            if now and os.path.exists(os.path.join(folder, now[0] + SUFFIX)):
                found.append(name.removesuffix(NOTE))
    return found


def _noted(path):
    """Names of a chroot's base roots, the one of now first."""
    with contextlib.suppress(FileNotFoundError), open(path, encoding='utf-8') as note:
        return note.read().split()
    return []


def _note(folder, chroot, used):
    path = os.path.join(folder, chroot + NOTE)
    names = list(dict.fromkeys([*used, *_noted(path)]))[: max(MOST, len(used))]
    with open(f'{path}.new', 'w', encoding='utf-8') as note:
        note.writelines(f'{name}\n' for name in names)
    os.rename(f'{path}.new', path)


def show(images, root, owner, users):
    """Mounts the images in the builder's file system, which is below `root`: as they are, or for `owner` with the ids
    of the user namespace `users`. One that cannot be is not there, and the log says why."""
    if images and users is not None:
        _make_folder(f'{root}{CACHE}', owner)
    for image in images:
        name = _base_of(os.path.basename(image))
        place = f'{CACHE}/{name}' if BASE.fullmatch(name) else f'{MOCK_KEPT}/{name}'
        os.makedirs(root + place)
        try:
            _mount(image, root + place, users)
        except (OSError, subprocess.CalledProcessError) as error:
            os.rmdir(root + place)  # an empty folder would be taken for a base root
            print(f'a kept base root is not to be had: {error}', file=sys.stderr, flush=True)
            continue
        if place.startswith(MOCK_KEPT):
            archive = f'{root}{MOCK_CACHE}/{name}/{ARCHIVE}'
            _make_folder(os.path.dirname(os.path.dirname(archive)), owner)
            _make_folder(os.path.dirname(archive), owner)
            os.symlink(f'{place}/{os.path.basename(ARCHIVE)}', archive)


def _make_folder(path, owner):
    os.makedirs(path, exist_ok=True)
    os.chown(path, owner, owner)


def _mount(image, target, users):
    if users is None:
        _mount_image(image, target)
        return
    place = tempfile.mkdtemp(prefix='image-')
    try:
        _mount_image(image, place)
        try:
            id_map.mount_mapped(place, target, users)
        finally:
            subprocess.run(['umount', place], check=True, stdin=subprocess.DEVNULL)
    finally:
        os.rmdir(place)


def _mount_image(image, place):
    subprocess.run(['mount', '-t', 'ext4', '-o', 'loop,ro,nodev', image, place], check=True, stdin=subprocess.DEVNULL)


def _used_by_mock_lite(root):
    cache = f'{root}{CACHE}'
    return [name for name in _folders(cache, BASE) if os.path.exists(f"{cache}/{name.replace('base-', 'used-', 1)}")]


def _used_by_mock(root, chroot):
    """Those of the chroot of which mock has made an archive, or used the link to a kept one: each builder has links to
    those of all chroots."""
    cache = f'{root}{MOCK_CACHE}'
    own = re.compile(f'coppice-{re.escape(chroot)}-[0-9a-f]{{12}}')

    def is_used(name):
        archive = f'{cache}/{name}/{ARCHIVE}'
        if os.path.islink(archive):
            return os.path.exists(f'{cache}/{name}/{MOCK_LOCK}')
        return os.path.exists(archive)

    return [name for name in _folders(cache, own) if is_used(name)]


def _source_of(name):
    """The folder, on a builder, of which an image is made."""
    return f'{CACHE}/{name}' if BASE.fullmatch(name) else f'{MOCK_CACHE}/{name}/{os.path.dirname(ARCHIVE)}'


def _is_newer(root, name):
    """Whether mock has made the root anew on this builder: names of mock-lite's say what packages they hold."""
    return not BASE.fullmatch(name) and not os.path.islink(f'{root}{MOCK_CACHE}/{name}/{ARCHIVE}')


def _folders(cache, pattern):
    with contextlib.suppress(FileNotFoundError):
        return sorted(
            entry.name
            for entry in os.scandir(cache)
            if pattern.fullmatch(entry.name) and entry.is_dir(follow_symlinks=False)
        )
    return []


def _base_of(name):
    """`base-….ext4` → `base-…`, `coppice-….ext4` → `coppice-…`; None for all else."""
    base = name.removesuffix(SUFFIX)
    return base if name.endswith(SUFFIX) and (BASE.fullmatch(base) or MOCK_ROOT.fullmatch(base)) else None


def _keep_image(process, source, image, lock, first_id):
    """The image of a folder as the process sees it; what is root's there, `first_id` here, belongs to 0 in it."""
    if first_id == 0:
        _make_image(f'/proc/{process}/root{source}', image, lock)
        return
    with contextlib.ExitStack() as opened:
        namespace = id_map.user_namespace(first_id, 0)
        opened.callback(os.close, namespace)
        folder = id_map.mapped_of(process, source, namespace)
        opened.callback(os.close, folder)
        _make_image(f'/proc/self/fd/{folder}', image, lock, folder)


def _make_image(source, image, *descriptors):
    """Under another name until it is whole and on the disk. What fills the image has the descriptors: the lock stays
    locked as long as it runs."""
    new = f'{image}.new'
    size, files = _measure(source)
    try:
        with open(new, 'wb') as file:
            file.truncate(size + files * 512 + (64 << 20))
        options = [
            '-q',
            '-F',
            '-m',
            '0',
            '-O',
            '^has_journal',
            '-N',
            str(files + 1024),
            '-E',
            'lazy_itable_init=1,nodiscard',
        ]
        _run(['mkfs.ext4', *options, '-d', source, new], descriptors)
        _run(['debugfs', '-w', '-R', 'rmdir lost+found', new], descriptors)  # no root of mock-lite's own has one
        with open(new, 'rb') as file:
            os.fsync(file.fileno())
        os.rename(new, image)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(new)
        raise


def _run(command, descriptors):
    environment = {**os.environ, 'PATH': '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'}
    done = subprocess.run(
        command,
        pass_fds=descriptors,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise OSError(f'{command[0]}: {done.stderr.strip()[-300:]}')


def _measure(folder):
    """(bytes in blocks of 4096 with a margin for what says where they lie, number of files) of all that is below a
    folder."""
    size = files = 0
    for path, folders, names in os.walk(folder):
        for name in (*folders, *names):
            files += 1
            size += (os.lstat(os.path.join(path, name)).st_size // 4096 + 1) * 4096
    return size + size // 20, files


def _forget_unneeded(folder):
    """Images that are no chroot's, or of a chroot that nobody has asked for in long."""
    needed = set()
    for name in os.listdir(folder):
        path = os.path.join(folder, name)
        if not name.endswith(NOTE):
            continue
        if time.time() - os.stat(path).st_mtime < FORGOTTEN_SECONDS:
            needed.update(_noted(path))
        else:
            os.unlink(path)
    for image in kept(folder):
        if _base_of(os.path.basename(image)) not in needed:
            os.unlink(image)
