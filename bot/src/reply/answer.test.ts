import type { BuildId, ChrootName } from '@coppice/config';
import { describe, expect, test } from 'vitest';
import { checkOfBuild, isLastWord } from '../answers/check-run.ts';
import type { Section } from '../vocabulary/answer.ts';
import type { BuildView, ChrootView } from '../vocabulary/build-view.ts';
import { answerState, writeAnswer } from './answer.ts';
import { readAnswerMark } from './answer-mark.ts';
import { verdict } from './progress.ts';

const url = 'https://coppice.example';
const sapling = 'sapling-12-x86_64' as ChrootName;
const chrootView = (more: Partial<ChrootView>): ChrootView => ({
  chroot: sapling,
  state: 'pending',
  phase: 'queued',
  reason: null,
  message: null,
  excerpt: [],
  packages: [],
  startedAt: null,
  endedAt: null,
  ...more,
});
const view = (id: number, name: string, chroot: Partial<ChrootView>): BuildView => {
  const one = chrootView(chroot);
  return {
    id: id as BuildId,
    owner: 'acme',
    project: 'tools',
    package: name,
    requestedBy: 'builder',
    state: one.state,
    chroots: [one],
  };
};
const builds = (views: readonly BuildView[], more: Partial<Extract<Section, { kind: 'builds' }>> = {}): Section => ({
  kind: 'builds',
  line: '/build',
  builds: views.map(({ id, owner, project, package: name }) => ({
    id,
    owner,
    project,
    package: name,
    chroots: [sapling],
  })),
  intro: '',
  notes: '',
  canceling: false,
  ...more,
});
const refOfView = ({ id, owner, project, package: name, chroots }: BuildView) => ({
  ...{ id, owner, project, package: name },
  chroots: chroots.map(({ chroot }) => chroot),
});
const answer = (views: readonly BuildView[], more: Parameters<typeof builds>[1] = {}) =>
  writeAnswer(5, [builds(views, more)], new Map(views.map((one) => [Number(one.id), one])), url);

