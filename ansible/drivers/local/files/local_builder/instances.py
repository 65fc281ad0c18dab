"""What is known of each builder: one folder with a record.json that is written before anything else is made, and is
complete enough at every moment for a half-made builder to be ended by somebody else."""

import contextlib
import datetime
import glob
import json
import os
import shutil
import time

from . import limits, processes
from .errors import BuilderError


def default_state_dir():
    if os.geteuid() == 0:
        return '/var/lib/coppice/builders'
    state = os.environ.get('XDG_STATE_HOME') or os.path.expanduser('~/.local/state')
    return os.path.join(state, 'coppice', 'builders')


class Instance:
    def __init__(self, folder, record):
        self.folder = folder
        self.record = record

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def save(self, **changes):
        self.record.update(changes)
        write_json(self.path('record.json'), self.record)

    def result(self):
        """The contract of a spawn playbook's result file: {instance, host, port, user, hostKey, arch}, and `roots`
        where some are kept."""
        result = {key: self.record.get(key) for key in ('instance', 'host', 'port', 'user', 'hostKey', 'arch')}
        return {**result, 'roots': self.record['roots']} if self.record.get('roots') else result

    def summary(self):
        record = self.record
        alive = any(processes.alive(process) for process in record['processes'])
        extra = ('createdAt', 'expiresAt', 'isolation')
        return {**self.result(), **{key: record.get(key) for key in extra}, 'alive': alive}


def create(state_dir, name, *, arch, isolation, lifetime):
    os.makedirs(state_dir, mode=0o711, exist_ok=True)
    folder = os.path.join(state_dir, name)
    try:
        os.mkdir(folder, 0o700)
    except FileExistsError:
        raise BuilderError(f'a builder {name} exists already: terminate it first') from None
    now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
    ends = (now + datetime.timedelta(seconds=lifetime)).isoformat() if lifetime else None
    instance = Instance(folder, {'instance': name, 'arch': arch, 'isolation': isolation})
    instance.save(createdAt=now.isoformat(), expiresAt=ends, processes=[])
    return instance


def load(state_dir, name):
    """The instance, or None. A folder without a readable record is a builder whose making ended at its very start."""
    folder = os.path.join(state_dir, name)
    if not os.path.isdir(folder):
        return None
    try:
        with open(os.path.join(folder, 'record.json'), encoding='utf-8') as file:
            record = json.load(file)
    except (FileNotFoundError, ValueError):
        record = {'instance': name, 'processes': []}
    return Instance(folder, record)


def every(state_dir):
    names = sorted(os.listdir(state_dir)) if os.path.isdir(state_dir) else []
    found = [load(state_dir, name) for name in names if not name.startswith('.')]
    return [instance.summary() for instance in found if instance]


def remove(state_dir, name):
    """Ends a builder and leaves no process, mount, namespace or folder; one that is gone already is no error."""
    instance = load(state_dir, name)
    if instance is None:
        return
    processes.end(instance.record['processes'])
    limits.remove(instance.record.get('groups', []))
    _wait_for_loop_devices(instance.folder)
    shutil.rmtree(instance.folder, onerror=_unless_gone)


def _wait_for_loop_devices(folder, seconds=10):
    """The kernel lets go of a builder's disk image on its own, shortly after the last process that saw it mounted."""
    deadline = time.monotonic() + seconds
    while any(file.startswith(folder + '/') for file in _loop_files()):
        if time.monotonic() > deadline:
            raise BuilderError(f'a loop device still holds an image in {folder}: see losetup --list')
        time.sleep(0.005)


def _loop_files():
    for file in glob.glob('/sys/block/loop*/loop/backing_file'):
        with contextlib.suppress(OSError), open(file, encoding='utf-8') as opened:  # let go of while we look
            yield opened.read().strip()


def _unless_gone(_function, path, info):
    if not isinstance(info[1], FileNotFoundError):
        raise BuilderError(f'cannot remove {path}: {info[1]}') from info[1]


def write_json(path, value):
    temporary = f'{path}.{os.getpid()}.new'
    with open(temporary, 'w', encoding='utf-8') as file:
        json.dump(value, file, indent=2)
        file.write('\n')
    os.replace(temporary, path)


def write_result(path, value):
    if path:
        write_json(path, value)
    else:
        print(json.dumps(value, indent=2))
