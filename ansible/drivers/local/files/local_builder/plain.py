"""A builder where no namespaces may be made: SSH as the current user on a loopback address of its own, under a keeper.
It shares this machine's files and network with its builds, so it is for packages that one trusts; list tells by
`"isolation": "none"`.
"""

import os
import pwd

from . import first_process, kernel, keyrings, sshd


def start(instance, *, public_key, hidden, disk_mib, roots_folder, bounds):
    del hidden, disk_mib, roots_folder, bounds  # nothing can be hidden, limited or mounted here
    user = pwd.getpwuid(os.geteuid()).pw_name
    os.mkdir(instance.path('etc'), 0o700)
    host_key = sshd.write_files(
        instance.path('etc'), public_key=public_key, users=(user, 'mockbuild'), seen_as=instance.path('etc')
    )
    if os.geteuid() == 0:
        os.makedirs('/run/sshd', 0o755, exist_ok=True)
    first_process.start(instance, [], 'keep', {})
    instance.save(user=user, hostKey=host_key)


def keep(folder):
    """
    Parent of the SSH servers, and of every process that comes from them and loses its own parent: so that all of them
    are found when the builder is ended, detached builds too.
    """
    _, listener = first_process.take_orders()
    kernel.adopt_orphans()
    keyrings.own_session()
    sshd.serve(listener, os.path.join(folder, 'etc', 'sshd_config'))
