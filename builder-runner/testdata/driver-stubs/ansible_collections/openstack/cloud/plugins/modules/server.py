#!/usr/bin/python3
"""Stand-in for openstack.cloud.server: makes and deletes machines of the test's provider."""
import ast
import json
import os
import urllib.error
import urllib.request

import yaml
from ansible.module_utils.basic import AnsibleModule


def real_options(name):
    """What the real module's documentation says of its parameters, so that one that it does not know is refused here too."""
    path = f"{os.environ['COPPICE_TEST_COLLECTIONS']}/openstack/cloud/plugins/modules/{name}.py"
    with open(path, encoding='utf-8') as file:
        tree = ast.parse(file.read())
    text = next(node.value.value for node in tree.body if isinstance(node, ast.Assign) and node.targets[0].id == 'DOCUMENTATION')
    options = yaml.safe_load(text)['options']
    kept = ('type', 'required', 'choices', 'elements', 'aliases')
    spec = {key: {field: option[field] for field in kept if field in option} for key, option in options.items()}
    return {**spec, 'cloud': {'type': 'raw'}, 'region_name': {'type': 'str'}}


def ask(method, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(os.environ['COPPICE_TEST_PROVIDER'] + path, data=data, method=method)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def main():
    module = AnsibleModule(argument_spec=real_options('server'))
    given = module.params
    try:
        if given['state'] == 'absent':
            module.exit_json(changed=ask('DELETE', f"/machines/{given['name']}")['ended'])
        facts = {'metadata': given['meta'], 'image': given['image'], 'flavor': given['flavor']}
        ask('POST', '/machines', {'name': given['name'], 'userData': given['userdata'], 'facts': facts})
    except urllib.error.HTTPError as error:
        module.fail_json(msg=error.read().decode())
    module.exit_json(changed=True)


if __name__ == '__main__':
    main()
