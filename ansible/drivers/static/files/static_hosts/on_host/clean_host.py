"""Runs on a lent host as root: clean_host.py USER. Ends what the build user's builds left running and removes what
they left lying, so that the next builder, which may be another project's, finds nothing of them. Exit 1 when
something stays."""

import contextlib
import glob
import os
import pwd
import shutil
import signal
import subprocess
import sys
import time

MOCK = ('/var/lib/mock', '/var/cache/mock')
SHARED = ('/tmp', '/var/tmp', '/dev/shm')


def processes():
    """pid → (parent, owner, is it a build's); root's part of a build tells itself by where it lives or who called
    sudo."""
    table = {}
    for entry in os.listdir('/proc'):
        if not entry.isdigit():
            continue
        with contextlib.suppress(OSError):
            with open(f'/proc/{entry}/stat', encoding='utf-8', errors='replace') as file:
                fields = file.read().rpartition(')')[2].split()
            if fields[0] not in 'ZX':
                table[int(entry)] = (int(fields[1]), belongs(entry))
    return table


def belongs(pid):
    if os.stat(f'/proc/{pid}').st_uid == UID:
        return True
    with contextlib.suppress(OSError):
        if any(
            os.readlink(f'/proc/{pid}/{name}').startswith((*(f'{place}/' for place in MOCK), f'{HOME}/'))
            for name in ('root', 'cwd')
        ):
            return True
    with contextlib.suppress(OSError), open(f'/proc/{pid}/environ', 'rb') as file:
        return f'SUDO_UID={UID}'.encode() in file.read().split(b'\0')
    return False


def left_running():
    table = processes()
    found = {pid for pid, (_, ours) in table.items() if ours}
    while more := {pid for pid, (parent, _) in table.items() if parent in found} - found:
        found |= more
    return found - {os.getpid()}


def end_processes():
    for _ in range(100):
        found = left_running()
        if not found:
            return
        for pid in found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.05)
    sys.exit(f'processes of {USER} do not end: {sorted(found)}')


def unmount():
    with open('/proc/self/mounts', encoding='utf-8', errors='surrogateescape') as file:
        places = [line.split()[1].encode().decode('unicode_escape') for line in file]
    for place in reversed(places):
        if place.startswith(tuple(f'{top}/' for top in MOCK)):
            subprocess.run(['umount', '--lazy', '--', place], check=False)


def remove_inside(folder):
    """What is in it, not itself; it may be a mount point."""
    for name in os.listdir(folder) if os.path.isdir(folder) else ():
        remove(os.path.join(folder, name))


def remove(path):
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    else:
        os.unlink(path)


def main():
    end_processes()
    unmount()
    for folder in (*MOCK, HOME):
        remove_inside(folder)
    for folder in SHARED:
        for path in glob.glob(f'{folder}/*') + glob.glob(f'{folder}/.[!.]*'):
            with contextlib.suppress(FileNotFoundError):
                if os.lstat(path).st_uid == UID:
                    remove(path)
    for table in (f'/var/spool/cron/{USER}', f'/var/spool/cron/crontabs/{USER}'):
        if os.path.exists(table):
            remove(table)


USER = sys.argv[1]
try:
    ACCOUNT = pwd.getpwnam(USER)
except KeyError:
    sys.exit(0)  # never provisioned: no build ran here
UID, HOME = ACCOUNT.pw_uid, ACCOUNT.pw_dir.rstrip('/')
if UID == 0 or not HOME.startswith('/home/'):
    sys.exit(f'{USER} is not an account that the role made: its home is {HOME!r}')
main()
