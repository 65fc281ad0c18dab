import type { BuildId, ConfigRepo, Project } from '@coppice/config';
import { describe, expect, test } from 'vitest';
import { chrootForTests, packageForTests, projectForTests } from '../../../testing/project-for-tests.ts';
import type { BuildView } from '../../vocabulary/build-view.ts';
import { noPetitions, type Petitions } from '../../vocabulary/petitions.ts';
import { parseCommandLine } from '../read/parse-comment.ts';
import type { Situation } from './action.ts';
import { decide } from './decide.ts';

const sapling = chrootForTests;
const project = (name: string, builders: string[], packages: string[]): Project =>
  projectForTests({
    name,
    maintainers: [`${name}-maintainer`],
    builders,
    packages: packages.map((each) => packageForTests(each)),
    path: `projects/acme/${name}.yaml`,
  });
const config: ConfigRepo = {
  policy: {
    admins: ['Root'],
    chroots: [sapling],
    chrootStates: new Map([[sapling, { state: 'active', keepUntil: null }]]),
    limits: {
      timeoutSeconds: 1,
      maximumTimeoutSeconds: 1,
      diskBytes: 1,
      sourceBytes: 1,
      memoryBytes: null,
      maximumMemoryBytes: null,
      perOwner: null,
      perChroot: new Map(),
      perArchitecture: new Map(),
    },
    allow: { network: false, repos: [], isolation: [] },
    signing: { lifeSeconds: 1, overlapSeconds: 1 },
    retention: {
      ...{ failedSeconds: 1, supersededSeconds: 1, failedBuilds: null, supersededBuilds: null },
      pullRequestsSeconds: 1,
      removedSeconds: 1,
    },
  },
  projects: [project('tools', ['bea'], ['hello', 'shared']), project('games', ['gus'], ['chess', 'shared'])],
};
const build = (state: BuildView['state']): BuildView => ({
  id: 7 as BuildId,
  owner: 'acme',
  project: 'tools',
  package: 'hello',
  requestedBy: 'bea',
  state,
  chroots: [
    {
      chroot: sapling,
      state,
      phase: null,
      reason: null,
      message: null,
      excerpt: [],
      packages: [],
      startedAt: null,
      endedAt: null,
    },
  ],
});

const twoChroots: ConfigRepo = {
  ...config,
  projects: config.projects.map((one) => ({ ...one, chroots: [sapling, 'other-1-x86_64' as typeof sapling] })),
};

const asks = (actor: string, line: string, more: Partial<Situation> = {}) => {
  const command = parseCommandLine(line);
  if (command === undefined) throw new Error(`${line} is no command`);
  const situation = {
    actor,
    comment: 'https://github.example/1',
    petitions: noPetitions,
    config,
    admins: config.policy.admins,
    leaving: [],
    departed: [],
    onPullRequest: false,
    live: [],
    named: new Map(),
    isOther: (login: string) => login === 'taken',
    url: 'https://coppice.example',
    ...more,
  };
  const action = decide(command, situation);
  switch (action.kind) {
    case 'say': {
      const noted = action.petitions.map(({ kind }) => kind);
      return `${action.good ? 'says' : 'refuses'}${noted.length === 0 ? '' : ` (${noted})`}: ${action.markdown}`;
    }
    case 'cancel':
      return `cancels ${action.ids}${action.ended.length === 0 ? '' : `, not ${action.ended}`}`;
    case 'build':
    case 'plan': {
      const what = action.selections.map((one) => `${one.project}[${one.packages}]`).join(' ');
      return `${action.kind}s ${what}${action.force ? ' forced' : ''}`;
    }
    case 'rebuild':
      return `rebuilds ${action.builds.map(({ id }) => id)}`;
    case 'status-of-projects':
      return `says, with what waits of ${action.projects.map(({ name }) => name)}: ${action.markdown}`;
    case 'status':
    case 'explain':
      return `${action.kind} of ${action.package}`;
    case 'debug':
      return `debugs ${action.build.id} ${action.chroot}`;
    case 'end-debug':
      return `ends debugging ${action.build.id}`;
    case 'delete-build':
      return `deletes ${action.build.id}`;
    case 'publish':
      return `publishes ${action.project.name} [${action.chroots}]`;
    case 'rollback':
      return `rolls ${action.project.name} back to ${action.to} [${action.chroots}]`;
    case 'trust':
      return `trusts ${action.login}`;
    case 'take-away':
      return `takes ${action.project} away`;
    case 'edit': {
      const { kind, ...rest } = action.edit;
      return `${kind} ${Object.values(rest).join(' ')}`;
    }
  }
};

