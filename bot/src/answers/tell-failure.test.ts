import { expect, test } from 'vitest';
import type { Github } from '../github/github.ts';
import type { Job } from '../vocabulary/job.ts';
import { createComplaints } from './tell-failure.ts';

const commit = 'a'.repeat(40);
const pressed = { kind: 'check', commit, actor: 'ada', actorId: 7, url: '' } as const;

test.each<[string, Job, readonly unknown[]]>([
  [
    'a run that GitHub began anew is ended',
    { ...pressed, wish: { kind: 'rerun', checkRunId: 7, externalId: `config/${commit}` } },
    [['updateCheck', 7, { status: 'completed', conclusion: 'failure', externalId: `config/${commit}` }, []]],
  ],
  [
    'so is the suite of a commit',
    { ...pressed, wish: { kind: 'all' } },
    [['createCheck', { commit, status: 'completed', conclusion: 'failure' }, []]],
  ],
  [
    'a check with another button goes on showing its build',
    { ...pressed, wish: { kind: 'button', checkRunId: 7, externalId: 'build/1/x', button: 'cancel' } },
    [],
  ],
  [
    'of text that asked for nothing nothing is said',
    { ...{ kind: 'misplaced', place: 'review', id: 5, on: { issue: 1 }, actor: 'ada' }, body: '/build', before: '' },
    [],
  ],
])('when a job cannot be worked off %s', async (_what, job, wanted) => {
  const calls: unknown[][] = [];
  const github = new Proxy({} as Github, {
    get:
      (_target, name) =>
      async (...told: unknown[]) =>
        void calls.push([name, ...told]),
  });
  const logged: string[] = [];
  const complain = createComplaints(github, 'https://builds.test', (_level, message) => logged.push(message));
  await complain('Delivery 1 could not be worked off', job, new Error('x'));
  expect(logged).toEqual(['Delivery 1 could not be worked off']);
  expect(calls).toHaveLength(wanted.length);
  expect(calls).toMatchObject(wanted);
});
