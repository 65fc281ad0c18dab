"""A builder as a small machine of its own: own processes, mounts, host name, a throw-away overlay of this machine's
files, and a network of its own that leads nowhere: it is reached by a listener that is handed in. Where the kernel can
map the ids of this machine's files, its users are nobody's on this machine and no other builder's."""

import contextlib
import os
import shutil
import subprocess
import sys

from . import first_process, id_map, roots, sshd
from .inside import become_builder

UNSHARE = ['unshare', '--net', '--mount', '--uts', '--ipc', '--pid', '--fork', '--kill-child']
SEEN_AS = '/etc/coppice-builder'
TRIED = f'{id_map.CLAIMS}/tried'


def possible():
    """Whether this process may make what a builder needs: namespaces, and an overlay of /."""
    if os.geteuid() != 0:
        return False
    trial = 'mount -t tmpfs none /mnt && mkdir /mnt/u /mnt/w && mount -t overlay -o lowerdir=/,upperdir=/mnt/u,workdir=/mnt/w none /mnt'
    trial += ' && mount -t proc proc /mnt/proc && ip link set lo up'
    done = subprocess.run([*UNSHARE, 'sh', '-c', trial], stdin=subprocess.DEVNULL, capture_output=True, check=False)
    return done.returncode == 0


def why_no_users():
    """Why builders cannot have users of their own, or None when they can: tries all that it takes, and notes for the
    next builders until the machine starts again that they can."""
    if os.geteuid() != 0:
        return 'only root can give them users'
    try:
        first, claim = id_map.claim_range('trial')
        with _closing(claim, id_map.user_namespace(0, first)) as (_, users):
            command = [*UNSHARE, '/usr/bin/python3', '-B', os.path.realpath(sys.argv[0]), 'try-users', str(users)]
            done = subprocess.run(
                command, pass_fds=[users], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
            )
    except OSError as problem:
        return str(problem)
    if done.returncode == 0:
        with open(TRIED, 'wb'):
            return None
    return (done.stderr.strip().splitlines() or [f'the trial ended with {done.returncode}'])[-1][:300]


def try_users(users):
    """In fresh namespaces: what a builder with users of its own, and mock-lite on it, do with mounts."""
    subprocess.run(['mount', '-t', 'tmpfs', 'trial', '/mnt'], check=True)
    for name in ('machine', 'upper', 'work', 'root'):
        os.mkdir(f'/mnt/{name}')
    id_map.mount_mapped('/', '/mnt/machine', users)
    folders = 'lowerdir=/mnt/machine,upperdir=/mnt/upper,workdir=/mnt/work'
    subprocess.run(['mount', '-t', 'overlay', '-o', folders, 'trial', '/mnt/root'], check=True)
    subprocess.run(['mount', '-t', 'proc', 'proc', '/proc'], check=True)
    id_map.become_root_of(users)
    if os.stat('/mnt/root/etc').st_uid != 0:
        raise OSError('what belongs to root does not belong to root of the user namespace')
    subprocess.run(['unshare', '--mount', '--pid', '--fork', 'mount', '-t', 'proc', 'proc', '/proc'], check=True)
    subprocess.run(['mount', '-t', 'tmpfs', 'trial', '/mnt'], check=True)
    os.makedirs('/mnt/lower/folder/old')
    for name in ('upper', 'work', 'root'):
        os.mkdir(f'/mnt/{name}')
    folders = 'userxattr,lowerdir=/mnt/lower,upperdir=/mnt/upper,workdir=/mnt/work'
    subprocess.run(['mount', '-t', 'overlay', '-o', folders, 'trial', '/mnt/root'], check=True)
    shutil.rmtree('/mnt/root/folder')
    os.mkdir('/mnt/root/folder')
    if os.listdir('/mnt/root/folder'):
        raise OSError('an overlay in a user namespace does not forget what was removed')


def start(instance, *, public_key, hidden, disk_mib, roots_folder, bounds):
    os.mkdir(instance.path('etc'), 0o700)
    host_key = sshd.write_files(
        instance.path('etc'), public_key=public_key, users=('root', 'mockbuild'), seen_as=SEEN_AS
    )
    orders = {
        'hostname': instance.record['instance'],
        'hidden': [os.path.realpath(path) for path in hidden if path],
        'diskMiB': disk_mib,
        'ownFilesBytes': bounds.own_files,
        'buildDiskBytes': bounds.disk_of_build(bool(instance.record.get('groups'))),
        'processesOfUser': None if instance.record.get('groups') else bounds.processes // 4,
        'roots': roots.kept(roots_folder),
        'firstId': 0,
        'users': None,
    }
    if (why := None if os.path.exists(TRIED) else why_no_users()) is not None:
        print(f'root of this builder is root of this machine: {why}', file=sys.stderr, flush=True)
        first_process.start(instance, UNSHARE, 'inside', orders)
    else:
        first, claim = id_map.claim_range(instance.record['instance'])
        instance.save(firstId=first)
        with _closing(claim, id_map.user_namespace(0, first)) as (_, users):
            orders = {**orders, 'firstId': first, 'users': users}
            # It is the first process that has the claim from now on.
            first_process.start(instance, UNSHARE, 'inside', orders, descriptors=(claim, users))
    instance.save(user='root', hostKey=host_key, roots=roots.confirmed(roots_folder))


@contextlib.contextmanager
def _closing(*descriptors):
    try:
        yield descriptors
    finally:
        for descriptor in descriptors:
            os.close(descriptor)


def inside(folder):
    """The first process within the namespaces."""
    orders, listener = first_process.take_orders()
    become_builder(folder, orders)
    sshd.serve(listener, f'{SEEN_AS}/sshd_config')
