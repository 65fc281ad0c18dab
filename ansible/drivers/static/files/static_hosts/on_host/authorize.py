"""Runs on a lent host as the user whom the operator named: authorize.py [LINE]. Takes the keys of all builders out of
authorized_keys, then adds LINE. The operator's own keys stay as they are."""
import os
import re
import sys

os.umask(0o077)
folder = os.path.expanduser('~/.ssh')
path = os.path.join(folder, 'authorized_keys')
os.makedirs(folder, exist_ok=True)
old = open(path, encoding='utf-8', errors='surrogateescape').read() if os.path.exists(path) else ''
kept = [line for line in old.splitlines() if not re.search(r' coppice:[a-z0-9-]+$', line)]
new = ''.join(f'{line}\n' for line in kept + sys.argv[1:])
if new != old:
    # The file's mode and owner stay; whoever looks while we write sees the old file or the new one.
    fresh = f'{path}.coppice'
    with open(fresh, 'w', encoding='utf-8', errors='surrogateescape') as file:
        file.write(new)
    os.replace(fresh, os.path.realpath(path))
