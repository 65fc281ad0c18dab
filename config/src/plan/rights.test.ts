import { expect, test } from 'vitest';
import { configOf, policyText, projectForTests } from '../../testing/config-for-tests.ts';
import { mayBuild } from '../words/project.ts';
import { whoMayBuild } from './rights.ts';

const { policy } = configOf({ 'coppice.yaml': policyText });

test('a bot with rights is nobody to be asked', () => {
  const project = projectForTests({ maintainers: ['Mia'], builders: ['renovate[bot]', 'bea', 'mia'] });
  expect(whoMayBuild(policy, project)).toEqual(['mia', 'bea', ...policy.admins]);
  expect(mayBuild(policy, project, 'renovate[bot]')).toBe(true);
});
