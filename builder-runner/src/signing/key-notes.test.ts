import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type HeldKey, hasEnded, readListing, rolesOf } from './key-notes.ts';

const day = 86_400_000;
const start = Date.parse('2026-01-01T00:00:00.000Z');
const overlapSeconds = 7 * 86_400;
const key = (name: string, isSecret: boolean, madeDay: number, endsDay?: number): HeldKey => ({
  fingerprint: name.repeat(40),
  kind: 'rsa4096',
  madeAt: new Date(start + madeDay * day).toISOString(),
  endsAt: endsDay === undefined ? null : new Date(start + endsDay * day).toISOString(),
  isSecret,
});
const roles = (held: readonly HeldKey[], signing: string) =>
  rolesOf(held, signing.repeat(40), { overlapSeconds }).map(({ role, fingerprint, signsFrom }) =>
    [role, fingerprint.charAt(0), signsFrom?.slice(0, 10)].filter((part) => part !== undefined).join(' '),
  );

test('the key that signs comes first, then the next one with its day, then those that have signed', () => {
  const held = [key('A', false, 0), key('B', true, 10), key('C', true, 20)];
  expect(roles(held, 'B')).toEqual(['signing B', 'next C 2026-01-28', 'former A']);
  expect(roles(held.slice(0, 2), 'B')).toEqual(['signing B', 'former A']);
  expect(roles(held, 'D')).toEqual([]);
});

test('the next one signs a day before the present one ends, whatever the overlap', () => {
  expect(roles([key('A', true, 0, 24), key('B', true, 20)], 'A')).toEqual(['signing A', 'next B 2026-01-24']);
});

test('a secret that was left by a crash, of a key that has signed, is not the next one', () => {
  expect(roles([key('A', true, 0), key('B', true, 10)], 'B')).toEqual(['signing B', 'former A']);
});

test('whatever is held, every key has one role, and one signs', () => {
  const names = fc.uniqueArray(fc.constantFrom('A', 'B', 'C', 'D', 'E'), { minLength: 1 });
  fc.assert(
    fc.property(names, fc.nat(), fc.array(fc.boolean(), { minLength: 5, maxLength: 5 }), (some, pick, secret) => {
      const held = some.map((name, index) => key(name, secret[index] ?? true, index));
      const signing = some[pick % some.length] ?? '';
      const notes = rolesOf(held, signing.repeat(40), { overlapSeconds });
      expect(notes.map(({ fingerprint }) => fingerprint.charAt(0)).sort()).toEqual([...some].sort());
      expect(notes.filter(({ role }) => role === 'signing')).toMatchObject([{ fingerprint: signing.repeat(40) }]);
      expect(notes.filter(({ role }) => role === 'next').length).toBeLessThanOrEqual(1);
    }),
  );
});

test('what gpg lists is read with kinds and ends, subkeys left out', () => {
  const listing = `tru::1:1796024708:0:3:1:5
pub:u:4096:1:9DAFC41461E56042:1796024707:1859096707::u:::scSC::::::23::0:
fpr:::::::::${'A'.repeat(40)}:
uid:u::::1796024707::EA5C::acme/tools (Coppice)::::::::::0:
sub:u:2048:1:9DAFC41461E56043:1796024707:::::::e::::::23:
fpr:::::::::${'C'.repeat(40)}:
pub:u:255:22:52295F934B86C7E1:1796024708:::u:::scSC:::::ed25519:::0:
fpr:::::::::${'B'.repeat(40)}:
`;
  expect(readListing(listing)).toEqual([
    {
      fingerprint: 'A'.repeat(40),
      kind: 'rsa4096',
      madeAt: '2026-11-30T07:45:07.000Z',
      endsAt: '2028-11-29T07:45:07.000Z',
    },
    { fingerprint: 'B'.repeat(40), kind: 'ed25519', madeAt: '2026-11-30T07:45:08.000Z', endsAt: null },
  ]);
  expect(readListing('')).toEqual([]);
  expect(hasEnded({ endsAt: null }, start)).toBe(false);
});
