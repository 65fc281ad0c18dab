import { expect, test } from 'vitest';
import { applyToPetitions, noPetitions, type PetitionOperation } from './petitions.ts';

const asked = (login: string, role: 'builder' | 'maintainer'): PetitionOperation => ({
  kind: 'asked',
  request: { login, role, project: 'acme/tools', url: '' },
});
const reported = (number: number, project: string | null): PetitionOperation => ({
  kind: 'reported',
  report: { number, by: 'x', text: 't', project, url: '' },
});
const after = (...operations: PetitionOperation[]) => operations.reduce(applyToPetitions, noPetitions);

test('a person has one request in a project: the last one', () => {
  const { rights } = after(asked('a', 'builder'), asked('b', 'builder'), asked('a', 'maintainer'));
  expect(rights.map(({ login, role }) => `${login} ${role}`)).toEqual(['b builder', 'a maintainer']);
});

test('a request that is settled is gone', () => {
  expect(after(asked('a', 'builder'), { kind: 'settled', login: 'a', project: 'acme/tools' }).rights).toEqual([]);
  expect(after(asked('a', 'builder'), { kind: 'settled', login: 'a', project: 'acme/games' }).rights).toHaveLength(1);
});

test('a flood of requests forgets the oldest', () => {
  const { rights } = after(...Array.from({ length: 1001 }, (_, at) => asked(`a${at}`, 'builder')));
  expect([rights.length, rights[0]?.login]).toEqual([1000, 'a1']);
});

test('a report that is worked off again is noted once, and resolving closes those of the project', () => {
  const open = after(reported(1, 'acme/tools'), reported(1, 'acme/tools'), reported(2, null));
  expect(open.reports.map(({ number }) => number)).toEqual([1, 2]);
  const closed = applyToPetitions(open, { kind: 'resolved', project: 'acme/tools' });
  expect([closed.reports.map(({ number }) => number), closed.lastReport]).toEqual([[2], 2]);
});
