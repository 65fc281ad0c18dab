"""The SSH server of a builder: its keys, its configuration, and waiting until it answers."""
import os
import socket
import subprocess
import time

from .instances import BuilderError

PROGRAM = '/usr/sbin/sshd'


def write_files(folder, *, address, port, public_key, users, seen_as):
    """
    Writes host key, authorized_keys and sshd_config into `folder`, which the server sees as `seen_as`; returns the public host
    key. Only remote forwarding is allowed: it is how the control host lends its repositories to a builder without network.
    """
    key = os.path.join(folder, 'host_key')
    if not os.path.exists(key):
        subprocess.run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', key], check=True, stdin=subprocess.DEVNULL)
    with open(os.path.join(folder, 'authorized_keys'), 'w', encoding='utf-8') as file:
        file.write(public_key + '\n')
    options = {
        'Port': port,
        'ListenAddress': address,
        'HostKey': f'{seen_as}/host_key',
        'AuthorizedKeysFile': f'{seen_as}/authorized_keys .ssh/authorized_keys',
        'PidFile': 'none',
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
        'MaxStartups': 64,
        'LoginGraceTime': 30,
        'Subsystem': 'sftp internal-sftp',
    }
    with open(os.path.join(folder, 'sshd_config'), 'w', encoding='utf-8') as file:
        file.writelines(f'{key} {value}\n' for key, value in options.items())
    with open(f'{key}.pub', encoding='utf-8') as file:
        return ' '.join(file.read().split()[:2])


def wait_until_it_answers(address, port, *, running, log, seconds=15):
    """Returns once the server sends its greeting; raises BuilderError with the log's end when it stops or stays silent."""
    deadline = time.monotonic() + seconds
    while running() and time.monotonic() < deadline:
        try:
            with socket.create_connection((address, port), timeout=1) as connection:
                if connection.recv(4) == b'SSH-':
                    return
        except OSError:
            pass  # not listening yet
        time.sleep(0.01)
    with open(log, encoding='utf-8', errors='replace') as file:
        end = file.read()[-1000:].strip()
    raise BuilderError(f'the SSH server of the builder does not answer at {address} port {port}: {end or "its log is empty"}')