test('that another account has a login now only an admin may accept', () => {
  expect(asks('root', '/approve @taken')).toBe('trusts taken');
  expect(asks('bea', '/approve @Taken')).toMatch(/^refuses: `taken` is another account .* Only an admin .*: `Root`\.$/);
});

describe('/build', () => {
  test.each([
    ['bea', '/build', 'builds acme/tools[]'],
    ['root', '/build', 'builds acme/tools[] acme/games[]'],
    ['bea', '/build hello', 'builds acme/tools[hello] forced'],
    ['BEA', '/build hello', 'builds acme/tools[hello] forced'],
    ['tools-maintainer', '/build hello', 'builds acme/tools[hello] forced'],
    ['bea', '/build --project acme/tools', 'builds acme/tools[]'],
    ['bea', '/build shared --project acme/tools', 'builds acme/tools[shared] forced'],
    ['bea', '/build acme/tools/shared', 'builds acme/tools[acme/tools/shared] forced'],
    ['bea', '/build acme/tools', 'builds acme/tools[]'],
    ['bea', '/build acme/tools --force', 'builds acme/tools[] forced'],
    ['root', '/build acme/games shared', 'builds acme/games[shared] forced'],
    ['root', '/build acme/games acme/tools', 'builds acme/games[] acme/tools[]'],
    ['root', '/rebuild acme/games', 'builds acme/games[] forced'],
    ['nobody', '/plan acme/tools', 'plans acme/tools[]'],
  ])('%s writes %s: it %s', (actor, line, wanted) => {
    expect(asks(actor, line)).toBe(wanted);
  });

  test.each([
    ['gus', '/build hello', /`gus` may not build `acme\/tools`.*`tools-maintainer`, `bea`, `root`/],
    ['nobody', '/build', /`nobody` may not build any project/],
    ['bea', '/build shared', /Several projects have `shared`.*--project acme\/tools/],
    ['root', '/build hello chess', /No single project has/],
    ['bea', '/build "looks good to me"', /There is no package `looks good to me`/],
    ['bea', '/build helo', /Did you mean `hello`\?/],
    [
      'bea',
      '/build hello --chroot sapling-13-x86_64',
      /not built for `sapling-13-x86_64`.*Did you mean `sapling-12-x86_64`/,
    ],
    ['bea', '/build hello --project acme/tolls', /no project `acme\/tolls`.*Did you mean `acme\/tools`/],
    ['bea', '/build hello --project toString/__proto__', /no project/],
    ['bea', '/build acme/tols', /no project `acme\/tols`.*Write `\/build acme\/tools` if so/],
    ['gus', '/build acme/tools', /`gus` may not build `acme\/tools`/],
    ['root', '/build acme/games acme/tools hello', /one command for each project/],
    ['bea', '/build acme/games --project acme/tools', /one command for each project/],
    // The whole line is put right, with all that was written.
    ['bea', '/build helo --force # now', /Write `\/build hello --force # now` if so/],
    ['bea', '/build helo, shred --background', /Write `\/build hello, shared --background` if so/],
    ['bea', '/build acme/tools/helo', /Write `\/build acme\/tools\/hello` if so/],
    [
      'bea',
      '/build hello --chroot sapling-13-x86_64 --force',
      /Write `\/build hello --chroot sapling-12-x86_64 --force`/,
    ],
    ['bea', '/build --force --project acme/tolls', /Write `\/build --force --project acme\/tools` if so/],
    ['root', '/build shared --force # now', /Say which one: `\/build shared --force --project acme\/tools # now`/],
    ['root', '/plan shared', /Say which one: `\/plan shared --project acme\/tools`/],
    [
      'root',
      '/build hello --timeout "28800 seconds" --force',
      /1s at most\. `\/build hello --timeout 1s --force` asks/,
    ],
    ['bea', '/build hello --chroot', /Did you mean `\/build hello --chroot sapling-12-x86_64`\?/],
    ['bea', '/build --force --project', /Did you mean `\/build --force --project acme\/tools`\?/],
    ['root', '/fork tools mine', /Did you mean `\/fork acme\/tools mine`\?/],
    ['root', '/fork tolls', /Did you mean `\/fork acme\/tools`\?/],
    ['root', '/status 1 2', /Did you mean these, a line each: `\/status 1`, `\/status 2`\?/],
  ])('%s writes %s and is refused with the way out', (actor, line, wanted) => {
    expect(asks(actor, line)).toMatch(/^refuses: /);
    expect(asks(actor, line)).toMatch(wanted);
  });

  test('is refused on pull requests and while no config is in force', () => {
    expect(asks('bea', '/build --background', { onPullRequest: true })).toMatch(/^refuses: .*not offered on a pull/);
    expect(asks('bea', '/plan', { onPullRequest: true })).toMatch(
      /^refuses: .*check "coppice \/ config" shows the plan/,
    );
    expect(asks('bea', '/build', { config: undefined })).toMatch(/^refuses: .*no config in force/);
  });
});

