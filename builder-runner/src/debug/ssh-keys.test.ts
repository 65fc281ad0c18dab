import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readSshKeys } from './ssh-keys.ts';

const data = (kind: string, rest = 'the rest of the key') => {
  const name = Buffer.from(kind);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(name.length);
  return Buffer.concat([length, name, Buffer.from(rest)]).toString('base64');
};
const key = (kind: string, rest?: string) => `${kind} ${data(kind, rest)}`;

test('keys are taken without their comments, each once', () => {
  const [one, two] = [key('ssh-ed25519'), key('ecdsa-sha2-nistp256')];
  expect(readSshKeys([`${one} me@home`, two, ` ${one}\n`])).toEqual([one, two]);
});

test('what could say more to sshd than a key is not taken', () => {
  const good = data('ssh-ed25519');
  const lines = [
    `command="id" ssh-ed25519 ${good}`,
    `ssh-ed25519 ${good}\nssh-ed25519 ${good}`,
    `ssh-ed25519 ${good} x\ncert-authority ssh-rsa ${good}`,
    `ssh-rsa ${good}`,
    'ssh-ed25519 AAAA',
    'ssh-ed25519',
    key('ssh-dss'),
    key('ssh-ed25519-cert-v01@openssh.com'),
    key('ssh-rsa', 'x'.repeat(10_000)),
    '# no key',
    '',
  ];
  expect(readSshKeys(lines)).toEqual([]);
});

test('whatever comes in, each line that goes out is a kind and base64', () => {
  const parts = fc.constantFrom('ssh-ed25519', ' ', '"', '\n', '\r', data('ssh-ed25519'), 'restrict', ',', '=', '\0');
  const noise = fc.array(parts, { maxLength: 6 }).map((words) => words.join(''));
  // Mostly keys with something around them: noise alone is never one.
  const around = fc.tuple(fc.oneof(fc.constant(''), noise), fc.oneof(fc.constant(''), noise));
  const line = fc.oneof({ weight: 4, arbitrary: around.map(([a, b]) => `${a}${key('ssh-ed25519')}${b}`) }, noise);
  let read = 0;
  fc.assert(
    fc.property(fc.array(line, { maxLength: 30 }), (lines) => {
      const keys = readSshKeys(lines);
      read += keys.length;
      expect(keys.filter((one) => !/^ssh-ed25519 [A-Za-z0-9+/=]+$/.test(one))).toEqual([]);
    }),
  );
  expect(read).toBeGreaterThan(0);
});
