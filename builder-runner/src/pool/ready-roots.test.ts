import { describe, expect, test } from 'vitest';
import { isWorthMaking } from './ready-roots.ts';

describe('the base root of a new builder', () => {
  const ahead = { isAwaited: false, keepsRoots: false, isKept: false, wasTried: false };
  const awaited = { ...ahead, isAwaited: true };

  test('is made while nobody waits, each time', () => {
    expect(isWorthMaking(ahead)).toBe(true);
    expect(isWorthMaking({ ...ahead, keepsRoots: true, wasTried: true })).toBe(true);
  });

  test('is left to the build of who waits, where no later builder would have it', () => {
    expect(isWorthMaking(awaited)).toBe(false);
  });

  test('is made once although somebody waits, where all later builders have it', () => {
    expect(isWorthMaking({ ...awaited, keepsRoots: true })).toBe(true);
    expect(isWorthMaking({ ...awaited, keepsRoots: true, wasTried: true })).toBe(false);
  });

  test('is not made where it is kept already', () => {
    expect(isWorthMaking({ ...ahead, keepsRoots: true, isKept: true })).toBe(false);
    expect(isWorthMaking({ ...awaited, keepsRoots: true, isKept: true })).toBe(false);
  });
});
