"""A builder as a small machine of its own: own processes, mounts, host name, a throw-away overlay of this machine's
files, and a network of its own that leads nowhere: it is reached by a listener that is handed in."""

import os
import subprocess

from . import first_process, roots, sshd
from .inside import become_builder

UNSHARE = ['unshare', '--net', '--mount', '--uts', '--ipc', '--pid', '--fork', '--kill-child']
SEEN_AS = '/etc/coppice-builder'


def possible():
    """Whether this process may make what a builder needs: namespaces, and an overlay of /."""
    if os.geteuid() != 0:
        return False
    trial = 'mount -t tmpfs none /mnt && mkdir /mnt/u /mnt/w && mount -t overlay -o lowerdir=/,upperdir=/mnt/u,workdir=/mnt/w none /mnt'
    trial += ' && mount -t proc proc /mnt/proc && ip link set lo up'
    done = subprocess.run([*UNSHARE, 'sh', '-c', trial], stdin=subprocess.DEVNULL, capture_output=True, check=False)
    return done.returncode == 0


def start(instance, *, public_key, hidden, disk_mib, roots_folder):
    os.mkdir(instance.path('etc'), 0o700)
    host_key = sshd.write_files(
        instance.path('etc'), public_key=public_key, users=('root', 'mockbuild'), seen_as=SEEN_AS
    )
    orders = {
        'hostname': instance.record['instance'],
        'hidden': [os.path.realpath(path) for path in hidden if path],
        'diskMiB': disk_mib,
        'roots': roots.kept(roots_folder),
    }
    first_process.start(instance, UNSHARE, 'inside', orders)
    instance.save(user='root', hostKey=host_key, roots=roots.confirmed(roots_folder))


def inside(folder):
    """The first process within the namespaces."""
    orders, listener = first_process.take_orders()
    become_builder(folder, orders)
    sshd.serve(listener, f'{SEEN_AS}/sshd_config')
