import { expect, test } from 'vitest';
import { mirrorFaults } from './mirror-fault.ts';

const state = { target: 's3://packages/', behindSince: null, files: 0, fault: undefined, comparedAt: null };
const since = '2026-01-02T03:04:05.000Z';
const fault = { since, failures: 3, message: 'its disk is full' };

test('a mirror that fails again and again is told: since when, how many changes, and why', () => {
  const [report] = mirrorFaults({ ...state, behindSince: since, files: 12, fault });
  expect(report).toMatchObject({ key: 'mirror', state: 'stands' });
  expect(report?.state === 'stands' && report.body).toMatch(/behind since 2026-01-02.*12 changes.*its disk is full/s);
});

test('nothing is said of no mirror, of one that was not seen whole yet, or of a first failure', () => {
  expect(mirrorFaults(undefined)).toEqual([]);
  expect(mirrorFaults(state)).toEqual([{ key: 'mirror', state: 'unknown' }]);
  expect(mirrorFaults({ ...state, fault: { ...fault, failures: 1 } })).toEqual([{ key: 'mirror', state: 'unknown' }]);
});

test('it is over when the mirror has all', () => {
  expect(mirrorFaults({ ...state, comparedAt: since })).toMatchObject([{ key: 'mirror', state: 'over' }]);
});
