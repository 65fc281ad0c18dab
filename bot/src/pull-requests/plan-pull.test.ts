import type { BuildRequest, BuiltChroot, ChrootName } from '@coppice/config';
import { expect, test } from 'vitest';
import { projectForTests } from '../../testing/project-for-tests.ts';
import type { Examined } from './examine-pull.ts';
import { inSandbox, planPull, preferSandbox } from './plan-pull.ts';

const chroot = 'sapling-12-x86_64' as ChrootName;

test('a sandbox has its own word on what it has built, and the project has it on the rest', () => {
  const built = (id: number, project: string, name: string): BuiltChroot => ({
    ...{ id, project, owner: 'acme', package: name, chroot, inputDigest: `d${id}`, state: 'succeeded', reason: null },
  });
  const all = [
    built(1, 'tools', 'lib'),
    built(2, 'tools:pr:7', 'lib'),
    // Newer than the sandbox's, and yet not what the pull request has.
    built(3, 'tools', 'lib'),
    built(4, 'tools', 'app'),
    built(5, 'tools:pr:8', 'app'),
    built(6, 'tools:pr:77', 'app'),
  ];
  const seen = preferSandbox(all, 'tools', 'tools:pr:7');
  expect(seen.map(({ id, project }) => `${project} ${id}`)).toEqual(['tools 2', 'tools 4']);
});

test('a request for a sandbox leaves the project as an input, after all that it states itself', () => {
  const request = { owner: 'acme', project: 'tools', repos: ['https://example.test/r/'] } as unknown as BuildRequest;
  expect(inSandbox(request, 7, [])).toEqual({
    ...{ owner: 'acme', project: 'tools:pr:7' },
    repos: ['https://example.test/r/', 'coppice://acme/tools'],
  });
  // It got another name on the default branch meanwhile.
  const stated = [projectForTests({ name: 'instruments', renamedFrom: 'acme/tools' })];
  expect(inSandbox(request, 7, [], stated).repos.at(-1)).toBe('coppice://acme/instruments');
});

test('a project that gets another name is planned after what was built under its former one', async () => {
  const built = { owner: 'st', project: 'one', package: 'hello', chroot, inputDigest: 'd', state: 'succeeded', id: 4 };
  const fates = [{ kind: 'renames', from: 'st/one', to: 'st/uno', chroots: [] }] as const;
  const packages = new Map([['st/uno', { all: ['hello'], changed: ['hello'] }]]);
  const wish = (await planPull(
    { ...{ fates, packages, known: { number: 4 } } } as unknown as Examined,
    { packages: [], chroots: [], force: false },
    true,
    { login: 'mia', request: '', batch: '' },
    {
      queue: { builds: () => [] },
      built: {
        lastOf: async (_: string, project: string) => (project === 'one' ? [built] : []),
        expectedSeconds: () => 1,
      },
      ...{ settings: {}, heads: { plan: async (_place: unknown, all: unknown) => all } },
    } as unknown as Parameters<typeof planPull>[4],
  )) as unknown as { built: ReadonlyMap<string, readonly BuiltChroot[]> };
  expect(wish.built.get('st/uno')).toEqual([{ ...built, project: 'uno' }]);
  const request = { owner: 'st', project: 'uno', repos: [] } as unknown as BuildRequest;
  expect(inSandbox(request, 4, fates).repos).toEqual(['coppice://st/one']);
});
