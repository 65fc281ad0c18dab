#!/usr/bin/python3
"""Stand-in for openstack.cloud.server_info: shows machines of the test's provider as OpenStack shows servers."""
import fnmatch
import json
import os
import urllib.request

from ansible.module_utils.basic import AnsibleModule


def main():
    module = AnsibleModule(argument_spec={'cloud': {'type': 'raw'}, 'region_name': {'type': 'str'}, 'server': {'type': 'str'}})
    with urllib.request.urlopen(os.environ['COPPICE_TEST_PROVIDER'] + '/machines') as answer:
        machines = json.load(answer)
    servers = [
        {
            'name': machine['name'],
            'metadata': machine['facts']['metadata'],
            'created_at': '2026-01-01T00:00:00Z',
            'access_ipv4': '',
            'addresses': {'net': [{'addr': machine['address'], 'version': 4}]},
        }
        for machine in machines
        if fnmatch.fnmatch(machine['name'], module.params['server'])
    ]
    module.exit_json(changed=False, openstack_servers=servers)


if __name__ == '__main__':
    main()
