import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ownMounts, startChild } from '../../testing/queue/child-for-tests.ts';
import { folderForTest } from '../../testing/queue/folder-for-tests.ts';
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

test('a builder is ended on a disk that is full: what it holds is what is missing', async () => {
  const [home, driver] = [await folderForTest(), await folderForTest()];
  const play = (tasks: object[]) =>
    JSON.stringify([{ hosts: 'localhost', connection: 'local', gather_facts: false, tasks }]);
  const copy = (content: string, dest: string) => ({ 'ansible.builtin.copy': { content, dest } });
  const told = { instance: '{{ instance }}', region: '{{ coppice_options.region }}' };
  await writeFile(join(driver, 'terminate.yml'), play([copy(JSON.stringify(told), join(driver, 'told.json'))]));
  const program = join(import.meta.dirname, '../../testing/end-on-full-disk.child.ts');
  const child = startChild('unshare', [...ownMounts, process.execPath, program, home, driver]);
  expect(await child.ended).toBe(0);
  const done = { isFull: true, told: { instance: 'i-1', region: 'here' }, isGone: true };
  expect(JSON.parse(child.lines.join('\n'))).toMatchObject(done);
}, 60_000);
