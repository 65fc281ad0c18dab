"""A builder where no namespaces may be made: an sshd of the current user on an address of its own, under a keeper. It shares
this machine's files with its builds, so it is for packages that one trusts; list tells by `"isolation": "none"`."""
import ctypes
import os
import pwd
import socket
import subprocess
import sys

from . import processes, sshd
from .instances import BuilderError

ADDRESS = '127.0.0.2'
PR_SET_CHILD_SUBREAPER = 36  # prctl(2)


def start(instance, *, public_key, hidden, size):
    del hidden, size  # there is no way to hide or limit anything here
    user = pwd.getpwuid(os.geteuid()).pw_name
    log = instance.path('sshd.log')
    os.mkdir(instance.path('etc'), 0o700)
    with socket.socket() as held:
        held.bind((ADDRESS, 0))
        port = held.getsockname()[1]
    host_key = sshd.write_files(
        instance.path('etc'), address=ADDRESS, port=port, public_key=public_key, users=(user, 'mockbuild'), seen_as=instance.path('etc')
    )
    with open(log, 'wb') as log_file:
        keeper = subprocess.Popen(
            ['/usr/bin/python3', '-B', os.path.realpath(sys.argv[0]), 'keep', instance.folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log_file,
            start_new_session=True,
            cwd='/',
        )
    with keeper.stdin, keeper.stdout:
        if keeper.stdout.readline() != b'ready\n':
            raise BuilderError('cannot start the keeper of the builder')
        instance.save(processes=[processes.identify(keeper.pid)])
        keeper.stdin.write(b'go\n')
        keeper.stdin.close()
        sshd.wait_until_it_answers(ADDRESS, port, running=lambda: keeper.poll() is None, log=log)
    instance.save(host=ADDRESS, port=port, user=user, hostKey=host_key)


def keep(folder):
    """
    Parent of the SSH server, and of every process that comes from it and loses its own parent: so that all of them can be
    found when the builder is ended, detached builds too. Ends when the server does and nothing else is left.
    """
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), 'cannot become the reaper of orphans')
    print('ready', flush=True)
    if not sys.stdin.readline():
        return 1  # whoever spawned us is gone
    os.dup2(2, 1)
    if os.geteuid() == 0:
        os.makedirs('/run/sshd', 0o755, exist_ok=True)
    server = subprocess.Popen([sshd.PROGRAM, '-D', '-e', '-f', os.path.join(folder, 'etc', 'sshd_config')], stdin=subprocess.DEVNULL)
    while True:
        try:
            ended, _ = os.wait()
        except ChildProcessError:
            return 1
        if ended == server.pid:
            print('the SSH server ended', file=sys.stderr, flush=True)
