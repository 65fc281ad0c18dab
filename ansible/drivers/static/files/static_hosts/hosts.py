"""What an operator's options say of hosts. Pure."""
import os
import re

BUILD_USER = 'mockbuild'
PATTERNS = {
    'address': r'[A-Za-z0-9][A-Za-z0-9.:-]{0,252}',
    'user': r'[a-z_][a-z0-9_-]{0,31}',
    'hostKey': r'ssh-(ed25519|rsa) [A-Za-z0-9+/=]{40,1200}',
    'privateKeyFile': r'/.+',
}
KEYS = {*PATTERNS, 'port', 'architectures', 'labels'}


class HostError(Exception):
    """Something that the operator has to know; the message says what to do."""


def parse_hosts(options):
    """The hosts with defaults filled in; raises HostError that names every problem."""
    hosts = options.get('hosts')
    if not isinstance(hosts, list) or not hosts:
        raise HostError('the options of this driver need `hosts`: a list of {address, hostKey, …}')
    defaults = {
        'port': 22,
        'user': 'root',
        'architectures': [os.uname().machine],
        'labels': [],
        'privateKeyFile': options.get('privateKeyFile'),
    }
    problems = []
    parsed = []
    for number, given in enumerate(hosts):
        host = {**defaults, **given} if isinstance(given, dict) else {}
        problems += [f'hosts[{number}]: {problem}' for problem in _problems(host)]
        parsed.append(host)
    places = [(host.get('address'), host.get('port')) for host in parsed]
    problems += [
        f'host {address} port {port} stands there twice'
        for address, port in sorted({p for p in places if places.count(p) > 1}, key=str)
    ]
    if problems:
        raise HostError('; '.join(problems))
    return parsed


def _problems(host):
    if not host:
        return ['is not {address, hostKey, …}']
    problems = [f'{key} is not known' for key in sorted(set(host) - KEYS)]
    for key, pattern in PATTERNS.items():
        if not isinstance(host.get(key), str) or not re.fullmatch(pattern, host[key]):
            problems.append(f'{key} is missing' if host.get(key) is None else f'{key} {host[key]!r} is not good')
    if not isinstance(host['port'], int) or not 0 < host['port'] < 65536:
        problems.append(f"port {host['port']!r} is not a number from 1 to 65535")
    if host['user'] == BUILD_USER:
        problems.append(f'user {BUILD_USER} is whom builds run as: name root, or a user with sudo')
    for key in ('architectures', 'labels'):
        if not isinstance(host[key], list) or not all(isinstance(entry, str) for entry in host[key]):
            problems.append(f'{key} is not a list of words')
    return problems


def fitting(hosts, arch, labels):
    """Hosts of an architecture with all the labels; raises HostError when there never is one."""
    found = [host for host in hosts if arch in host['architectures'] and set(labels) <= set(host['labels'])]
    if not found:
        offered = sorted({entry for host in hosts for entry in host['architectures']})
        with_labels = f" with the labels {', '.join(labels)}" if labels else ''
        raise HostError(f"no host offers {arch}{with_labels}; the hosts offer {', '.join(offered)}")
    return found
