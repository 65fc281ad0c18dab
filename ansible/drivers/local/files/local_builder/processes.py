"""Processes named by pid, start time and boot, so that a pid used again is never taken for ours; and how to end
them."""

import os
import select
import signal
import time


def _boot():
    with open('/proc/sys/kernel/random/boot_id', encoding='ascii') as file:
        return file.read().strip()


def _stat(pid):
    """(parent, state, start time in ticks) of a pid, or None; see proc(5). The name may hold spaces and brackets."""
    try:
        with open(f'/proc/{pid}/stat', encoding='utf-8', errors='replace') as file:
            fields = file.read().rpartition(')')[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return int(fields[1]), fields[0], int(fields[19])


def identify(pid):
    found = _stat(pid)
    return {'pid': pid, 'startTicks': found[2] if found else -1, 'boot': _boot()}


def alive(process):
    found = _stat(process['pid'])
    return bool(found) and found[1] != 'Z' and found[2] == process['startTicks'] and process['boot'] == _boot()


def children(pid):
    """Pids whose parent is `pid`."""
    pids = [int(name) for name in os.listdir('/proc') if name.isdigit()]
    return [child for child in pids if (found := _stat(child)) and found[0] == pid]


def descendants(pid):
    found = []
    waiting = [pid]
    while waiting:
        below = children(waiting.pop())
        found += below
        waiting += below
    return found


def end(processes, seconds=20):
    """
    Kills the processes, and everything below each. The first process of a pid namespace takes all others in it along; a
    keeper (plain.py) is the parent of last resort of all that came from it, so looking below it until nothing is left
    finds them all.
    """
    deadline = time.monotonic() + seconds
    for process in processes:
        while alive(process):
            below = descendants(process['pid'])
            for pid in below or [process['pid']]:
                kill(pid)
            _wait_for_end(below[:1] or [process['pid']], deadline)
            if time.monotonic() > deadline:
                raise TimeoutError(f"process {process['pid']} did not end within {seconds} s of being killed")


def kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def _wait_for_end(pids, deadline):
    for pid in pids:
        try:
            handle = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        try:
            select.select([handle], [], [], max(0, deadline - time.monotonic()))
        finally:
            os.close(handle)
