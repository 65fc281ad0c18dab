import { type BuildId, type ChrootName, type ConfigRepo, type Project, plainBuildroot } from '@coppice/config';
import { describe, expect, test } from 'vitest';
import type { BuildView } from './build-view.ts';
import { parseCommandLine } from './command.ts';
import { decide, type Situation } from './decide.ts';

const sapling = 'sapling-12-x86_64' as ChrootName;
const project = (owner: string, name: string, builders: string[], packages: string[]): Project => ({
  owner,
  name,
  description: '',
  instructions: '',
  homepage: null,
  contact: null,
  chroots: [sapling],
  maintainers: [`${name}-maintainer`],
  builders,
  repos: [],
  runtimeRepos: [],
  network: false,
  background: false,
  frozen: null,
  deleteAfter: null,
  pinned: false,
  forkedFrom: null,
  renamedFrom: null,
  path: `projects/${owner}/${name}.yaml`,
  packages: packages.map((each) => ({
    name: each,
    source: { type: 'dir' },
    needs: [],
    timeoutSeconds: 60,
    memoryBytes: null,
    background: false,
    rebuildOnNeeds: false,
    chroots: [sapling],
    buildroots: new Map([[sapling, plainBuildroot]]),
  })),
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
    retention: { failedSeconds: 1, supersededSeconds: 1, pullRequestsSeconds: 1 },
  },
  projects: [
    project('acme', 'tools', ['bea'], ['hello', 'shared']),
    project('acme', 'games', ['gus'], ['chess', 'shared']),
  ],
};
const build = (state: BuildView['state']): BuildView => ({
  id: 7 as BuildId,
  owner: 'acme',
  project: 'tools',
  package: 'hello',
  requestedBy: 'bea',
  state,
  chroots: [
    { chroot: sapling, state, phase: null, reason: null, message: null, excerpt: [], startedAt: null, endedAt: null },
  ],
});

const asks = (actor: string, line: string, more: Partial<Situation> = {}) => {
  const command = parseCommandLine(line);
  if (command === undefined) throw new Error(`${line} is no command`);
  const situation = {
    actor,
    config,
    onPullRequest: false,
    live: [],
    named: new Map(),
    url: 'https://coppice.example',
    ...more,
  };
  const action = decide(command, situation);
  if (action.kind === 'say') return `${action.good ? 'says' : 'refuses'}: ${action.markdown}`;
  if (action.kind === 'cancel') return `cancels ${action.id}`;
  return `builds ${action.selections.map((one) => `${one.project}[${one.packages}]`).join(' ')}${action.force ? ' forced' : ''}`;
};

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
  ])('%s writes %s and is refused with the way out', (actor, line, wanted) => {
    expect(asks(actor, line)).toMatch(/^refuses: /);
    expect(asks(actor, line)).toMatch(wanted);
  });

  test('is refused on pull requests and while no config is in force', () => {
    expect(asks('bea', '/build', { onPullRequest: true })).toMatch(/^refuses: Builds of pull requests/);
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
    expect(asks('nobody', '/status')).toMatch(/^says: Nothing waits or runs/);
    expect(asks('nobody', '/status', { live: [build('running')] })).toMatch(/^says: 1 running, 0 waiting/);
    expect(asks('nobody', '/status 7', named('succeeded'))).toMatch(/^says: .*It succeeded\./);
    expect(asks('nobody', '/status 8', named('succeeded'))).toMatch(/^refuses: There is no build 8/);
  });
});
