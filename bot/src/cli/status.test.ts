import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import type { BuildSummary, ProjectsJson } from '@coppice/config';
import { expect, test } from 'vitest';
import { renderStatus, type StatusQuestion, selectBuilds, selectLeaving, status } from './status.ts';

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

/** `coppice status` of a service elsewhere, which answers with these texts; no service has run in the home. */
const statusOf = async (
  answers: Readonly<Record<string, string | undefined>>,
  environment: Record<string, string> = {},
  question: Partial<StatusQuestion> = {},
) => {
  const server = http.createServer(({ url = '' }, response) => {
    const text = answers[url];
    response.writeHead(text === undefined ? 404 : 200).end(text);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const printed: string[] = [];
  const terminal = { print: (text: string) => void printed.push(text), say: (text: string) => void printed.push(text) };
  const COPPICE_URL = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  try {
    const home = { COPPICE_HOME: '/nonexistent', COPPICE_URL, ...environment };
    const code = await status(terminal, home, { states: [], json: false, ...question });
    return [...printed, `exit ${code}`].join('\n');
  } catch (error) {
    return String(error).replaceAll(COPPICE_URL, 'URL/');
  } finally {
    server.close();
    server.closeAllConnections();
  }
};

test('the address of a service is enough to ask it, and what is none is told in a sentence', async () => {
  const queue = JSON.stringify({ generatedAt: '2026-01-02T03:04:05Z', builds: [], brokenPools: [] });
  const projects = JSON.stringify({ configCommit: 'c0ffee', configRepository: 'acme/packages', projects: [] });
  const rest = { '/api/v1/queue.json': queue, '/api/v1/projects.json': projects };
  const both = { '/api/v1/builds.json': JSON.stringify({ builds: [build] }), ...rest };
  expect(await statusOf(both)).toContain('acme/tools/build/7/');
  expect(await statusOf({ ...both, '/api/v1/projects.json': undefined }), 'no config is in force').toContain(
    '/build/7/',
  );
  const page = { '/api/v1/builds.json': '<!doctype html>', ...rest };
  expect(await statusOf(page)).toBe(
    'ServiceError: URL/api/v1/builds.json is not what a service of Coppice answers. Is the address right?',
  );
  expect(await statusOf({})).toMatch(/^ServiceError: URL\/api\/v1\/(builds|queue)\.json answered 404/);
  for (const odd of ['builds.example.org', 'ftp://builds.example.org']) {
    expect(await statusOf(both, { COPPICE_URL: odd })).toContain(`not "${odd}".`);
  }
  expect(await statusOf(both, { COPPICE_URL: '' })).toContain('No service has run in /nonexistent.');
});

test('of many builds the newest fifteen are shown, and how one went is the exit code', async () => {
  const state = (id: number) => (id === 1 ? 'failed' : id === 2 ? 'running' : 'succeeded');
  const answersOf = (count: number) => {
    const builds = Array.from({ length: count }, (_, at) => ({
      ...build,
      id: at + 1,
      state: state(at + 1),
      reason: null,
    }));
    const leaving = { deleteAt: '2026-01-31T15:04:05.000Z', commit: 'c0', by: 'mia', statedAt: 'c1' };
    const entry: ProjectsJson['projects'][number] = {
      ...{ owner: 'acme', name: 'gone', description: '', instructions: '', homepage: null, contact: null },
      ...{ repos: [], network: false, repoOptions: { priority: null, moduleHotfixes: false } },
      ...{ chroots: [], chrootStates: {}, maintainers: ['mia'], builders: [], frozen: null, forkedFrom: null },
      ...{ pinned: false, deleteAfter: null, leaving, departed: [], keyFingerprint: null, keys: [], packages: [] },
    };
    const projects = { configCommit: 'c0ffee', configRepository: 'acme/packages', projects: [entry] };
    return {
      '/api/v1/builds.json': JSON.stringify({ builds }),
      '/api/v1/queue.json': JSON.stringify({ generatedAt: '2026-01-02T03:04:05Z', builds: [], brokenPools: [] }),
      '/api/v1/projects.json': JSON.stringify(projects),
    };
  };
  expect(await statusOf(answersOf(15))).not.toContain('--json prints all');
  expect(await statusOf(answersOf(17))).toMatch(/^2 more; --json prints all of them\.$/m);
  expect(await statusOf(answersOf(3))).toMatch(/^acme\/gone is deleted at .*\nexit 0$/m);
  for (const [id, code] of [
    [1, 1],
    [2, 0],
    [3, 0],
    [4, 1],
  ]) {
    const said = await statusOf(answersOf(3), {}, { id });
    expect([id, said.split('\n').at(-1)]).toEqual([id, `exit ${code}`]);
    expect(said).not.toContain('is deleted at');
  }
});
