"""Who has which host: one file for each taken host, which is there in full or not at all, so that nothing is
forgotten by a restart and two that want one host at the same moment do not both get it."""

import datetime
import glob
import json
import os
import tempfile


def take(state_dir, host, name, arch, lifetime_seconds):
    """The new lease, or None when the host is taken."""
    os.makedirs(state_dir, mode=0o700, exist_ok=True)
    now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
    lease = {
        **{'instance': name, 'host': host['address'], 'port': host['port'], 'user': host['user']},
        **{'hostKey': host['hostKey'], 'arch': arch, 'createdAt': now.isoformat()},
        'expiresAt': (now + datetime.timedelta(seconds=lifetime_seconds)).isoformat() if lifetime_seconds else None,
        'lentHost': host,
    }
    handle, temporary = tempfile.mkstemp(prefix='.', dir=state_dir)
    try:
        with open(handle, 'w', encoding='utf-8') as file:
            json.dump(lease, file, indent=2)
            file.flush()
            os.fsync(file.fileno())
        os.link(temporary, _path(state_dir, host))
    except FileExistsError:
        return None
    finally:
        os.unlink(temporary)
    return lease


def give_back(state_dir, lease):
    try:
        os.unlink(_path(state_dir, lease['lentHost']))
    except FileNotFoundError:
        pass  # somebody else ended it at the same time


def every(state_dir):
    found = []
    for path in sorted(glob.glob(os.path.join(glob.escape(state_dir), '*.json'))):
        try:
            with open(path, encoding='utf-8') as file:
                found.append(json.load(file))
        except FileNotFoundError:
            pass  # given back while we look
    return found


def of(state_dir, name):
    return next((lease for lease in every(state_dir) if lease['instance'] == name), None)


def result(lease):
    """The contract of a spawn playbook's result file: {instance, host, port, user, hostKey, arch}."""
    return {key: lease[key] for key in ('instance', 'host', 'port', 'user', 'hostKey', 'arch')}


def summary(lease):
    return {**result(lease), 'createdAt': lease['createdAt'], 'expiresAt': lease['expiresAt']}


def _path(state_dir, host):
    return os.path.join(state_dir, f"{host['address'].replace(':', '_')}-{host['port']}.json")


def write_json(path, value):
    temporary = f'{path}.{os.getpid()}.new'
    with open(temporary, 'w', encoding='utf-8') as file:
        json.dump(value, file, indent=2)
        file.write('\n')
    os.replace(temporary, path)
