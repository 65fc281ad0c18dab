import type { BuildSummary } from '@coppice/config';
import { expect, test } from 'vitest';
import { renderStatus, type StatusQuestion, selectBuilds, selectLeaving } from './status.ts';

const build: BuildSummary = {
  id: 7,
  owner: 'acme',
  project: 'tools',
  package: 'hello',
  state: 'failed',
  reason: 'check',
  chroots: [{ chroot: 'sapling-12-x86_64', state: 'failed', reason: 'check' }],
  requestedAt: '2026-01-02T03:04:05Z',
  startedAt: '2026-01-02T03:04:06Z',
  endedAt: '2026-01-02T03:04:09Z',
  url: '/acme/tools/build/7/',
};

test('a build is one row for each chroot, with its reason and the address of its page', () => {
  expect(
    renderStatus(
      [build],
      { generatedAt: '2026-01-02T03:04:05Z', builds: [], brokenPools: [] },
      'http://127.0.0.1:8080',
    ),
  ).toBe(
    [
      'build  project     package  chroot             state           page',
      '7      acme/tools  hello    sapling-12-x86_64  failed (check)  http://127.0.0.1:8080/acme/tools/build/7/',
    ].join('\n'),
  );
});

test.each<[string, Omit<StatusQuestion, 'json'>, number[]]>([
  ['nothing is asked', { states: [] }, [1, 2, 3]],
  ['a number', { id: 2, states: [] }, [2]],
  ['a project', { project: 'acme/tools', states: [] }, [1, 2]],
  ['an owner: all of its projects', { project: 'acme', states: [] }, [1, 2, 3]],
  ['a project that only begins so', { project: 'acme/tool', states: [] }, []],
  ['one of two states', { states: ['failed', 'running'] }, [1, 3]],
  ['a project and a state', { project: 'acme/tools', states: ['failed'] }, [1]],
  ['a number of another project', { id: 3, project: 'acme/tools', states: [] }, []],
])('of all builds those are shown that fit: %s', (_, question, ids) => {
  const builds: BuildSummary[] = [
    { ...build, id: 1 },
    { ...build, id: 2, state: 'succeeded', reason: null },
    { ...build, id: 3, project: 'other', state: 'running', reason: null },
  ];
  expect(selectBuilds(builds, question).map(({ id }) => id)).toEqual(ids);
});

test('projects that are leaving are told to who asks of them, of their owner, or of everything', () => {
  const leaving = ['acme/tools', 'acme/games', 'other/tools'].map((project) => ({
    ...{ project, deleteAt: '2026-01-31T15:04:05.000Z', commit: 'c0ffee', by: 'mia' },
  }));
  const told = (project?: string) => selectLeaving(leaving, project).map((one) => one.project);
  expect(told()).toEqual(['acme/tools', 'acme/games', 'other/tools']);
  expect(told('acme')).toEqual(['acme/tools', 'acme/games']);
  expect(told('other/tools')).toEqual(['other/tools']);
  expect(told('tools')).toEqual([]);
});
