"""The calls of prctl(2) that Python has no function for."""

import ctypes
import os
import signal

PR_SET_PDEATHSIG = 1
PR_CAPBSET_DROP = 24
PR_SET_CHILD_SUBREAPER = 36
# linux/capability.h. What a builder needs of root's powers: own files, change users, mount and enter roots, bring up
# the loopback of a build's network, end processes. Not the host's kernel, devices, clock, logs, hardware, security
# modules.
KEPT = {'chown': 0, 'dac_override': 1, 'fowner': 3, 'fsetid': 4, 'kill': 5, 'setgid': 6, 'setuid': 7, 'setpcap': 8}
KEPT |= {'net_bind_service': 10, 'net_admin': 12, 'sys_chroot': 18, 'sys_ptrace': 19, 'sys_admin': 21}
KEPT |= {'audit_write': 29, 'setfcap': 31}


def adopt_orphans():
    """Descendants that lose their parent become children of this process."""
    _prctl(PR_SET_CHILD_SUBREAPER, 1)


def end_with_parent():
    """This process is killed when its parent ends. The kernel forgets that whenever a process gets other powers, so
    what unshare(1) --kill-child arranged does not outlast a change of the user namespace."""
    _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def bound_capabilities():
    """No program that this process starts from now on gets others than those kept, root or not."""
    with open('/proc/sys/kernel/cap_last_cap', encoding='ascii') as file:
        last = int(file.read())
    for number in set(range(last + 1)) - set(KEPT.values()):
        _prctl(PR_CAPBSET_DROP, number)


def _prctl(option, value):
    if ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f'prctl({option}, {value}): {os.strerror(number)}')