describe('/cancel and /status', () => {
  const named = (state: BuildView['state']) => ({ named: new Map([[7 as BuildId, build(state)]]) });
  test('those who may build may cancel what has not ended', () => {
    expect(asks('bea', '/cancel 7', named('running'))).toBe('cancels 7');
    expect(asks('gus', '/cancel 7', named('running'))).toMatch(/^refuses: .*may not cancel builds of/);
    expect(asks('bea', '/cancel 7', named('failed'))).toMatch(/^refuses: .*has ended already: failed/);
    expect(asks('bea', '/cancel 8', named('running'))).toMatch(/^refuses: There is no build 8/);
  });

  test('builds of a project that is gone are the admins’ to cancel', () => {
    const gone = { ...named('running'), config: { ...config, projects: [] } };
    expect(asks('bea', '/cancel 7', gone)).toMatch(/^refuses/);
    expect(asks('root', '/cancel 7', gone)).toBe('cancels 7');
  });

  test('everybody may ask how things are', () => {
    expect(asks('nobody', '/status')).toMatch(/^says: No build waits or runs/);
    expect(asks('nobody', '/status', { live: [build('running')] })).toMatch(/^says: 1 running, 0 waiting/);
    expect(asks('nobody', '/status 7', named('succeeded'))).toMatch(/^says: .*It succeeded\./);
    expect(asks('nobody', '/status 8', named('succeeded'))).toMatch(/^refuses: There is no build 8/);
  });
});

/** The config with another state of one project. */
const withTools = (more: Partial<Project>): ConfigRepo => ({
  ...config,
  projects: config.projects.map((one) => (one.name === 'tools' ? { ...one, ...more } : one)),
});
const frozen = { config: withTools({ frozen: 'a claim' }) };
const asked = (login: string, role: 'builder' | 'maintainer', key = 'acme/tools'): Partial<Situation> => ({
  petitions: { ...noPetitions, rights: [{ login, role, project: key, url: '' }] } satisfies Petitions,
});
const ended = (state: BuildView['state'], project = 'tools') => ({
  named: new Map([[7 as BuildId, { ...build(state), project }]]),
});

