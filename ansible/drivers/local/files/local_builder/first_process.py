"""Starts the process that a builder stands and falls with, so that at no moment a builder exists that nobody could end:
the process waits for its orders, its identity is written down, and only then it gets them. If we die before, its orders
never come.
"""

import json
import os
import socket
import subprocess
import sys

from . import limits, processes, sshd
from .errors import BuilderError


def start(instance, wrapper, command, orders, descriptors=()):
    """Runs `local-builder COMMAND FOLDER` under `wrapper`, in the control groups of the instance, and returns when its
    SSH server answers. It has the descriptors under the same numbers, and nothing that it starts has them."""
    log = instance.path('sshd.log')
    listener = sshd.listen(instance.record['instance'])
    address = listener.getsockname()
    with open(log, 'wb') as log_file, listener:
        first = _popen(
            [*wrapper, '/usr/bin/python3', '-B', os.path.realpath(sys.argv[0]), command, instance.folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log_file,
            start_new_session=True,
            pass_fds=[listener.fileno(), *descriptors],
            cwd='/',
            preexec_fn=lambda: limits.join(instance.record.get('groups', [])),
        )
        number = listener.fileno()
    with first.stdin, first.stdout:
        if first.stdout.readline() != b'ready\n':
            raise BuilderError(f'cannot start the first process of the builder: {_text(log)}')
        instance.save(processes=[processes.identify(first.pid)], host=address[0], port=address[1])
        first.stdin.write(json.dumps({**orders, 'listener': number, 'descriptors': descriptors}).encode() + b'\n')
        first.stdin.close()
        sshd.wait_until_it_answers(address, running=lambda: first.poll() is None, log=log)


def _popen(command, **options):
    try:
        return subprocess.Popen(command, **options)
    except subprocess.SubprocessError as error:  # what went wrong between fork and exec
        raise BuilderError(f'the builder cannot enter its control groups: {error}') from error


def take_orders():
    """Called by the process that start() started: returns (orders, listener), or exits when there will be no orders."""
    print('ready', flush=True)
    line = sys.stdin.readline()
    if not line:
        sys.exit('whoever was making this builder is gone')
    os.dup2(2, 1)  # nobody reads our output any more
    orders = json.loads(line)
    listener = socket.socket(fileno=orders.pop('listener'))
    for descriptor in (listener.fileno(), *orders.pop('descriptors')):
        os.set_inheritable(descriptor, False)
    return orders, listener


def _text(path):
    with open(path, encoding='utf-8', errors='replace') as file:
        return file.read()[-1000:].strip() or 'no message'
