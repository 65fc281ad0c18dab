"""What is done on a lent host, over SSH with the operator's key and the host's pinned key."""
import os
import shlex
import subprocess
import tempfile

from .hosts import BUILD_USER

SECONDS = 120
HERE = os.path.dirname(os.path.realpath(__file__))


class Unreachable(Exception):
    """A host that did not do what it was asked; the message says which and why."""


def let_in(host, key, name):
    """Adds the builder's key to the host's user, in the place of any that an earlier builder left."""
    kind, material = key.split(' ')[:2]
    _run(host, 'authorize.py', [f'{kind} {material} coppice:{name}'])


def clean(host):
    """Ends and removes all that builds left, then takes every builder's key away."""
    _run(host, 'clean_host.py', [BUILD_USER], as_root=True)
    _run(host, 'authorize.py', [])


def _run(host, script, args, as_root=False):
    """Runs a Python script of ours there: Ansible needs Python on every builder anyway."""
    sudo = ['sudo', '-n'] if as_root and host['user'] != 'root' else []
    command = ' '.join(shlex.quote(word) for word in [*sudo, 'python3', '-', *args])
    with tempfile.NamedTemporaryFile('w', prefix='known-hosts-') as known, open(
        os.path.join(HERE, 'on_host', script), 'rb'
    ) as text:
        place = host['address'] if host['port'] == 22 else f"[{host['address']}]:{host['port']}"
        known.write(f"{place} {host['hostKey']}\n")
        known.flush()
        argv = ['ssh', '-F', '/dev/null', *_options(known.name, host['privateKeyFile'])]
        argv += ['-p', str(host['port']), '-l', host['user'], '--', host['address'], command]
        try:
            done = subprocess.run(argv, stdin=text, capture_output=True, timeout=SECONDS, check=False)
        except subprocess.TimeoutExpired:
            raise Unreachable(f"{host['address']} did not answer within {SECONDS} s") from None
    if done.returncode != 0:
        said = done.stderr.decode(errors='replace').strip().splitlines()
        raise Unreachable(f"{host['address']}: {said[-1] if said else f'exit code {done.returncode}'}")


def _options(known_hosts, key):
    options = {
        'UserKnownHostsFile': known_hosts,
        'GlobalKnownHostsFile': '/dev/null',
        'StrictHostKeyChecking': 'yes',
        'IdentityFile': f'"{key}"',
        'IdentitiesOnly': 'yes',
        'IdentityAgent': 'none',
        'BatchMode': 'yes',
        'ConnectTimeout': '15',
        'ServerAliveInterval': '10',
        'LogLevel': 'ERROR',
    }
    return [word for name, value in options.items() for word in ('-o', f'{name}={value}')]
