"""How much of this machine's memory and processes its builders may take, as control groups hold them to (cgroups(7)):
each builder has a group of its own below `coppice`, which bounds them all together. What lies in a tmpfs is memory, so
this bounds the disks of builds too. Version 2 of the interface, and version 1 where memory and pids are there."""

import contextlib
import os
import re
import time

from .errors import BuilderError

GROUP = 'coppice'
MIB = 1 << 20


class Limits:
    """What one builder may take, and all of this machine together; in bytes and processes."""

    def __init__(self, machine_bytes, memory_mib=0, processes=0):
        """`memory_mib` and `processes`: 0 for the defaults, half of the machine's memory and 8192."""
        self.memory = memory_mib * MIB or machine_bytes // 2
        self.processes = processes or 8192
        self.memory_of_all = max(machine_bytes * 4 // 5, self.memory)
        self.processes_of_all = max(4 * 8192, self.processes)

    def disk_of_build(self, has_groups):
        """What the file systems in memory of one build may hold. With `own_files` it leaves the builder's processes a
        quarter, so that a full disk is told as such and ends nothing else; where nothing bounds memory, so little that
        several builds at once leave the machine some."""
        return self.memory * 5 // 8 if has_groups else self.memory // 4

    @property
    def own_files(self):
        """What the builder's other file systems in memory may hold: packages and small files."""
        return min(2 << 30, self.memory // 8)


def machine_bytes():
    return os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE')


def groups(name):
    """
    The control groups that a builder of this name will have, as folders that are not made yet. Raises BuilderError
    that says why there can be none.
    """
    found = [f'{parent}/{GROUP}/{name}.{os.getpid()}' for parent in _parents()]
    unwritable = [path for path in found if not os.access(path.split(f'/{GROUP}/')[0], os.W_OK)]
    if unwritable:
        raise BuilderError(f'{os.path.dirname(os.path.dirname(unwritable[0]))} is read-only')
    return found


def make(folders, limits):
    """Makes what `groups` named. Raises OSError; what was made until then is for `remove`."""
    for folder in folders:
        parent = os.path.dirname(folder)
        is_v2 = _is_v2(os.path.dirname(parent))
        if is_v2:
            _hand_down(os.path.dirname(parent))
        for _ in range(10):
            with contextlib.suppress(FileNotFoundError):  # whoever ended the last builder has just removed the parent
                if not os.path.isdir(parent):
                    os.makedirs(parent, exist_ok=True)
                    _bound(parent, limits.memory_of_all, limits.processes_of_all)
                if is_v2:
                    _hand_down(parent)
                os.mkdir(folder)
                break
        _bound(folder, limits.memory, limits.processes)


def join(folders):
    """This process and all that it starts belong to the groups."""
    for folder in folders:
        _write(f'{folder}/cgroup.procs', 0)


def remove(folders, seconds=10):
    """Removes the groups of a builder whose processes have ended; those that are gone are no error."""
    deadline = time.monotonic() + seconds
    for folder in folders:
        while os.path.isdir(folder):
            try:
                os.rmdir(folder)
            except FileNotFoundError:
                break
            except OSError as error:  # the kernel lets go of the last process shortly after its end
                if time.monotonic() > deadline:
                    raise BuilderError(f'cannot remove the control group {folder}: {error.strerror}') from None
                time.sleep(0.005)
        with contextlib.suppress(OSError):  # others are there
            os.rmdir(os.path.dirname(folder))


def _parents():
    """Where groups of this machine's builders are made: one folder of version 2, or those of version 1 that hold memory
    and pids."""
    mounts = _mounts()
    for folder, kind, _ in mounts:
        if kind == 'cgroup2' and {'memory', 'pids'} <= set(_words(f'{folder}/cgroup.controllers')):
            return [_delegated(folder) or folder]
    first = [
        next((place for place, kind, options in mounts if kind == 'cgroup' and name in options), None)
        for name in ('memory', 'pids')
    ]
    if None in first:
        raise BuilderError('no control groups for memory and pids are mounted')
    return sorted(set(first))  # both may be held by one


def _mounts():
    """(mount point, type, options of the file system) of all control groups; see proc(5)."""
    found = []
    with open('/proc/self/mountinfo', encoding='utf-8', errors='replace') as file:
        for line in file:
            before, _, after = line.partition(' - ')
            kind, _, options = after.split(' ', 2)
            if kind in ('cgroup', 'cgroup2'):
                place = re.sub(r'\\([0-7]{3})', lambda match: chr(int(match[1], 8)), before.split(' ')[4])
                found.append((place, kind, options.strip().split(',')))
    return found


def _delegated(mount):
    """The group above ours, when systemd has handed it to us and holds our process in one below: a unit with
    `Delegate=yes` and `DelegateSubgroup=`."""
    with open('/proc/self/cgroup', encoding='utf-8') as file:
        own = next((line.strip()[3:] for line in file if line.startswith('0::')), '/')
    above = os.path.dirname(f'{mount}{own}')
    for name in ('trusted.delegate', 'user.delegate'):
        with contextlib.suppress(OSError):
            if os.getxattr(above, name) == b'1':
                return above
    return None


def _is_v2(folder):
    return os.path.exists(f'{folder}/cgroup.controllers')


def _hand_down(folder):
    """What is below the group can be bounded."""
    missing = {'memory', 'pids'} - set(_words(f'{folder}/cgroup.subtree_control'))
    if missing:
        _write(f'{folder}/cgroup.subtree_control', ' '.join(f'+{name}' for name in sorted(missing)))


def _bound(folder, memory, processes):
    for name, value in (
        ('memory.max', memory),
        ('memory.swap.max', 0),
        ('memory.limit_in_bytes', memory),
        ('memory.memsw.limit_in_bytes', memory),
        ('pids.max', processes),
    ):
        if os.path.exists(f'{folder}/{name}'):
            _write(f'{folder}/{name}', value)


def _words(path):
    with contextlib.suppress(FileNotFoundError), open(path, encoding='ascii') as file:
        return file.read().split()
    return []


def _write(path, value):
    with open(path, 'w', encoding='ascii') as file:
        file.write(f'{value}\n')
