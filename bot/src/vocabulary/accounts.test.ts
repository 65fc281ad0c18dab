import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type AccountOperation, type Accounts, applyToAccounts, otherAccount } from './accounts.ts';

const met = (login: string, id: number): AccountOperation => ({ kind: 'met', login, id });
const after = (...operations: AccountOperation[]): Accounts => operations.reduce(applyToAccounts, {});

test('the first account that uses rights keeps them, whatever the case of its login', () => {
  const accounts = after(met('Alice', 1), met('alice', 1));
  expect(accounts).toEqual({ alice: { trusted: 1, seen: 1 } });
  expect(otherAccount(accounts, 'ALICE')).toBeUndefined();
});

test('another account under the same login is told apart, until an admin trusts it or the first one is back', () => {
  const taken = after(met('alice', 1), met('alice', 2));
  expect(otherAccount(taken, 'alice')).toEqual({ trusted: 1, seen: 2 });
  expect(otherAccount(applyToAccounts(taken, { kind: 'trusted', login: 'alice' }), 'alice')).toBeUndefined();
  expect(otherAccount(applyToAccounts(taken, met('alice', 1)), 'alice')).toBeUndefined();
});

test('trusting somebody whom nobody has met changes nothing, nor does a login that is the name of a method', () => {
  expect(after({ kind: 'trusted', login: 'alice' })).toEqual({});
  expect(otherAccount({}, 'constructor')).toBeUndefined();
});

test('whatever is met, nothing but the word of an admin moves rights to another account', () => {
  const step = fc.record({ kind: fc.constant('met' as const), login: fc.constantFrom('a', 'b'), id: fc.nat(3) });
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const accounts = after(...steps);
      for (const login of ['a', 'b']) {
        const first = steps.find((one) => one.login === login);
        expect(accounts[login]?.trusted).toBe(first?.id);
      }
    }),
  );
});
