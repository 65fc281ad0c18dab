"""Turns a process in fresh namespaces into a builder: its own view of the file system, then powers that it does
without."""

import os
import re
import subprocess
import sys

from . import kernel, roots

DEVICES = ('full', 'null', 'random', 'tty', 'urandom', 'zero')
MEMORY_LIMIT = '2g'  # of the overlay's upper layer: packages and small files; builds go to a real folder


def run(*argv):
    subprocess.run(argv, check=True, stdin=subprocess.DEVNULL)


def become_builder(folder, orders):
    """Returns within the builder. Errors go to stderr, which is the builder's log on the host."""
    run('ip', 'link', 'set', 'lo', 'up')
    run('hostname', orders['hostname'])
    root = make_root(folder, orders)
    write_identity(root, orders['hostname'])
    enter(root)
    kernel.give_up_capabilities()


def make_root(folder, orders):
    """Mounts the builder's file system below `folder` and returns its root."""
    run('mount', '--make-rprivate', '/')
    layers = os.path.join(folder, 'layers')
    os.mkdir(layers)
    run('mount', '-t', 'tmpfs', '-o', f'size={MEMORY_LIMIT},mode=0755', 'builder', layers)
    upper, work, root = (os.path.join(layers, name) for name in ('upper', 'work', 'root'))
    for path in (upper, work, root):
        os.mkdir(path, 0o755)
    run('mount', '-t', 'overlay', '-o', f'nodev,lowerdir=/,upperdir={upper},workdir={work}', 'builder', root)
    if os.path.ismount('/usr'):  # an overlay of / does not reach into other file systems
        run('mount', '--bind', '-o', 'ro', '/usr', f'{root}/usr')

    disk = make_disk(folder, orders['diskMiB'])
    for name, target in (('lib', '/var/lib/mock'), ('cache', '/var/cache/mock'), ('home', '/home')):
        source = os.path.join(disk, name)
        os.makedirs(source, 0o755)
        os.makedirs(root + target, exist_ok=True)
        run('mount', '--bind', source, root + target)
    roots.show(orders['roots'], root)
    for target, mode in (
        ('/root', '0700'),
        ('/run', '0755'),
        ('/tmp', '1777'),
        ('/var/tmp', '1777'),
        ('/srv', '0755'),
        ('/mnt', '0755'),
        ('/media', '0755'),
    ):
        cover(root, target, mode)
    os.makedirs(f'{root}/run/sshd', 0o755)
    run('mount', '-t', 'proc', '-o', 'nosuid,nodev,noexec', 'proc', f'{root}/proc')
    run('mount', '-t', 'sysfs', '-o', 'ro,nosuid,nodev,noexec', 'sysfs', f'{root}/sys')
    make_devices(root)
    os.makedirs(f'{root}/etc/coppice-builder', 0o755)
    run(
        'cp',
        *(os.path.join(folder, 'etc', name) for name in ('host_key', 'authorized_keys', 'sshd_config')),
        f'{root}/etc/coppice-builder',
    )
    for path in orders['hidden']:  # last, since what was bound above may lie below one of them
        if os.path.isdir(root + path):
            cover(root, path, '0700')
    return root


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


def cover(root, target, mode):
    os.makedirs(root + target, exist_ok=True)
    run('mount', '-t', 'tmpfs', '-o', f'nosuid,nodev,size={MEMORY_LIMIT},mode={mode}', 'builder', root + target)


def make_devices(root):
    dev = f'{root}/dev'
    run('mount', '-t', 'tmpfs', '-o', 'nosuid,size=64k,mode=0755', 'dev', dev)
    for name in DEVICES:
        open(f'{dev}/{name}', 'wb').close()
        run('mount', '--bind', f'/dev/{name}', f'{dev}/{name}')
    os.mkdir(f'{dev}/pts')
    os.mkdir(f'{dev}/shm')
    run('mount', '-t', 'devpts', '-o', 'newinstance,nosuid,noexec,ptmxmode=0666,mode=0620', 'devpts', f'{dev}/pts')
    run('mount', '-t', 'tmpfs', '-o', 'nosuid,nodev,mode=1777', 'shm', f'{dev}/shm')
    for name, target in (
        ('ptmx', 'pts/ptmx'),
        ('fd', '/proc/self/fd'),
        ('stdin', '/proc/self/fd/0'),
        ('stdout', '/proc/self/fd/1'),
        ('stderr', '/proc/self/fd/2'),
    ):
        os.symlink(target, f'{dev}/{name}')


def write_identity(root, name):
    """Name and accounts. The host's secrets in /etc (password hashes, SSH and TLS keys) are taken out of the
    builder's view."""
    write(f'{root}/etc/hostname', f'{name}\n')
    write(f'{root}/etc/hosts', f'127.0.0.1 localhost {name}\n::1 localhost\n')
    write(f'{root}/etc/resolv.conf', '# A builder has no network of its own.\n')
    for file in ('shadow', 'gshadow'):
        path = f'{root}/etc/{file}'
        if os.path.exists(path):
            with open(path, encoding='utf-8') as old:
                # `*` is an account that no password opens; `!` would lock it for keys too.
                lines = [re.sub(r'^([^:]*):[^:]*', r'\1:*', line) for line in old]
            write(path, ''.join(lines), 0o600)
    for entry in os.listdir(f'{root}/etc/ssh') if os.path.isdir(f'{root}/etc/ssh') else ():
        if entry.startswith('ssh_host_'):
            os.unlink(f'{root}/etc/ssh/{entry}')
    for path in (
        '/etc/ssl/private',
        '/etc/pki/tls/private',
        '/etc/letsencrypt',
        '/var/spool',
        '/var/log',
        '/var/backups',
    ):
        if os.path.isdir(root + path):
            cover(root, path, '0700')


def write(path, text, mode=0o644):
    if os.path.islink(path):
        os.unlink(path)  # resolv.conf is often one, into a folder that is empty here
    with open(path, 'w', encoding='utf-8') as file:
        file.write(text)
    os.chmod(path, mode)


def enter(root):
    """Makes `root` the root and drops every mount of the host out of sight."""
    os.chdir(root)
    run('pivot_root', '.', 'mnt')
    os.chroot('.')
    os.chdir('/')
    run('umount', '--lazy', '/mnt')