describe('an answer', () => {
  test('while builds move on', () => {
    const views = [
      view(1, 'libgreet', { state: 'running', phase: 'build' }),
      view(2, 'hello', { state: 'pending', phase: 'queued' }),
    ];
    expect(answer(views, { notes: 'Not built:\n\n- `motd`: unchanged since build 3' })).toMatchInlineSnapshot(`
      "<!-- coppice:answer to=5 state=working -->
      **\`/build\`**

      0 of 2 done.

      | Build | Package | Chroot | State |
      |--:|---|---|---|
      | [1](https://coppice.example/acme/tools/build/1/) | \`libgreet\` | \`sapling-12-x86_64\` | 🔧 running (build) |
      | [2](https://coppice.example/acme/tools/build/2/) | \`hello\` | \`sapling-12-x86_64\` | ⏳ pending |

      Not built:

      - \`motd\`: unchanged since build 3
      "
    `);
  });

  test('when all is well: the verdict and how to install', () => {
    const packages = ['hello-cli', 'hello-devel'];
    expect(answer([view(2, 'hello', { state: 'succeeded', phase: null, packages })])).toMatchInlineSnapshot(`
      "<!-- coppice:answer to=5 state=good -->
      **\`/build\`**

      It succeeded.

      | Build | Package | Chroot | State |
      |--:|---|---|---|
      | [2](https://coppice.example/acme/tools/build/2/) | \`hello\` | \`sapling-12-x86_64\` | ✅ succeeded |

      \`\`\`sh
      # dnf 5
      dnf config-manager addrepo --from-repofile=https://coppice.example/coprs/acme/tools/repo/sapling-12/acme-tools-sapling-12.repo
      # dnf 4
      dnf config-manager --add-repo https://coppice.example/coprs/acme/tools/repo/sapling-12/acme-tools-sapling-12.repo
      dnf install hello-cli
      \`\`\`
      "
    `);
  });

  test('how to install: what the results are called, for chroots that they were built for, each name once', () => {
    const fedora = 'fedora-42-x86_64' as ChrootName;
    const made = (id: number, ...chroots: readonly Partial<ChrootView>[]): BuildView => ({
      ...view(id, `python-${id}`, {}),
      project: 'tools:pr:7',
      state: 'succeeded',
      chroots: chroots.map((one) => chrootView({ state: 'succeeded', phase: null, packages: ['python3-b'], ...one })),
    });
    const text = answer([
      made(1, { chroot: fedora }),
      made(2, { chroot: fedora, packages: ['python3-a'] }, { packages: ['python3.11-a'] }),
      made(3, {}, { chroot: fedora, state: 'failed', packages: [] }),
      made(4, { chroot: fedora }),
      made(5, { packages: [] }),
    ]);
    expect(text.slice(text.indexOf('```sh'))).toBe(`\`\`\`sh
# dnf 5
dnf config-manager addrepo --from-repofile=https://coppice.example/coprs/acme/tools:pr:7/repo/fedora-42/acme-tools:pr:7-fedora-42.repo
# dnf 4
dnf config-manager --add-repo https://coppice.example/coprs/acme/tools:pr:7/repo/fedora-42/acme-tools:pr:7-fedora-42.repo
dnf install python3-b python3-a
# dnf 5
dnf config-manager addrepo --from-repofile=https://coppice.example/coprs/acme/tools:pr:7/repo/sapling-12/acme-tools:pr:7-sapling-12.repo
# dnf 4
dnf config-manager --add-repo https://coppice.example/coprs/acme/tools:pr:7/repo/sapling-12/acme-tools:pr:7-sapling-12.repo
dnf install python3-b
\`\`\`
`);
  });

  test('with a link to the log of the source package when its making failed', () => {
    const failed = view(1, 'libgreet', {
      ...{ state: 'failed', phase: null, reason: 'source', message: 'No spec.', excerpt: [] },
      where: { log: 'srpm.log', line: 4 },
    });
    expect(answer([failed])).toContain('([log](https://coppice.example/acme/tools/build/1/srpm/#L4))');
  });

  test('when one failed and another was skipped for it', () => {
    const failed = view(1, 'libgreet', {
      state: 'failed',
      phase: null,
      reason: 'compile',
      message: 'gcc ended with 1.',
      excerpt: ['greet.c:3: error: x'],
      where: { log: 'build.log', line: 31 },
    });
    const skipped = view(2, 'hello', {
      state: 'skipped',
      phase: null,
      reason: 'dependencies',
      message: 'It needs libgreet, and build 1 failed.',
    });
    expect(answer([failed, skipped])).toMatchInlineSnapshot(`
      "<!-- coppice:answer to=5 state=bad -->
      **\`/build\`**

      1 failed, 1 was skipped.

      | Build | Package | Chroot | State |
      |--:|---|---|---|
      | [1](https://coppice.example/acme/tools/build/1/) | \`libgreet\` | \`sapling-12-x86_64\` | ❌ failed (compile) |
      | [2](https://coppice.example/acme/tools/build/2/) | \`hello\` | \`sapling-12-x86_64\` | ⏭️ skipped (dependencies) |

      - \`libgreet\` for \`sapling-12-x86_64\` failed (compile): gcc ended with 1. ([log](https://coppice.example/acme/tools/build/1/sapling-12-x86_64/#L31))

      \`\`\`text
      greet.c:3: error: x
      \`\`\`

      - \`hello\` for \`sapling-12-x86_64\` skipped (dependencies): It needs libgreet, and build 1 failed.
      "
    `);
  });

  test('is good when what was to be canceled is canceled', () => {
    const views = [view(2, 'hello', { state: 'canceled', phase: null })];
    const states = new Map([[2, views[0] as BuildView]]);
    expect(answerState([builds(views, { canceling: true })], states)).toBe('good');
    expect(answerState([builds(views)], states)).toBe('bad');
  });

  test('is never longer than GitHub takes, and says that it was shortened', () => {
    const views = Array.from({ length: 200 }, (_, at) =>
      view(at + 1, `package-${'x'.repeat(80)}`, {
        state: 'failed',
        phase: null,
        reason: 'compile',
        message: 'm'.repeat(300),
        excerpt: Array.from({ length: 40 }, () => 'e'.repeat(200)),
      }),
    );
    const body = writeAnswer(
      5,
      [builds(views), builds(views), builds(views)],
      new Map(views.map((one) => [Number(one.id), one])),
      url,
    );
    expect(body.length).toBeLessThanOrEqual(65_536);
    expect(body).toContain('This is shortened');
    expect(readAnswerMark(body)).toEqual({ to: 5, state: 'bad' });
  });
});

