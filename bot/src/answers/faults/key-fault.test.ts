import type { KeyNote } from '@coppice/config';
import { expect, test } from 'vitest';
import { keyFault } from './key-fault.ts';
import { faultOf } from './standing-faults.ts';

const now = Date.parse('2028-10-01T00:00:00.000Z');
const key = (role: KeyNote['role'], endsAt: string | null): KeyNote => ({
  ...{ fingerprint: 'A'.repeat(40), kind: 'rsa4096', role, signsFrom: null },
  endsAt: endsAt && `${endsAt}T00:00:00.000Z`,
});
const project = (name: string, ...keys: KeyNote[]) => ({ owner: 'acme', name, keys });

test('keys that end within 60 days are told in one issue, the first to end first, until another one follows', () => {
  const ends = project('tools', key('signing', '2028-11-29'), key('former', '2028-01-01'));
  const ended = project('libs', key('signing', '2028-09-30'));
  const fine = project('games', key('signing', '2028-12-01'));
  const endless = project('old', key('signing', null));
  expect(keyFault([], now).state).toBe('unknown');
  expect(keyFault([fine, endless], now).state).toBe('over');
  const one = keyFault([fine, endless, ends], now);
  expect(one).toMatchObject({
    state: 'stands',
    title: 'The signing key of acme/tools ends soon',
    body: expect.stringMatching(/^- `acme\/tools`: ends on 2028-11-29\n[\s\S]+coppice rotate-key acme\/tools\n/),
  });
  expect(keyFault([fine, endless, ends], now + 3_600_000), 'it is not edited all the time').toEqual(one);
  expect(keyFault([ends, ended], now)).toMatchObject({
    title: 'Signing keys of 2 projects end soon',
    body: expect.stringMatching(/^- `acme\/libs`: ended on 2028-09-30\n- `acme\/tools`/),
  });
  expect(keyFault([{ ...ends, keys: [...ends.keys, key('next', '2030-01-01')] }], now).state).toBe('over');
  expect(faultOf(`<!-- coppice-fault: ${one.key} -->`), 'an issue can carry the key').toBe(one.key);
});
