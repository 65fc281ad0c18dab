import type { ChrootName } from '@coppice/config';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { buildCheckKey, configCheckKey, pullCheckKey, readCheckKey } from './check-key.ts';

const chroot = 'sapling-12-x86_64' as ChrootName;

describe('the external id of a check run', () => {
  test.each<[string, ReturnType<typeof readCheckKey>]>([
    [`build/42/${chroot}`, { kind: 'build', id: 42 as never, chroot }],
    [`pull/7/${'a'.repeat(40)}/some-delivery/0`, { kind: 'pull', number: 7 }],
    [`config/${'a'.repeat(40)}`, { kind: 'config' }],
    [`config/${'a'.repeat(40)}/again`, { kind: 'config' }],
    [`group/${'a'.repeat(40)}/again`, { kind: 'group', commit: 'a'.repeat(40) }],
    ['group/main', undefined],
    ['', undefined],
    ['build/42', undefined],
    ['build/42/../../etc', undefined],
    [`build/-1/${chroot}`, undefined],
    [`build/1e3/${chroot}`, undefined],
    ['pull/x/y', undefined],
    ['config/main', undefined],
    ['somebody else’s', undefined],
  ])('%s', (externalId, subject) => {
    expect(readCheckKey(externalId)).toEqual(subject);
  });

  const hex = fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: 40, maxLength: 40 });
  const anyNumber = fc.integer({ min: 1, max: 2 ** 31 });
  const chroots = fc.constantFrom(chroot, 'fedora-42-x86_64' as ChrootName, 'epel-9-ppc64le' as ChrootName);
  type Made =
    | { readonly kind: 'build'; readonly id: number; readonly chroot: ChrootName }
    | { readonly kind: 'config'; readonly commit: string; readonly batch: string | undefined }
    | { readonly kind: 'pull'; readonly number: number; readonly commit: string; readonly batch: string | undefined };
  const madeOf = (number: fc.Arbitrary<number>, commit: fc.Arbitrary<string>): fc.Arbitrary<Made> => {
    const joined = (...parts: fc.Arbitrary<string | number>[]) => fc.tuple(...parts).map((all) => all.join('/'));
    // As batches are: the names of work and of GitHub's deliveries, with the numbers of commands and checks behind
    // them.
    const batch = fc.option(
      fc.oneof(joined(number), joined(number, number), joined(fc.constant('pull'), number, commit)),
      { nil: undefined },
    );
    return fc.oneof(
      fc.record({ kind: fc.constant('build' as const), id: number, chroot: chroots }),
      fc.record({ kind: fc.constant('config' as const), commit, batch }),
      fc.record({ kind: fc.constant('pull' as const), number, commit, batch }),
    );
  };
  const keyOf = (one: Made): string => {
    if (one.kind === 'build') return buildCheckKey(one.id, one.chroot);
    if (one.kind === 'config') return configCheckKey(one.commit, one.batch);
    return pullCheckKey(one.number, one.commit, one.batch);
  };

  test('says what it was made of', () => {
    const subjectOf = (one: Made) => {
      if (one.kind === 'build') return { kind: one.kind, id: one.id, chroot: one.chroot };
      return one.kind === 'pull' ? { kind: one.kind, number: one.number } : { kind: one.kind };
    };
    fc.assert(
      fc.property(madeOf(anyNumber, hex), (one) => {
        expect(readCheckKey(keyOf(one))).toEqual(subjectOf(one));
      }),
    );
  });

  test('is the same for the same, and another for anything else', () => {
    // Of few values, so that many pairs differ in one of them alone.
    const few = madeOf(fc.constantFrom(1, 2), fc.constantFrom('a'.repeat(40), 'b'.repeat(40)));
    fc.assert(
      fc.property(few, few, (one, other) => {
        const same = JSON.stringify(Object.values(one)) === JSON.stringify(Object.values(other));
        expect(keyOf(one) === keyOf(other)).toBe(same);
      }),
      { numRuns: 2000 },
    );
  });
});
