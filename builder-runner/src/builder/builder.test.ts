import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { complaintOf } from './playbook.ts';
import { builderPrefix, machineArchitecture, parseLegacyAddress } from './spawn.ts';
import { shellWords } from './ssh.ts';

test('any arguments arrive unchanged through a shell', () => {
  const word = fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\0'));
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 4 }), (words) => {
      const line = shellWords(['printf', '%s\\0', ...words]);
      const printed = execFileSync('sh', ['-c', line], { encoding: 'utf8' });
      expect(printed.split('\0').slice(0, -1)).toEqual(words);
    }),
    { numRuns: 30 },
  );
});

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

test("a failed playbook is described in its task's words", () => {
  const output =
    'PLAY [x]\nfatal: [localhost]: FAILED! => {"msg": "non-zero return code", "stderr": "local-builder: \\"no\\" room"}\n';
  expect(complaintOf(output)).toBe('non-zero return code: local-builder: "no" room');
});

test('so it is when Ansible prints the result over several lines, as it does for assertions', () => {
  const output = `TASK [assert] ****
fatal: [localhost]: FAILED! => {
    "assertion": "room",
    "changed": false,
    "evaluated_to": false,
    "msg": "the quota is used up"
}

PLAY RECAP ****
localhost : ok=0 changed=0 failed=1
`;
  expect(complaintOf(output)).toBe('the quota is used up');
});
