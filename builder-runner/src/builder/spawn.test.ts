import { expect, test } from 'vitest';
import { builderPrefix, machineArchitecture, parseLegacyAddress } from './spawn.ts';

test('a legacy playbook tells the address by IP=', () => {
  expect(parseLegacyAddress('TASK [x]\n"msg": "IP=192.0.2.7"\n')).toBe('192.0.2.7');
  expect(parseLegacyAddress('IP=-oProxyCommand=x')).toBeUndefined();
  expect(parseLegacyAddress('nothing')).toBeUndefined();
});

test('names of builders tell services apart and fit a driver', () => {
  expect(builderPrefix('/a')).not.toBe(builderPrefix('/b'));
  expect(`${builderPrefix('/a')}123456789-12-mws40had`).toMatch(/^[a-z0-9-]{1,48}$/);
  expect([machineArchitecture('i686'), machineArchitecture('aarch64')]).toEqual(['x86_64', 'aarch64']);
});
