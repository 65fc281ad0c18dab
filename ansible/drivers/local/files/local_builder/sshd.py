"""The SSH server of a builder: its keys, its configuration, serving connections, and waiting until it answers."""
import hashlib
import os
import signal
import socket
import subprocess
import time

from .errors import BuilderError

PROGRAM = '/usr/sbin/sshd'


def listen(name):
    """A listening socket on a loopback address that comes from the builder's name, and a free port."""
    digest = hashlib.sha256(name.encode()).digest()
    listener = socket.socket()
    listener.bind((f'127.{64 + digest[0] % 64}.{digest[1]}.{1 + digest[2] % 254}', 0))
    listener.listen(64)
    return listener


def serve(listener, config):
    """
    Gives each connection an sshd of its own, as inetd did, and never returns. The listener was made by whoever made the
    builder, so that it can be reached from this machine although the builder's network leads nowhere.
    """
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel then reaps our children, orphans of builds among them
    argv = [PROGRAM, '-i', '-e', '-f', config]
    environment = {'PATH': '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'LANG': 'C.UTF-8'}
    while True:
        connection, _ = listener.accept()
        with connection:
            onto = [(os.POSIX_SPAWN_DUP2, connection.fileno(), number) for number in (0, 1)]
            os.posix_spawn(PROGRAM, argv, environment, file_actions=onto, setsigdef=[signal.SIGCHLD], setsid=True)


def write_files(folder, *, public_key, users, seen_as):
    """
    Writes host key, authorized_keys and sshd_config into `folder`, which the server sees as `seen_as`; returns the
    public host key. Only remote forwarding is allowed: it is how the control host lends its repositories to a builder
    without network.
    """

    key = os.path.join(folder, 'host_key')
    if not os.path.exists(key):
        subprocess.run(
            ['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', key], check=True, stdin=subprocess.DEVNULL
        )
    with open(os.path.join(folder, 'authorized_keys'), 'w', encoding='utf-8') as file:
        file.write(public_key + '\n')
    options = {
        'HostKey': f'{seen_as}/host_key',
        'AuthorizedKeysFile': f'{seen_as}/authorized_keys .ssh/authorized_keys',
        'AllowUsers': ' '.join(users),
        'PermitRootLogin': 'prohibit-password',
        'AuthenticationMethods': 'publickey',
        'PasswordAuthentication': 'no',
        'KbdInteractiveAuthentication': 'no',
        'UsePAM': 'no',
        'StrictModes': 'no' if seen_as == folder else 'yes',  # a state folder may lie below a folder of a group
        'AllowTcpForwarding': 'remote',
        'AllowAgentForwarding': 'no',
        'AllowStreamLocalForwarding': 'no',
        'X11Forwarding': 'no',
        'PermitTunnel': 'no',
        'PermitUserEnvironment': 'no',
        'PrintMotd': 'no',
        'UseDNS': 'no',
        'MaxSessions': 64,
        'LoginGraceTime': 30,
        'Subsystem': 'sftp internal-sftp',
    }
    with open(os.path.join(folder, 'sshd_config'), 'w', encoding='utf-8') as file:
        file.writelines(f'{key} {value}\n' for key, value in options.items())
    with open(f'{key}.pub', encoding='utf-8') as file:
        return ' '.join(file.read().split()[:2])


def wait_until_it_answers(address, *, running, log, seconds=15):
    """Returns once the server sends its greeting; raises BuilderError with the log's end when it stops or stays
    silent."""
    deadline = time.monotonic() + seconds
    while running() and (left := deadline - time.monotonic()) > 0:
        try:
            # The listener is there already: this waits in its queue until the builder is made.
            with socket.create_connection(address, timeout=left) as connection:
                if connection.recv(4) == b'SSH-':
                    return
        except OSError:
            pass  # refused or cut off: the builder's first process ended, or is about to
        time.sleep(0.01)
    with open(log, encoding='utf-8', errors='replace') as file:
        end = file.read()[-1000:].strip()
    raise BuilderError(
        f'the SSH server of the builder does not answer at {address[0]} port {address[1]}: {end or "its log is empty"}'
    )
