import {
  type BuildId,
  type ChrootName,
  type PinnedSource,
  type Plan,
  type Project,
  parseConfigRepo,
  plainBuildroot,
} from '@coppice/config';
import { expect, test } from 'vitest';
import type { BuildView, ChrootView } from '../vocabulary/build-view.ts';
import { explainBuild, explainPackage, type Subject } from './explain.ts';

const url = 'https://coppice.example';
const sapling = 'sapling-12-x86_64' as ChrootName;
const failed: ChrootView = {
  chroot: sapling,
  state: 'failed',
  phase: null,
  reason: 'timeout',
  message: 'mock took longer than 1 h. @everybody',
  excerpt: ['```', '@everybody'],
  packages: [],
  startedAt: null,
  endedAt: null,
};
const build: BuildView = {
  id: 7 as BuildId,
  owner: 'acme',
  project: 'tools',
  package: 'hello',
  requestedBy: 'bea',
  state: 'failed',
  chroots: [failed],
};
const stated = parseConfigRepo({
  texts: new Map([
    ['coppice.yaml', `admins: [root]\nchroots: [${sapling}]\n`],
    ['projects/acme/tools.yaml', `maintainers: [a]\nchroots: [${sapling}]\n`],
  ]),
  oversize: new Map(),
  paths: new Set(['coppice.yaml', 'projects/acme/tools.yaml']),
});
const source = (commit: string): PinnedSource => ({
  type: 'git',
  url: 'https://example.org/hello.git',
  ref: 'main',
  commit,
});
const nothing: Plan = { builds: [], skipped: [], unknown: [], cycles: [], expectedSeconds: null };
const changed: Plan = {
  ...nothing,
  builds: [
    {
      ...{ owner: 'acme', project: 'tools', package: 'hello', source: source('b'.repeat(40)) },
      chroots: [
        { chroot: sapling, inputDigest: 'x', cause: 'changed', buildroot: plainBuildroot, expectedSeconds: null },
      ],
      ...{ after: [], afterBuilds: [], timeoutSeconds: 60, memoryBytes: null, background: false, builderLabels: [] },
    },
  ],
};
const explained = (more: Partial<Subject>) =>
  explainPackage(
    {
      project: (stated.ok ? stated.value.projects[0] : undefined) as Project,
      package: 'hello',
      plan: nothing,
      builds: [build],
      lastSource: source('a'.repeat(40)),
      needs: new Map(),
      waiting: '',
      ...more,
    },
    url,
  );

test('a package whose source has moved on', () => {
  expect(
    explained({
      plan: changed,
      needs: new Map([
        ['libgreet', 'succeeded'],
        ['motd', undefined],
      ]),
    }),
  ).toMatchInlineSnapshot(`
    "\`acme/tools/hello\` would be built now.

    - \`sapling-12-x86_64\`: its source has changed from https:​//example.org/hello.git main at aaaaaaaaaaaa to https:​//example.org/hello.git main at bbbbbbbbbbbb since build 7.

    It needs \`libgreet\` (succeeded), \`motd\` (never built).

    Its last build is [7](https://coppice.example/acme/tools/build/7/): It failed.

    - \`hello\` for \`sapling-12-x86_64\` failed (timeout): mock took longer than 1 h. @​everybody ([log](https://coppice.example/acme/tools/build/7/sapling-12-x86_64/))

    \`\`\`\`text
    \`\`\`
    @everybody
    \`\`\`\`


    Next: \`/build acme/tools/hello\` builds it."
  `);
});

test('what was tested is said to be taken over: when users see it is for the project to say', () => {
  const [build] = changed.builds;
  const chroots = build?.chroots.map((one) => ({ ...one, cause: 'promoted' as const })) ?? [];
  const plan = { ...changed, builds: changed.builds.map((one) => ({ ...one, chroots })) };
  expect(explained({ plan })).toContain('`sapling-12-x86_64`: what was tested of its pull request is taken over.');
});

test('the same source under another chroot, repositories or options', () => {
  expect(explained({ plan: changed, lastSource: source('b'.repeat(40)) })).toContain('its source is the same, but');
});

test('a package that failed and has not changed', () => {
  const why = 'failed in build 7 with the same inputs; `/build hello` builds it again';
  const skipped = [{ owner: 'acme', project: 'tools', package: 'hello', chroot: sapling, why }];
  expect(explained({ plan: { ...nothing, skipped } })).toMatchInlineSnapshot(`
    "\`acme/tools/hello\` would not be built now.

    - \`sapling-12-x86_64\`: failed in build 7 with the same inputs; \`/build hello\` builds it again

    Its last build is [7](https://coppice.example/acme/tools/build/7/): It failed.

    - \`hello\` for \`sapling-12-x86_64\` failed (timeout): mock took longer than 1 h. @​everybody ([log](https://coppice.example/acme/tools/build/7/sapling-12-x86_64/))

    \`\`\`\`text
    \`\`\`
    @everybody
    \`\`\`\`


    Next: give it more time: \`timeout\` of the package, or \`/build acme/tools/hello --timeout 4h\`."
  `);
});

test('a build that waits for others', () => {
  const waiting = {
    ...build,
    chroots: [{ ...failed, state: 'pending', reason: null, message: null, excerpt: [] } as const],
  };
  expect(explainBuild(waiting, [5, 6], url)).toContain('It waits for build 5, build 6.');
});

test('a build that is not over is explained by how to follow and how to stop it', () => {
  const running: BuildView = { ...build, state: 'running', chroots: [{ ...failed, state: 'running', reason: null }] };
  expect(explainBuild(running, [5], url)).toMatch(
    /0 of 1 done\.[\s\S]*It waits for build 5\.[\s\S]*Next: `\/status 7` shows how far it is, `\/cancel 7` stops it\.$/,
  );
});

test('of a package that waits to be published, that comes next', () => {
  const waiting = '`hello` waits for `/publish acme/tools`: users do not see that yet.';
  expect(explained({ builds: [], waiting })).toContain(
    `Next: ${waiting} \`/build acme/tools/hello\` builds it once more.`,
  );
  expect(explained({ plan: changed, waiting })).toContain(`builds it. Before that, ${waiting}`);
});

test('of an RPM that another package makes already no part of the spec is named', () => {
  const [one] = build.chroots;
  if (one === undefined) throw new Error('there is no chroot');
  const message = 'stone-copy (build 7) has a package stone in this repository already. Users would get either.';
  const failed = { ...one, state: 'failed', reason: 'packaging', message, excerpt: [] } as const;
  const text = explainBuild({ ...build, state: 'failed', chroots: [failed] }, [], url);
  expect(text).toContain('Next: see to it that only one package of the project makes it');
  expect(text).not.toContain('%install');
});
