"""Turns a process in fresh namespaces into a builder: its own view of the file system, then the powers that it does
without. Where ids can be mapped, root of the builder is nobody on this machine, and what was mounted until it came to
be it cannot undo."""

import contextlib
import ctypes
import os
import re
import resource
import shutil
import stat
import subprocess
import sys
import tempfile

from . import id_map, kernel, keyrings, roots

MNT_DETACH = 2
DEVICES = ('full', 'null', 'random', 'tty', 'urandom', 'zero')
COVERED = (
    ('/root', 0o700),
    ('/run', 0o755),
    ('/tmp', 0o1777),
    ('/var/tmp', 0o1777),
    ('/srv', 0o755),
    ('/mnt', 0o755),
    ('/media', 0o755),
)
ON_DISK = (('lib', '/var/lib/mock'), ('cache', '/var/cache/mock'), ('home', '/home'))
# Keys and passwords, and what people and programs of this machine have said.
SECRET = (
    '/etc/ssl/private',
    '/etc/pki/tls/private',
    '/etc/letsencrypt',
    '/var/spool',
    '/var/log',
    '/var/backups',
)
# Where programs of this machine, the service among them, keep folders that only they and root may read, however deep.
HOLDS_PRIVATE = ('/etc', '/opt', '/usr/local', '/var')
# What only root may read in /etc and a builder needs; the hashes are taken out of the last two.
KEPT_PRIVATE = ('/etc/sudoers', '/etc/sudoers.d', '/etc/shadow', '/etc/gshadow')


def run(*argv):
    subprocess.run(argv, check=True, stdin=subprocess.DEVNULL)


def become_builder(folder, orders):
    """Returns within the builder. Errors go to stderr, which is the builder's log on the host."""
    run('ip', 'link', 'set', 'lo', 'up')
    run('hostname', orders['hostname'])
    files = {name: read(os.path.join(folder, 'etc', name)) for name in ('host_key', 'authorized_keys', 'sshd_config')}
    root = make_root(folder, orders)
    enter(root)
    if orders['users'] is not None:
        id_map.become_root_of(orders['users'])
        kernel.end_with_parent()
        os.close(orders['users'])
        # What the kernel shows there belongs to this machine's root: rpm would fail to give it to the builder's.
        os.makedirs('/etc/rpm', 0o755, exist_ok=True)
        write('/etc/rpm/macros.coppice-users', '%_netsharedpath /proc:/sys\n')
    if orders['processesOfUser'] is not None:
        resource.setrlimit(resource.RLIMIT_NPROC, (orders['processesOfUser'],) * 2)
    write_identity(orders['hostname'])
    bound_builds(orders['buildDiskBytes'])
    os.mkdir('/run/sshd', 0o755)
    os.makedirs('/etc/coppice-builder', 0o755, exist_ok=True)
    for name, text in files.items():
        # The server reads the keys that open a user's account as that user.
        write(f'/etc/coppice-builder/{name}', text, 0o600 if name == 'host_key' else 0o644)
    keyrings.own_session()
    keyrings.refuse(may_leave_session=True)  # as each build does
    kernel.bound_capabilities()


def make_root(folder, orders):
    """Mounts the builder's file system below `folder` and returns its root. What is covered hides what the builder
    must not see."""
    owner = orders['firstId']
    run('mount', '--make-rprivate', '/')
    # The overlay's upper layer and all folders that cover the machine's, together. Builds go to a real folder.
    layers = os.path.join(folder, 'layers')
    os.mkdir(layers)
    run('mount', '-t', 'tmpfs', '-o', f'size={orders["ownFilesBytes"]},mode=0755', 'builder', layers)
    upper, work, root, lower = (os.path.join(layers, name) for name in ('upper', 'work', 'root', 'lower'))
    for path in (upper, work, root, lower):
        os.mkdir(path, 0o755)
        os.chown(path, owner, owner)
    machine = show('/', lower, orders['users'])
    run('mount', '-t', 'overlay', '-o', f'nodev,lowerdir={machine},upperdir={upper},workdir={work}', 'builder', root)
    if os.path.ismount('/usr'):  # an overlay of / does not reach into other file systems
        run('mount', '--bind', '-o', 'ro', show('/usr', f'{root}/usr', orders['users']), f'{root}/usr')

    disk = make_disk(folder, orders['diskMiB'])
    for name, target in ON_DISK:
        source = os.path.join(disk, name)
        os.makedirs(source, 0o755)
        os.chown(source, owner, owner)
        os.makedirs(root + target, exist_ok=True)
        run('mount', '--bind', source, root + target)
    roots.show(orders['roots'], root, owner, orders['users'])
    for target, mode in COVERED:
        cover(root, target, mode, owner)
    run('mount', '-t', 'proc', '-o', 'nosuid,nodev,noexec', 'proc', f'{root}/proc')
    run('mount', '-t', 'sysfs', '-o', 'ro,nosuid,nodev,noexec', 'sysfs', f'{root}/sys')
    make_devices(root, owner)
    own_mock_folder(root, owner)
    folders, files = private_things()
    for path in (*SECRET, *folders):
        if os.path.isdir(root + path):
            cover(root, path, 0o700, owner)
    for path in files:
        take_away(root, path)
    for path in orders['hidden']:  # last, since what was bound above may lie below one of them
        if os.path.isdir(root + path):
            cover(root, path, 0o700, owner)
    return root