describe.each<[string, Partial<Situation>, Record<string, RegExp>]>([
  [
    '/build --force',
    {},
    {
      root: /^builds acme\/tools\[\] acme\/games\[\] forced/,
      bea: /^builds acme\/tools\[\] forced/,
      nobody: /^refuses/,
    },
  ],
  ['/plan', {}, { root: /^plans acme\/tools\[\] acme\/games\[\]$/, nobody: /^plans acme\/tools\[\] acme\/games\[\]$/ }],
  ['/plan hello', {}, { nobody: /^plans acme\/tools\[hello\] forced/ }],
  ['/rebuild 7', ended('failed'), { root: /^rebuilds 7/, bea: /^rebuilds 7/, gus: /^refuses: .*may not build/ }],
  ['/rebuild 7', ended('running'), { bea: /^refuses: .*has not ended yet/ }],
  ['/rebuild 7', { ...ended('failed'), config: withTools({ packages: [] }) }, { root: /^refuses: .*any more/ }],
  ['/rebuild 7', ended('failed', 'tools:pr:2'), { root: /^refuses: Build 7 is one of pull request #2: \*Re-run\*/ }],
  ['/rebuild 7 --chroot other', ended('failed'), { bea: /^refuses: Build 7 is not for `other`/ }],
  ['/rebuild hello', {}, { bea: /^builds acme\/tools\[hello\] forced/, nobody: /^refuses/ }],
  ['/build hello --after 7', ended('failed'), { bea: /^refuses: Build 7 has ended already: failed/ }],
  ['/build hello --after 7', ended('running'), { bea: /^builds/ }],
  ['/build hello --after 8', {}, { bea: /^refuses: There is no build 8/ }],
  ['/build hello --timeout 2h', {}, { bea: /^refuses: .*1s at most.*`\/build hello --timeout 1s`/ }],
  ['/logs 7', ended('failed'), { nobody: /^says: .*failed/ }],
  ['/logs 7 other', ended('failed'), { nobody: /^refuses: .*Its chroots/ }],
  [
    '/debug 7',
    ended('failed'),
    { bea: /^debugs 7 sapling-12-x86_64/, root: /^debugs 7/, gus: /^refuses: .*may not debug builds of .*`bea`/ },
  ],
  ['/debug 7 --end', ended('failed'), { bea: /^ends debugging 7/, gus: /^refuses: .*may not debug/ }],
  ['/debug 7', ended('succeeded'), { bea: /^refuses: Build 7 has not failed/ }],
  ['/debug 7 other', ended('failed'), { bea: /^refuses: Build 7 is not for `other`.*sapling-12-x86_64/ }],
  ['/debug 8', ended('failed'), { bea: /^refuses: There is no build 8/ }],
  [
    '/debug 7',
    { ...ended('failed'), config: withTools({ frozen: 'stolen' }) },
    { bea: /^refuses: `acme\/tools` is frozen/, root: /^refuses: .*frozen/ },
  ],
  ['/explain 7', ended('failed'), { nobody: /^explain of hello/ }],
  ['/explain acme/tools', {}, { nobody: /^refuses: `acme\/tools` is a project.*`\/plan --project acme\/tools`/ }],
  [
    '/status acme/tools',
    { live: [build('running')] },
    { nobody: /^says, with what waits of tools: 1 running, 0 waiting/ },
  ],
  [
    '/status --project acme/tools',
    { live: [build('running')] },
    { nobody: /^says, with what waits of tools: 1 running, 0 waiting/ },
  ],
  [
    '/status acme/games',
    { live: [build('running')] },
    { nobody: /^says, with what waits of games: No build of `acme\/games` waits or runs/ },
  ],
  ['/status hello # note', {}, { nobody: /^status of hello/ }],
  ['/status 0', {}, { nobody: /^refuses: There is no build `0`: builds are counted from 1\. Did you mean `\/status`/ }],
  ['/explain helo', {}, { nobody: /^refuses: .*Did you mean `hello`/ }],
  ['/status shared', {}, { nobody: /^refuses: .*Several projects/ }],
  ['/status shared --project acme/games', {}, { nobody: /^status of shared/ }],
  [
    '/delete 7',
    ended('failed'),
    { root: /^deletes 7/, 'tools-maintainer': /^deletes 7/, bea: /^refuses: .*`tools-maintainer`, `root`/ },
  ],
  ['/delete 7', ended('running'), { root: /^refuses: .*not ended/ }],
  [
    '/publish acme/tools',
    {},
    {
      root: /^publishes tools \[\]$/,
      bea: /^publishes tools \[\]$/,
      nobody: /^refuses: .*may not publish `acme\/tools`/,
    },
  ],
  ['/publish', {}, { bea: /^publishes tools \[\]$/, root: /^refuses: Say which project: `\/publish acme\/tools`/ }],
  ['/publish acme/tols', {}, { bea: /^refuses: .*Did you mean `acme\/tools`/ }],
  [`/publish acme/tools --chroot ${sapling}`, {}, { bea: /^publishes tools \[sapling-12-x86_64\]$/ }],
  ['/publish acme/tools --chroot sapling-12-x86', {}, { bea: /^refuses: .*is not built for.*Write `\/publish/ }],
  ['/publish acme/tools', frozen, { bea: /^refuses: `acme\/tools` is frozen/ }],
  [
    '/rollback',
    {},
    {
      'tools-maintainer': /^rolls tools back to undefined \[sapling-12-x86_64\]$/,
      root: /^refuses: Say which project/,
    },
  ],
  [
    '/rollback 3 acme/tools',
    {},
    {
      root: /^rolls tools back to 3 \[sapling-12-x86_64\]$/,
      bea: /^refuses: .*may not roll back `acme\/tools`.*`tools-maintainer`/,
    },
  ],
  ['/rollback 3', {}, { root: /^refuses: Say which project: `\/rollback 3 acme\/tools`/ }],
  ['/rollback acme/tools', frozen, { root: /^refuses: `acme\/tools` is frozen/ }],
  [
    '/rollback 3 acme/tools',
    { config: twoChroots },
    { root: /^refuses: .*for each chroot.*`\/rollback 3 acme\/tools --chroot sapling-12-x86_64`/ },
  ],
  [
    '/rollback acme/tools',
    { config: twoChroots },
    { root: /^rolls tools back to undefined \[sapling-12-x86_64,other-1-x86_64\]$/ },
  ],
  [
    '/delete project acme/tools',
    {},
    { root: /^delete acme\/tools/, 'tools-maintainer': /^delete acme\/tools/, bea: /^refuses: .*may not delete/ },
  ],
  ['/delete project acme/tols', {}, { root: /^refuses: .*Did you mean `acme\/tools`/ }],
  [
    '/fork acme/tools',
    {},
    {
      root: /^fork acme\/tools root tools/,
      'tools-maintainer': /^fork acme\/tools tools-maintainer tools/,
      bea: /^refuses/,
    },
  ],
  [
    '/fork acme/tools gus/mine',
    {},
    { root: /^fork acme\/tools gus mine/, 'tools-maintainer': /^refuses: .*of their own/ },
  ],
  ['/fork acme/tools acme/games', {}, { root: /^refuses: There is a project `acme\/games` already/ }],
  ['/fork acme/tools ../up', {}, { root: /^refuses/ }],
  [
    '/request builder acme/tools',
    {},
    { nobody: /^says \(asked\): .*`tools-maintainer`, `root`/, bea: /^says: .*already/ },
  ],
  ['/request maintainer acme/tools', {}, { bea: /^says \(asked\)/, 'tools-maintainer': /^says: .*already/ }],
  ['/request builder', {}, { nobody: /^refuses: Say which project: `\/request builder acme\/tools`/ }],
  ['/request drop', {}, { bea: /^drop acme\/tools bea/, 'tools-maintainer': /^refuses: .*only maintainer/ }],
  ['/request drop acme/tools', {}, { nobody: /^says \(settled\): .*neither/ }],
  [
    '/approve @nobody',
    asked('nobody', 'builder'),
    { root: /^grant acme\/tools builder nobody/, 'tools-maintainer': /^grant/, bea: /^refuses: .*may not give rights/ },
  ],
  ['/approve @Nobody acme/tools', asked('nobody', 'maintainer'), { root: /^grant acme\/tools maintainer nobody/ }],
  ['/approve @nobody acme/games', asked('nobody', 'builder'), { root: /^refuses: `nobody` has not asked/ }],
  ['/approve @ada_acme', asked('ada_acme', 'builder'), { root: /^grant acme\/tools builder ada_acme/ }],
  ['/approve @nobody', {}, { root: /^refuses: `nobody` has not asked/ }],
  // By the login themself: an outsider may not, and one who may has to ask another.
  ['/approve @nobody', asked('nobody', 'builder'), { nobody: /^refuses: .*may not give rights/ }],
  ['/approve @root', asked('root', 'builder'), { root: /^refuses: Nobody approves a request of their own/ }],
  ['/approve', {}, { root: /^refuses: There is nothing to approve here/ }],
  ['/freeze acme/tools a claim', {}, { root: /^freeze acme\/tools a claim/, 'tools-maintainer': /^refuses: .*`Root`/ }],
  ['/freeze acme/tools a claim', frozen, { root: /^says: .*already/ }],
  ['/resolve acme/tools', frozen, { root: /^unfreeze acme\/tools/, 'tools-maintainer': /^refuses/ }],
  ['/resolve acme/tools', {}, { root: /^says \(resolved\): .*is not frozen/, nobody: /^refuses/ }],
  [
    '/legal acme/tools stolen',
    {},
    { nobody: /^says \(reported\): This is report 1 about `acme\/tools`.*told of it by this: @Root\./s },
  ],
  ['/legal stolen', {}, { nobody: /^says \(reported\): This is report 1: stolen/ }],
  ['/build hello', frozen, { root: /^refuses: `acme\/tools` is frozen: a claim.*`Root`.*`\/resolve acme\/tools`/ }],
  ['/build', frozen, { root: /^builds acme\/games\[\]$/, bea: /^refuses: .*frozen/ }],
  ['/rebuild 7', { ...frozen, ...ended('failed') }, { root: /^refuses: .*frozen/ }],
  ['/fork acme/tools', frozen, { root: /^refuses: .*frozen/ }],
  ['/delete project acme/tools', frozen, { root: /^delete/, 'tools-maintainer': /^refuses: .*frozen/ }],
])('%s', (line, situation, wanted) => {
  test.each(Object.entries(wanted))('by %s', (actor, answer) => {
    expect(asks(actor, line, situation)).toMatch(answer);
  });
});

test('a project that is reported but not frozen has its reports closed without a commit', () => {
  const report = { number: 3, by: 'nobody', text: 'x', project: 'acme/tools', url: '' };
  const petitions = { ...noPetitions, reports: [report] };
  expect(asks('root', '/resolve acme/tools', { petitions })).toMatch(/^says \(resolved\): Closed: report 3/);
  expect(asks('bea', '/resolve acme/tools', { petitions })).toMatch(/^refuses/);
});

test('one person cannot flood the admins with reports', () => {
  const report = (number: number) => ({ number, by: 'nobody', text: `${number}`, project: null, url: '' });
  const petitions = { ...noPetitions, reports: Array.from({ length: 20 }, (_, at) => report(at)) };
  expect(asks('nobody', '/legal one more', { petitions })).toMatch(/^refuses: You have many open reports/);
  expect(asks('gus', '/legal one more', { petitions })).toMatch(/^says \(reported\)/);
});

test('what is suggested in an answer does what was meant when it is pasted', () => {
  const lines = [
    '/build helo --force',
    '/biuld hello --chroot',
    '/build helo, shred',
    '/build acme/tols',
    '/fork tools x',
  ];
  for (const line of lines) {
    const suggestion = /(?:Did you mean|Write) `(\/[^`]+)`/.exec(asks('root', line))?.[1];
    expect([line, suggestion]).toEqual([line, expect.any(String)]);
    expect(asks('root', suggestion ?? '')).toMatch(/^(builds|fork) acme\/tools/);
  }
});

test('open reports are listed, escaped and by number, and an admin closes one by it', () => {
  const report = { number: 3, by: 'nobody', text: 'ask @root <b>', project: null, url: 'https://github.test/i/1#c-2' };
  const about = { ...report, number: 5, project: 'acme/tools' };
  const petitions = { ...noPetitions, reports: [report, about] };
  const listed = asks('nobody', '/legal', { petitions });
  expect(listed).toContain('- [Report 3](https://github.test/i/1#c-2) by `nobody`: ask');
  expect(listed).toContain('- [Report 5](https://github.test/i/1#c-2) by `nobody` about `acme/tools`: ask');
  expect(listed).not.toMatch(/@root|<b>/);
  expect(asks('nobody', '/legal')).toContain('No report is open');
  expect(asks('root', '/resolve 3', { petitions })).toMatch(/^says \(closed\): Closed: report 3/);
  expect(asks('bea', '/resolve 3', { petitions })).toMatch(/^refuses: .*`bea` may not close reports.*`Root`/);
  expect(asks('root', '/resolve 4', { petitions })).toMatch(/^refuses: There is no open report 4/);
});

test('no answer notifies anybody, but the admins of a report: every other name in it is code', () => {
  const reported = asks('nobody', '/legal acme/tools ask @somebody').replace(/(`+)[\s\S]*?\1/g, '');
  expect(reported.match(/@\w+/g)).toEqual(['@Root']);
  const written = asks('nobody', '/legal x', { admins: ['@acme/core', 'ada_acme', 'taken', 'Root'] });
  expect(written).toContain('told of it by this: @acme/core, @ada_acme, @Root.');
  const lines = ['/request builder acme/tools', '/approve @somebody', '/freeze acme/tools x'];
  for (const line of lines) {
    const outsideCode = asks('nobody', line).replace(/(`+)[\s\S]*?\1/g, '');
    expect(outsideCode).not.toMatch(/@\w/);
  }
});

describe('a project whose file is gone', () => {
  const leaving = [
    {
      ...{ project: 'acme/old', statedAt: 'a', leftAt: 'b', by: 'mia', deleteAt: '2026-01-31T15:00:00.000Z' },
      stated: project('old', ['olga'], ['relic']),
    },
  ];
  test.each([
    ['old-maintainer', '/delete project acme/old', 'takes acme/old away'],
    ['root', '/delete project Acme/Old', 'takes acme/old away'],
    ['olga', '/delete project acme/old', 'may not delete `acme/old`'],
    ['tools-maintainer', '/delete project acme/old', 'may not delete `acme/old`'],
    ['olga', '/status relic', 'status of relic'],
    ['root', '/freeze acme/old why', 'refuses: `acme/old` is leaving'],
    ['old-maintainer', '/fork acme/old new', 'refuses: `acme/old` is leaving'],
    ['olga', '/build relic', 'refuses: There is no package `relic`'],
  ])('%s asks %s', (actor, line, expected) => {
    expect(asks(actor, line, { leaving })).toContain(expected);
  });
});

test('a package that two projects have is built by its name with the project, as answers suggest it', () => {
  expect(asks('root', '/build acme/tools/shared')).toMatch(/^builds acme\/tools\[acme\/tools\/shared\]/);
});

test('a number that is no build may be the name of a package, and that is said', () => {
  const numbered = { ...config, projects: [project('tools', ['bea'], ['2048'])] };
  for (const verb of ['explain', 'status']) {
    expect(asks('nobody', `/${verb} 2048`, { config: numbered })).toMatch(
      `refuses: There is no build 2048. A package has that name: \`/${verb} acme/tools/2048\` means it.`,
    );
  }
});

test('a package that left its project is told of, with the day on which what it has published goes', () => {
  const gone = {
    ...{ project: 'acme/tools', package: 'gravel', leftAt: 'c0ffee'.repeat(7), by: 'mia' },
    ...{ since: '2026-01-24T14:00:00.000Z', deleteAt: '2026-02-07T14:00:00.000Z' },
  };
  const departed = [gone];
  const told = '`gravel` left `acme/tools` on 2026-01-24, with commit `c0ffeec0ff` by `mia`: it is not built any more.';
  const goes = 'What it has published is deleted at 2026-02-07 14:00 UTC, unless it is stated there again before.';
  for (const line of ['/status gravel', '/explain gravel', '/status acme/tools/gravel'])
    expect(asks('nobody', line, { departed })).toBe(`says: ${told} ${goes}`);
  expect(asks('bea', '/build gravel', { departed })).toBe(`refuses: ${told} ${goes} Nothing was queued.`);
  expect(asks('nobody', '/status gravel', { departed: [{ ...gone, deleteAt: null }] })).toMatch(
    /has published stays\.$/,
  );
  expect(asks('nobody', '/status gravel --project acme/games', { departed })).toMatch(/^refuses: There is no package/);
  expect(asks('nobody', '/status hello', { departed: [{ ...gone, package: 'hello' }] })).toBe('status of hello');
});

test('whoever lacks rights is told of the role that gives them', () => {
  expect(asks('nobody', '/rollback acme/tools')).toContain('`/request maintainer acme/tools`');
  expect(asks('nobody', '/publish acme/tools')).toContain('`/request builder acme/tools`');
  expect(asks('nobody', '/build hello')).toContain('`/request builder acme/tools`');
});
