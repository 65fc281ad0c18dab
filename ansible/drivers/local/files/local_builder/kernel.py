"""The two calls of prctl(2) that Python has no function for."""
import ctypes
import os

PR_CAPBSET_DROP = 24
PR_SET_CHILD_SUBREAPER = 36
# linux/capability.h. What a builder never needs of root's powers: the host's kernel, clock, logs, hardware and security
# modules.
DROPPED = {'sys_module': 16, 'sys_rawio': 17, 'sys_boot': 22, 'sys_time': 25, 'audit_control': 30, 'mac_override': 32}
DROPPED |= {'mac_admin': 33, 'syslog': 34, 'wake_alarm': 35, 'audit_read': 37, 'bpf': 39}


def adopt_orphans():
    """Descendants that lose their parent become children of this process."""
    _prctl(PR_SET_CHILD_SUBREAPER, 1)


def give_up_capabilities():
    """No program that this process starts from now on gets them, root or not."""
    with open('/proc/sys/kernel/cap_last_cap', encoding='ascii') as file:
        last = int(file.read())
    for number in DROPPED.values():
        if number <= last:
            _prctl(PR_CAPBSET_DROP, number)


def _prctl(option, value):
    if ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f'prctl({option}, {value}): {os.strerror(number)}')