def take_away(root, path):
    """Takes a file out of the builder's view: out of the overlay, or, in a file system that lies upon it and cannot be
    written to, by an empty one over it."""
    try:
        os.unlink(root + path)
    except FileNotFoundError:
        pass
    except OSError:
        empty = os.path.join(os.path.dirname(root), 'empty')
        os.close(os.open(empty, os.O_WRONLY | os.O_CREAT, 0o600))
        run('mount', '--bind', '-o', 'ro', empty, root + path)


def private_things():
    """Folders and files of this machine that others may not read, and that nothing else covers, as two lists."""
    seen_to = {*KEPT_PRIVATE, *SECRET, *(path for path, _ in COVERED), *(path for _, path in ON_DISK)}
    folders, files, _ = private_in('/', seen_to)
    for top in HOLDS_PRIVATE:
        if top not in folders:
            below = private_below(top, seen_to)
            folders += below[0]
            files += below[1]
    return folders, files


def private_below(top, seen_to):
    """Those at any depth, but for what lies in such folders; `seen_to` and what is below it left out."""
    folders, files = [], []
    ahead = [top]
    while ahead:
        private, private_files, readable = private_in(ahead.pop(), seen_to)
        folders += private
        files += private_files
        ahead += readable
    return folders, files


def private_in(parent, seen_to):
    """What is in one folder, as three lists: folders and files that others may not read, and folders that they may."""
    folders, files, readable = [], [], []
    with contextlib.suppress(FileNotFoundError), os.scandir(parent) as entries:
        for entry in entries:
            if entry.path in seen_to or entry.is_symlink():
                continue
            mode = entry.stat(follow_symlinks=False).st_mode
            if entry.is_dir(follow_symlinks=False):
                (readable if mode & 0o005 == 0o005 else folders).append(entry.path)
            elif stat.S_ISREG(mode) and not mode & 0o004:
                files.append(entry.path)
    return folders, files, readable


def show(source, target, users):
    """A folder of this machine as the builder's users may see it: as it is, or mapped to their ids at `target`."""
    if users is None:
        return source
    id_map.mount_mapped(source, target, users)
    return target


def make_disk(folder, mib):
    """
    A real file system for builds: their overlays cannot lie upon an overlay. It is a sparse image, so that a build can
    fill it and no more; where no loop device is to be had it is a folder without limit, and the log says so.
    """
    disk = os.path.join(folder, 'disk')
    image = f'{disk}.image'
    os.mkdir(disk)
    with open(image, 'wb') as file:
        file.truncate(mib * 1024 * 1024)
    try:
        run('mkfs.ext4', '-q', '-F', '-m', '0', '-O', '^has_journal', '-E', 'lazy_itable_init=1,nodiscard', image)
        run('mount', '-o', 'loop,nodev,noatime', image, disk)
    except (OSError, subprocess.CalledProcessError) as error:
        os.unlink(image)
        print(f'builds may fill the whole disk of this machine: {error}', file=sys.stderr, flush=True)
    return disk


def cover(root, target, mode, owner):
    """An empty folder over what is there; it lies in the same memory as the overlay's upper layer."""
    source = tempfile.mkdtemp(prefix='cover-', dir=os.path.dirname(root))
    os.chmod(source, mode)
    os.chown(source, owner, owner)
    os.makedirs(root + target, exist_ok=True)
    run('mount', '--bind', '-o', 'nosuid,nodev', source, root + target)


