"""A builder as a small machine of its own: own network, processes, mounts, host name; a throw-away overlay of this machine's
files; no route to anywhere but the host's side of one private cable."""
import contextlib
import hashlib
import ipaddress
import json
import os
import subprocess
import sys

from . import instances, processes, sshd
from .inside import become_builder
from .instances import BuilderError

# RFC 2544's range for benchmarks: nobody routes it. Each builder has four addresses of it: net, host, builder, broadcast.
SUBNETS = ipaddress.ip_network('198.18.0.0/15')
UNSHARE = ['unshare', '--net', '--mount', '--uts', '--ipc', '--pid', '--fork', '--kill-child']


def run(*argv):
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BuilderError(f"`{' '.join(argv)}` ended with {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def possible():
    """Whether this process may make what a builder needs: namespaces, an overlay of / and a pair of interfaces."""
    if os.geteuid() != 0:
        return False
    trial = 'mount -t tmpfs none /mnt && mkdir /mnt/u /mnt/w && mount -t overlay -o lowerdir=/,upperdir=/mnt/u,workdir=/mnt/w none /mnt'
    trial += ' && ip link add cop0 type veth peer name cop1 && mount -t proc proc /mnt/proc'
    done = subprocess.run([*UNSHARE, 'sh', '-c', trial], stdin=subprocess.DEVNULL, capture_output=True, check=False)
    return done.returncode == 0


def interface_of(instance):
    """Interface names have 15 characters at most, and several state folders may live on one machine: a hash of both names."""
    return 'cop-' + hashlib.sha256(instance.folder.encode()).hexdigest()[:10]


def start(instance, *, public_key, hidden, size):
    os.mkdir(instance.path('etc'))
    host_key = sshd.write_files(
        instance.path('etc'),
        address='0.0.0.0',
        port=22,
        public_key=public_key,
        users=('root', 'mockbuild'),
        seen_as='/etc/coppice-builder',
    )
    log = instance.path('sshd.log')
    program = os.path.realpath(sys.argv[0])
    with open(log, 'wb') as log_file:
        first = subprocess.Popen(
            [*UNSHARE, '/usr/bin/python3', '-B', program, 'inside', instance.folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log_file,
            start_new_session=True,
            cwd='/',
            env={'PATH': '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'LANG': 'C.UTF-8'},
        )
    with first.stdin, first.stdout:
        if first.stdout.readline() != b'ready\n':
            raise BuilderError(f'cannot start a process in its own namespaces: {_end_of(log)}')
        # From here on the record names what must be ended; before, the process ends by itself when we do (its stdin closes).
        instance.save(processes=[processes.identify(first.pid)], interface=interface_of(instance))
        host_address, builder_address = connect(instance, first.pid)
        orders = {
            'hostname': instance.record['instance'],
            'hostAddress': host_address,
            'address': builder_address,
            'hidden': [os.path.realpath(path) for path in hidden if path],
            'size': size,
        }
        first.stdin.write(json.dumps(orders).encode() + b'\n')
        first.stdin.close()
        # Asking earlier costs a second: a lost ARP request is repeated only then.
        if first.stdout.readline() != b'set\n':
            raise BuilderError(f'cannot make the builder: {_end_of(log)}')
        sshd.wait_until_it_answers(builder_address, 22, running=lambda: first.poll() is None, log=log)
    instance.save(host=builder_address, port=22, user='root', hostKey=host_key)


def connect(instance, pid):
    """Lays the cable between this machine and the network namespace of `pid`; returns both addresses."""
    name = instance.record['interface']
    with instances.machine_lock():
        used = {
            address['local']
            for interface in json.loads(run('ip', '-json', '-4', 'address', 'show'))
            for address in interface.get('addr_info', ())
        }
        subnet = next((net for net in SUBNETS.subnets(new_prefix=30) if str(net[1]) not in used), None)
        if subnet is None:
            raise BuilderError(f'all subnets of {SUBNETS} are taken: terminate builders that are left over')
        run('ip', 'link', 'add', name, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', str(pid))
        run('ip', 'address', 'add', f'{subnet[1]}/30', 'dev', name)
        run('ip', 'link', 'set', name, 'up')
    return str(subnet[1]), str(subnet[2])


def remove_interface(name):
    """The other end goes with it. The kernel would do it too, but only some time after the namespace's last process."""
    if os.path.exists(f'/sys/class/net/{name}'):
        with contextlib.suppress(BuilderError):
            run('ip', 'link', 'delete', name)
        if os.path.exists(f'/sys/class/net/{name}'):
            raise BuilderError(f'cannot remove the network interface {name}')


def inside(folder):
    """The first process within the namespaces: waits for its orders, then turns into the SSH server."""
    print('ready', flush=True)
    line = sys.stdin.readline()
    if not line:
        return 1  # whoever spawned us is gone: nothing was made yet
    become_builder(folder, json.loads(line))
    return 1


def _end_of(log):
    with open(log, encoding='utf-8', errors='replace') as file:
        return file.read()[-1000:].strip() or 'no message'