describe('of a project that publishes by hand', () => {
  const waiting = view(1, 'gravel', { state: 'succeeded', packages: ['gravel'], waits: 'manual' });
  test('the answer says what shows it to users, and gives no lines that would fail', () => {
    const text = answer([waiting]);
    expect(text).toContain('Users do not see it yet: it waits for `/publish acme/tools`');
    expect(text).not.toContain('dnf install');
    const batch = answer([view(1, 'gravel', { state: 'succeeded', packages: ['gravel'], waits: 'batch' })]);
    expect(batch).toMatch(/Users see it when the last build of its batch has ended\.[\s\S]+dnf install gravel/);
    expect(answer([view(1, 'gravel', { state: 'succeeded', packages: ['gravel'] })])).not.toContain('Users');
  });

  test('the check of a build says so as well', () => {
    const check = { kind: 'build', key: 'k', commit: 'c', checkRunId: null, build: waiting, chroot: sapling } as const;
    const { summary } = checkOfBuild({ ...check, build: refOfView(waiting) }, waiting, url);
    expect(summary).toContain('it waits for `/publish acme/tools`');
    expect(summary).not.toContain('dnf install');
  });
});

test('what was canceled before anything was logged links no log, and code in messages is code', () => {
  const check = (one: Partial<ChrootView>) => {
    const build = view(1, 'gravel', { state: 'canceled', startedAt: '2026-01-01T00:00:00Z', ...one });
    const wanted = { kind: 'build', key: 'k', commit: 'c', checkRunId: null, build: refOfView(build) } as const;
    return checkOfBuild({ ...wanted, chroot: sapling }, build, url).summary;
  };
  expect(check({})).not.toContain('[log]');
  expect(check({ logged: false })).not.toContain('[log]');
  expect(check({ logged: true })).toContain('[log](https://coppice.example/acme/tools/build/1/sapling-12-x86_64/)');
  expect(check({ message: '1.9-1 is lower; `downgrade: allow` says (so).' })).toContain(
    '1.9\\-1 is lower; `downgrade: allow` says \\(so\\).',
  );
});

describe('a build that failed in some of its chroots', () => {
  const on = (...states: readonly ChrootView['state'][]): BuildView => ({
    ...view(1, 'gravel', {}),
    state: states.includes('running') ? 'running' : 'failed',
    chroots: states.map((state, index) =>
      chrootView({
        ...{ chroot: `fedora-4${index}-x86_64` as ChrootName, state, phase: state === 'running' ? 'build' : null },
        reason: state === 'failed' ? 'compile' : null,
      }),
    ),
  });
  const mixed = on('failed', 'succeeded', 'failed', 'succeeded');
  const checkOf = (build: BuildView, index: number) => {
    const chroot = build.chroots[index]!.chroot;
    const check = { kind: 'build', key: 'k', commit: 'c', checkRunId: null, build: refOfView(build), chroot } as const;
    const { title, conclusion } = checkOfBuild(check, build, url);
    return { title, conclusion, isLast: isLastWord(check, build) };
  };

  test('is told of by how many and which, alone and among others', () => {
    const said = 'failed on 2 of 4: fedora-40-x86_64 (compile), fedora-42-x86_64 (compile).';
    expect(verdict([mixed])).toBe(`It ${said}`);
    expect(verdict([mixed, { ...on('succeeded'), state: 'succeeded' }])).toBe(
      `3 succeeded, 2 failed. \`gravel\` ${said}`,
    );
    expect(verdict([on('failed', 'failed', 'failed', 'failed', 'succeeded')])).toContain('and 1 more.');
    expect(verdict([on('failed', 'failed')])).toBe('All 2 failed.');
    expect(verdict([on('failed', 'running')])).toBe('1 of 2 done.');
  });

  test('says so in the checks of those that failed, once all of it has ended', () => {
    expect(checkOf(mixed, 0)).toEqual({
      title: 'Build 1 failed on 2 of 4: fedora-40-x86_64 (compile), fedora-42-x86_64 (compile)',
      ...{ conclusion: 'failure', isLast: true },
    });
    expect(checkOf(mixed, 1)).toEqual({ title: 'Build 1 succeeded', conclusion: 'success', isLast: true });
    const amid = on('failed', 'running', 'succeeded');
    expect(checkOf(amid, 0)).toEqual({ title: 'Build 1 failed (compile)', conclusion: 'failure', isLast: false });
    expect([checkOf(amid, 1).isLast, checkOf(amid, 2).isLast]).toEqual([false, true]);
  });
});