def make_devices(root, owner):
    dev = f'{root}/dev'
    run('mount', '-t', 'tmpfs', '-o', f'nosuid,size=64k,mode=0755,uid={owner},gid={owner}', 'dev', dev)
    for name in DEVICES:
        open(f'{dev}/{name}', 'wb').close()
        run('mount', '--bind', f'/dev/{name}', f'{dev}/{name}')
    os.mkdir(f'{dev}/pts')
    run('mount', '-t', 'devpts', '-o', 'newinstance,nosuid,noexec,ptmxmode=0666,mode=0620', 'devpts', f'{dev}/pts')
    cover(root, '/dev/shm', 0o1777, owner)
    for name, target in (
        ('ptmx', 'pts/ptmx'),
        ('fd', '/proc/self/fd'),
        ('stdin', '/proc/self/fd/0'),
        ('stdout', '/proc/self/fd/1'),
        ('stderr', '/proc/self/fd/2'),
    ):
        os.symlink(target, f'{dev}/{name}')


def own_mock_folder(root, owner):
    """
    A folder in the builder's file system in place of a link at /etc/mock: what that leads to may be where builders do
    not see it. Everybody may read what is copied of it; links in it stay links.
    """
    path = f'{root}/etc/mock'
    if not os.path.islink(path):
        return
    source = os.path.realpath('/etc/mock')
    os.unlink(path)
    if os.path.isdir(source):
        shutil.copytree(source, path, symlinks=True, ignore=private_names)
    else:
        os.mkdir(path, 0o755)
    for folder, _, names in os.walk(path):
        for each in (folder, *(os.path.join(folder, name) for name in names)):
            os.chown(each, owner, owner, follow_symlinks=False)


def private_names(folder, names):
    """Of what is in a folder, the names of all that is neither a link nor a file or folder that others may read."""
    readable = set()
    for name in names:
        mode = os.lstat(os.path.join(folder, name)).st_mode
        folder_or_file = (stat.S_ISDIR(mode) and mode & 0o005 == 0o005) or (stat.S_ISREG(mode) and mode & 0o004)
        if stat.S_ISLNK(mode) or folder_or_file:
            readable.add(name)
    return set(names) - readable


def bound_builds(disk_bytes):
    """
    mock and mock-lite read this before the configuration of each build; mock makes nothing of it. It keeps the time
    that it had: mock throws kept roots away when a configuration is newer than they are.
    """
    path = '/etc/mock/site-defaults.cfg'
    os.makedirs('/etc/mock', 0o755, exist_ok=True)
    there = os.path.exists(path)
    time = os.stat(path).st_mtime if there else 0
    before = f'{read(path)}\n' if there else ''
    write(path, f"{before}config_opts['coppice_disk_most_bytes'] = {disk_bytes}\n")
    os.utime(path, (time, time))


def write_identity(name):
    """Name and accounts, without password hashes."""
    write('/etc/hostname', f'{name}\n')
    write('/etc/hosts', f'127.0.0.1 localhost {name}\n::1 localhost\n')
    write('/etc/resolv.conf', '# A builder has no network of its own.\n')
    for file in ('shadow', 'gshadow'):
        path = f'/etc/{file}'
        if os.path.exists(path):
            # `*` is an account that no password opens; `!` would lock it for keys too.
            lines = [re.sub(r'^([^:]*):[^:]*', r'\1:*', line) for line in read(path).splitlines(keepends=True)]
            write(path, ''.join(lines), 0o600)


def read(path):
    with open(path, encoding='utf-8') as file:
        return file.read()


def write(path, text, mode=0o644):
    if os.path.islink(path):
        os.unlink(path)  # resolv.conf is often one, into a folder that is empty here
    with open(path, 'w', encoding='utf-8') as file:
        os.fchmod(file.fileno(), mode)
        file.write(text)


def enter(root):
    """Makes `root` the root and drops every mount of the host out of sight. From here on no program of the builder
    may be run as this machine's root: mount and umount there belong to the builder's, who is nobody here."""
    os.chdir(root)
    run('pivot_root', '.', 'mnt')
    os.chroot('.')
    os.chdir('/')
    if ctypes.CDLL(None, use_errno=True).umount2(b'/mnt', MNT_DETACH) != 0:
        raise OSError(ctypes.get_errno(), f'the machine is still mounted: {os.strerror(ctypes.get_errno())}')
