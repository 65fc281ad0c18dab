// Pull requests against the local GitHub: real pushes to branches, real check runs. Only the runner is played by the
// test.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { askRepository } from '../../testing/ask-github.ts';
import { type Comment, exampleFiles, startTestService, type TestService, until } from '../../testing/bot-fixture.ts';
import { createContract } from '../../testing/openapi-contract.ts';
import { makePulls, type PullMaker } from '../../testing/pull-requests.ts';
import { readAnswerMark } from '../reply/answer-mark.ts';

const chroot = 'sapling-12-x86_64';
const spec = (version: number) => ({
  'packages/acme/tools/hello/hello.spec': `Name: hello\nVersion: ${version}\n`,
});
const toolsYaml = exampleFiles['projects/acme/tools.yaml'] ?? '';

let service: TestService;
let pulls: PullMaker;
/** From a fork of `outsider`, and of `builder`. */
let forked: PullMaker;
let ofBuilder: PullMaker;

beforeAll(async () => {
  service = await startTestService();
  pulls = await makePulls(service);
  forked = await makePulls(service, 'outsider');
  ofBuilder = await makePulls(service, 'builder');
  await buildAll();
}, 60_000);
afterAll(async () => {
  await pulls.remove();
  await forked.remove();
  await ofBuilder.remove();
  await service.stop();
});

const buildAll = async (outcome: Parameters<TestService['step']>[0] = {}) => {
  while ((await service.step(outcome)) !== undefined);
};
const buildChecks = async (commit: string) =>
  (await service.checks(commit)).filter(({ name }) => name !== 'coppice / config');
const live = () =>
  service.queue.builds().map(({ project, package: name, configCommit }) => `${project}/${name}@${configCommit}`);
/** Who asked for the end of each sandbox build that is there. */
const endings = () =>
  service.queue
    .builds()
    .filter(({ project }) => project.includes(':pr:'))
    .map(({ chroots }) => chroots[0]?.cancelRequestedBy);
const answerTo = async (comment: Comment, issue: number) =>
  await until(async () => {
    const found = (await service.comments(issue)).find((one) => readAnswerMark(one.body)?.to === comment.id);
    return found !== undefined && readAnswerMark(found.body)?.state !== 'working' ? found : undefined;
  });
const say = async (login: string, body: string, issue: number) =>
  await answerTo(await service.comment(login, body, issue), issue);
/** Everything that was said so far has been worked off. */
const quiet = () => service.bot().settled();

describe('a pull request by somebody with rights', () => {
  let head = '';
  let number = 0;

  test('builds what it changes in a sandbox at once, and nothing else', async () => {
    head = await pulls.push('hello-2', spec(2));
    number = await pulls.open('builder', 'hello-2');
    const check = await pulls.verdict(head);
    expect(check).toMatchObject({ conclusion: 'success', output: { title: '1 build queued' } });
    expect(check.output.summary).toContain(`acme/tools:pr:${number}`);
    expect(service.queue.builds()).toMatchObject([
      {
        owner: 'acme',
        project: `tools:pr:${number}`,
        package: 'hello',
        configCommit: head,
        requestedBy: 'builder',
        repos: ['coppice://acme/tools'],
        source: { type: 'dir', commit: head, path: 'packages/acme/tools/hello' },
      },
    ]);
  });

  test('has a check for each chroot, which ends with how to install it', async () => {
    await buildAll();
    const check = await until(async () => (await buildChecks(head)).find(({ conclusion }) => conclusion === 'success'));
    expect(check.name).toBe(`acme/tools: hello (${chroot})`);
    expect(check.output.summary).toMatch(
      new RegExp(`coprs/acme/tools:pr:${number}/repo/.*\ndnf install hello-bin\n`, 's'),
    );
  });

  test('takes the names of its projects for their packages', async () => {
    expect((await say('builder', '/build acme/tools', number)).body).toContain('There is nothing to do');
    await quiet();
    expect((await pulls.verdict(head)).output.title).toBe('1 build queued');
    expect((await say('builder', '/build acme/games', number)).body).toContain('There is no package `acme/games`');
    expect(live()).toEqual([]);
  });

  test('leaves the project itself as it was: the same head on the default branch is still to be built', async () => {
    const commit = await service.push('maintainer', spec(2));
    await pulls.verdict(commit);
    expect(live()).toEqual([`tools/hello@${commit}`]);
    await buildAll();
  });

  test('that is closed has its builds canceled', async () => {
    const next = await pulls.push('hello-2', spec(3), 'branch');
    await pulls.verdict(next);
    expect(live()).toEqual([`tools:pr:${number}/hello@${next}`]);
    await service.ask('builder', 'PATCH', `pulls/${number}`, { state: 'closed' });
    await until(async () => endings().length === 1 && endings()[0] === 'coppice');
    await buildAll();
    await quiet();
  });

  test('is ordered by what its specs require, also where `needs` says nothing', async () => {
    const both = '  alpha:\n    source: { type: dir }\n  zeta:\n    source: { type: dir }\n';
    const commit = await pulls.push('ordered', {
      'projects/acme/tools.yaml': toolsYaml + both,
      'packages/acme/tools/alpha/alpha.spec': 'Name: alpha\nVersion: 1\nBuildRequires: zeta-devel >= 1\n',
      'packages/acme/tools/zeta/zeta.spec': 'Name: zeta\nVersion: 1\n%package devel\nSummary: x\n',
    });
    await pulls.open('builder', 'ordered');
    const { output } = await pulls.verdict(commit);
    const [zeta, alpha] = service.queue.builds();
    expect([zeta?.package, alpha?.package, alpha?.after]).toEqual(['zeta', 'alpha', [zeta?.id]]);
    expect(output.summary).toMatch(new RegExp(`\\| ${alpha?.id} \\|.*\`alpha\`.*\\| ${zeta?.id} \\|`));
    await buildAll();
  });

  test('that goes into another branch is left alone at once, and judged at once when it comes back', async () => {
    await pulls.push('stable', { 'README.md': 'Stable\n' });
    const commit = await pulls.push('retargeted', spec(7));
    const opened = await pulls.open('builder', 'retargeted');
    await pulls.verdict(commit);
    await quiet();
    await service.ask('builder', 'PATCH', `pulls/${opened}`, { base: 'stable' });
    await pulls.verdict(commit, ({ output }) => output.title === 'Goes into another branch now');
    await buildAll();
    expect(live()).toEqual([]);
    const next = await pulls.push('retargeted', spec(8), 'branch');
    await quiet();
    expect(await service.checks(next)).toEqual([]);
    await service.ask('builder', 'PATCH', `pulls/${opened}`, { base: 'main' });
    expect((await pulls.verdict(next)).output.title).toBe('1 build queued');
    expect(live()).toEqual([`tools:pr:${opened}/hello@${next}`]);
    await service.ask('builder', 'PATCH', `pulls/${opened}`, { state: 'closed' });
    await until(async () => endings()[0] === 'coppice');
    await buildAll();
    await quiet();
  });

  test('that conflicts, deletes or renames says so in its check', async () => {
    const conflicting = await pulls.push('conflicting', {
      'projects/acme/tools.yaml': toolsYaml.replace('Small tools', 'Other tools'),
    });
    const first = await pulls.open('builder', 'conflicting');
    expect((await pulls.verdict(conflicting)).output.title).toBe('Nothing to build');
    const moved = toolsYaml.replace('description: Small tools', 'description: Tools, small');
    const specs = ['hello', 'libgreet'].map((name) => `packages/acme/tools/${name}/${name}.spec`);
    const gone = Object.fromEntries(specs.map((path) => [path, null]));
    await pulls.verdict(await service.push('maintainer', { 'projects/acme/tools.yaml': moved }));
    const deleting = await pulls.push('deleting', { 'projects/acme/tools.yaml': null, ...gone });
    const there = Object.fromEntries(specs.map((path) => [path.replace('/tools/', '/utils/'), 'Name: x\n']));
    const renaming = await pulls.push('renaming', {
      ...{ 'projects/acme/tools.yaml': null, 'projects/acme/utils.yaml': moved, ...gone, ...there },
    });
    const titles: string[] = [];
    // It was judged before the branch that it goes into moved.
    await pulls.verdict(conflicting, ({ output }) => output.title === 'Conflicts with main; nothing to build');
    await service.ask('builder', 'PATCH', `pulls/${first}`, { state: 'closed' });
    for (const [branch, commit] of Object.entries({ conflicting, deleting, renaming })) {
      const opened = await pulls.open('builder', branch);
      titles.push((await pulls.verdict(commit)).output.title);
      await service.ask('builder', 'PATCH', `pulls/${opened}`, { state: 'closed' });
    }
    await service.push('maintainer', { 'projects/acme/tools.yaml': toolsYaml });
    expect(titles).toEqual([
      'Conflicts with main; nothing to build',
      expect.stringMatching(/^Deletes acme\/tools \(2 packages, [1-9]\d* builds\)$/),
      expect.stringMatching(/^Renames acme\/tools to acme\/utils; needs \/approve by an admin$/),
    ]);
    await buildAll();
    await quiet();
  });

  test('that is a draft is checked, and built when it is ready', async () => {
    const draft = await pulls.push('draft', spec(4));
    const opened = await pulls.open('builder', 'draft', true);
    const check = await pulls.verdict(draft);
    expect(check).toMatchObject({ conclusion: 'success', output: { title: 'A draft: nothing is built yet' } });
    expect(live()).toEqual([]);
    await service.ask('builder', 'PATCH', `pulls/${opened}`, { state: 'closed' });
  });
});

describe('a check', () => {
  test('ends at once when nothing of ours is changed', async () => {
    const head = await pulls.push('readme', { 'README.md': 'Hello\n' });
    await pulls.open('outsider', 'readme');
    expect(await pulls.verdict(head)).toMatchObject({
      status: 'completed',
      conclusion: 'success',
      output: { title: 'Nothing of Coppice is changed' },
    });
  });

  test('says each problem on its line, and nothing is built', async () => {
    const head = await pulls.push('broken', {
      'projects/acme/tools.yaml': toolsYaml
        .replace('builders:', 'bilders:')
        .replace('needs: [libgreet]', 'neds: [libgreet]'),
    });
    await pulls.open('builder', 'broken');
    const check = await pulls.verdict(head);
    expect(check.conclusion).toBe('failure');
    const annotations = await service.ask<{ path: string; start_line: number }[]>(
      'maintainer',
      'GET',
      `check-runs/${check.id}/annotations`,
    );
    expect(annotations.map(({ path, start_line }) => `${path}:${start_line}`)).toEqual(
      expect.arrayContaining(['projects/acme/tools.yaml:3', 'projects/acme/tools.yaml:10']),
    );
    expect(live()).toEqual([]);
  });
});

/** Where a pull request may come from, the maker of those, and numbers of versions that nobody else has. */
const origins = [
  ['a branch', () => pulls, 100],
  ['a fork', () => forked, 200],
] as const;

describe.each(origins)('a pull request by somebody without rights, from %s,', (_from, maker, version) => {
  let head = '';
  let number = 0;

  test('is checked and planned, and builds nothing', async () => {
    head = await maker().push('by-outsider', spec(version + 5));
    number = await maker().open('outsider', 'by-outsider');
    const check = await pulls.verdict(head);
    expect(check).toMatchObject({
      conclusion: 'action_required',
      output: { title: 'Needs /approve by a maintainer' },
    });
    expect(check.output.summary).toMatch(/`hello`.*\(changed, about/);
    expect(check.output.summary).toContain('`maintainer`');
    expect(live()).toEqual([]);
  });

  test('is not built because its author, or a builder, says so', async () => {
    const byAuthor = await say('outsider', '/approve', number);
    expect(byAuthor.body).toContain('`outsider` may not approve this pull request. These may: `maintainer`');
    expect((await say('builder', '/approve', number)).body).toContain('`builder` may not approve');
    expect((await say('outsider', '/build', number)).body).toContain('not approved');
    expect((await say('builder', '/build hello', number)).body).toContain('not approved');
    expect(live()).toEqual([]);
  });

  test('is built once a maintainer approves its head', async () => {
    const asked = await service.comment('maintainer', '/approve', number);
    await pulls.verdict(head, ({ conclusion }) => conclusion === 'success');
    expect(live()).toEqual([`tools:pr:${number}/hello@${head}`]);
    await buildAll();
    expect(readAnswerMark((await answerTo(asked, number)).body)?.state).toBe('good');
  });

  test('loses the approval when its head moves, and waiting builds of the old head end', async () => {
    await service.comment('outsider', '/build hello', number);
    await until(async () => live().length > 0);
    const old = head;
    head = await maker().push('by-outsider', spec(version + 6), 'branch');
    expect(await pulls.verdict(head)).toMatchObject({ conclusion: 'action_required' });
    await buildAll();
    expect(live()).toEqual([]);
    expect((await say('maintainer', `/approve ${old}`, number)).body).toContain('is not the head of this pull request');
    expect((await say('maintainer', `/approve ${head.slice(0, 12)}`, number)).body).toContain('no whole commit id');
    expect(live()).toEqual([]);
  });

  test('is not approved by a comment that was written before its head came', async () => {
    service.github.setChannel((delivery, send) => (delivery.event === 'pull_request' ? undefined : send()));
    head = await maker().push('by-outsider', spec(version + 7), 'branch');
    const answer = await say('maintainer', '/approve', number);
    service.github.setChannel(undefined);
    expect(answer.body).toContain(`is \`${head}\` now, and I had not seen it`);
    expect(live()).toEqual([]);
    const asked = await service.comment('maintainer', `/approve ${head}`, number);
    await until(async () => live().length > 0);
    expect(live()).toEqual([`tools:pr:${number}/hello@${head}`]);
    await buildAll();
    await answerTo(asked, number);
  });
});

describe.each(origins)('attacks from %s:', (_from, maker, version) => {
  test('a policy that makes its author an admin gives no rights', async () => {
    const head = await maker().push('own-policy', {
      ...spec(version + 8),
      'coppice.yaml': `admins: [maintainer, outsider]\nchroots: [${chroot}]\nlimits: { timeout: 7h }\nallow: { network: true }\n`,
      'projects/acme/tools.yaml': toolsYaml.replace('maintainers: [maintainer]', 'maintainers: [maintainer, outsider]'),
    });
    const number = await maker().open('outsider', 'own-policy');
    const check = await pulls.verdict(head);
    expect(check).toMatchObject({ conclusion: 'action_required', output: { title: 'Needs /approve by an admin' } });
    expect(check.output.summary).toContain('it changes the policy');
    expect((await say('outsider', `/approve ${head}`, number)).body).toContain('may not approve');
    expect(live()).toEqual([]);
  });

  test('limits that are raised in the pull request do not count in its builds, whoever approves', async () => {
    const head = await maker().push('raised', {
      ...spec(version + 9),
      'coppice.yaml': `admins: [maintainer]\nchroots: [${chroot}]\nlimits: { timeout: 7h, disk: 99 GiB }\n`,
    });
    const number = await maker().open('maintainer', 'raised');
    await pulls.verdict(head);
    expect(service.queue.builds()).toMatchObject([
      { project: `tools:pr:${number}`, configCommit: head, timeoutSeconds: 3600, diskBytes: 10 * 1024 ** 3 },
    ]);
    await buildAll();
  });

  test('a mock config, which is a program, runs only after an admin approved it', async () => {
    const head = await maker().push('mock-config', {
      ...spec(version + 10),
      [`chroots/${chroot}.cfg`]: 'import os\nos.system("touch /tmp/owned")\n',
    });
    const number = await maker().open('builder', 'mock-config');
    const check = await pulls.verdict(head);
    expect(check).toMatchObject({ conclusion: 'action_required', output: { title: 'Needs /approve by an admin' } });
    expect((await say('builder', '/build', number)).body).toContain('not approved');
    expect((await say('builder', `/approve ${head}`, number)).body).toContain('may not approve');
    expect(live()).toEqual([]);
    await service.comment('maintainer', `/approve ${head}`, number);
    await until(async () => live().length > 0);
    await buildAll();
  });

  test('a new project needs an admin', async () => {
    const head = await maker().push('new-project', {
      'projects/acme/extra.yaml': `maintainers: [outsider]\nchroots: [${chroot}]\npackages:\n  evil:\n    source: { type: dir }\n`,
      'packages/acme/extra/evil/evil.spec': 'Name: evil\n',
    });
    const number = await maker().open('outsider', 'new-project');
    expect(await pulls.verdict(head)).toMatchObject({ output: { title: 'Needs /approve by an admin' } });
    expect((await say('outsider', '/approve', number)).body).toContain('may not approve');
    expect(live()).toEqual([]);
  });

  test('a force-push between approval and build builds nothing of the new head', async () => {
    const first = await maker().push('forced', spec(version + 11));
    const number = await maker().open('outsider', 'forced');
    await pulls.verdict(first);
    await service.comment('maintainer', '/approve', number);
    await until(async () => live().length > 0);
    const second = await maker().push('forced', spec(version + 12));
    await pulls.verdict(second);
    await until(async () => endings().length > 0 && endings().every((by) => by !== null));
    await buildAll();
    // Back at the approved commit: the approval ended when the head moved.
    await maker().reset('forced', first);
    await pulls.verdict(first, ({ conclusion }) => conclusion === 'action_required');
    await quiet();
    expect(live()).toEqual([]);
  });

  test('rights that are taken away end the builds that wait for them, and the check says so', async () => {
    const head = await maker().push('demoted', spec(version + 13));
    await maker().open('builder', 'demoted');
    await pulls.verdict(head);
    expect(live()).toHaveLength(1);
    await service.push('maintainer', {
      'projects/acme/tools.yaml': toolsYaml.replace('builders: [builder]', 'builders: []'),
    });
    await until(async () => endings().length > 0 && endings().every((by) => by !== null));
    await pulls.verdict(head, ({ output }) => output.title === 'Needs /approve by a maintainer');
    await buildAll();
    await until(async () => (await buildChecks(head))[0]?.output.summary.includes('may do so any more'));
    await service.push('maintainer', { 'projects/acme/tools.yaml': toolsYaml });
    await buildAll();
    await quiet();
  });
});

describe('a pull request that is made to keep the service busy', () => {
  /** The slowest of many requests, one after the other, while `work` goes on; in milliseconds. */
  const slowest = async (work: Promise<unknown>): Promise<number> => {
    let done = false;
    const end = work.finally(() => {
      done = true;
    });
    let worst = 0;
    while (!done) {
      const asked = performance.now();
      await fetch(new URL('/healthz', service.webhookUrl));
      worst = Math.max(worst, performance.now() - asked);
    }
    await end;
    return worst;
  };

  test('with files full of mistakes is judged while requests are answered, and 50 mistakes of a file are told', async () => {
    const line = (at: number) => `unknown${at}x: 1\n`;
    const full = toolsYaml + Array.from({ length: 15_000 }, (_, at) => line(at)).join('');
    const names = Array.from({ length: 10 }, (_, at) => `projects/acme/busy${at}.yaml`);
    const head = await pulls.push('busy', Object.fromEntries(names.map((name) => [name, full])));
    await pulls.open('outsider', 'busy');
    // Generous: in the service's own thread it takes seconds on any machine.
    expect(await slowest(pulls.verdict(head))).toBeLessThan(1500);
    const check = await pulls.verdict(head);
    expect(check).toMatchObject({ conclusion: 'failure', output: { title: 'The config has 150000 problems' } });
    expect(check.output.summary).toContain('projects/acme/busy0.yaml:50:1: unknown key `unknown39x`');
    expect(check.output.summary).toContain('149960 more.');
  });

  test('that takes long to be judged keeps nobody waiting but whoever opened it', async () => {
    const tangle = (branch: string) =>
      pulls.push(
        branch,
        Object.fromEntries(
          Array.from({ length: 16 }, (_, at) => [
            `projects/${branch}/t${at}.yaml`,
            `${toolsYaml}  x: ${'['.repeat(120_000)}\n`,
          ]),
        ),
      );
    const tangled = [await tangle('tangle1'), await tangle('tangle2')];
    const opened = [await pulls.open('outsider', 'tangle1'), await pulls.open('outsider', 'tangle2')];
    expect((await say('outsider', '/status', 1)).body).toContain('state=good');
    const head = await pulls.push('in-a-hurry', { 'README.md': 'In a hurry\n' });
    const number = await pulls.open('builder', 'in-a-hurry');
    expect(await pulls.verdict(head)).toMatchObject({ conclusion: 'success' });
    expect((await Promise.all(tangled.map((commit) => service.checks(commit)))).flat()).toEqual([]);
    for (const one of [...opened, number])
      await service.ask('maintainer', 'PATCH', `pulls/${one}`, { state: 'closed' });
    await service.restart();
    await quiet();
  });

  test('that is too much is told so once, and is left alone until its head moves', async () => {
    const specs = Array.from({ length: 2001 }, (_, at) => [`packages/acme/many${at}/x/x.spec`, 'Name: x\n']);
    const head = await pulls.push('too-much', Object.fromEntries(specs));
    const number = await pulls.open('outsider', 'too-much');
    const check = await pulls.verdict(head);
    expect(check).toMatchObject({ conclusion: 'failure', output: { title: 'This head could not be judged' } });
    expect(check.output.summary).toContain('It touches 2001 projects');
    expect((await say('maintainer', '/approve', number)).body).toContain('It touches 2001 projects');
    const checks = (await service.checks(head)).length;
    // Each start looks for heads that were not judged.
    await service.restart();
    await quiet();
    expect(await service.checks(head)).toHaveLength(checks);
    const next = await pulls.push('too-much', { 'README.md': 'Less\n' });
    expect(await pulls.verdict(next)).toMatchObject({ conclusion: 'success' });
  });
});

describe('buttons of checks, on a head from a fork,', () => {
  let head = '';
  let number = 0;
  const theCheck = async () => (await buildChecks(head))[0] as NonNullable<Awaited<ReturnType<typeof buildChecks>>[0]>;

  const rerun = (id: number, login: string) => service.ask(login, 'POST', `check-runs/${id}/rerequest`, {});

  test('Cancel ends the build for those who may, and does nothing for others', async () => {
    head = await ofBuilder.push('buttons', spec(20));
    number = await ofBuilder.open('builder', 'buttons');
    await pulls.verdict(head);
    await until(async () => (await buildChecks(head)).length > 0);
    await quiet();
    await service.github.requestAction('acme/packages', (await theCheck()).id, 'cancel', 'outsider');
    await until(async () => (await theCheck()).output.summary.includes('`outsider` may not cancel builds of'));
    expect(service.queue.builds()[0]?.chroots[0]?.cancelRequestedBy).toBeNull();
    await service.github.requestAction('acme/packages', (await theCheck()).id, 'cancel', 'builder');
    await until(async () => service.queue.builds()[0]?.chroots[0]?.cancelRequestedBy === 'builder');
    await buildAll();
    await until(async () => (await theCheck()).conclusion === 'cancelled');
  });

  test('Rebuild builds it again, in the sandbox', async () => {
    await service.github.requestAction('acme/packages', (await theCheck()).id, 'rebuild', 'builder');
    await until(async () => live().length > 0);
    expect(live()).toEqual([`tools:pr:${number}/hello@${head}`]);
    await buildAll({ state: 'failed', reason: 'compile', message: 'gcc ended with 1' });
    await until(async () => (await theCheck()).conclusion === 'failure');
  });

  test('Re-run goes on in the same run', async () => {
    const { id } = await theCheck();
    await rerun(id, 'builder');
    await until(async () => live().length > 0);
    await buildAll();
    await until(async () => (await theCheck()).conclusion === 'success');
    expect((await theCheck()).id).toBe(id);
  });

  test('Re-run of the check of the config judges the head again', async () => {
    const { id } = await pulls.verdict(head);
    await rerun(id, 'builder');
    await until(async () => (await pulls.verdict(head)).output.title === 'Nothing to build');
    expect(live()).toEqual([]);
  });

  test('Re-run of a head that is not the head any more gives the check back as it was, with a word why', async () => {
    const old = head;
    const { id } = await theCheck();
    await pulls.verdict(await ofBuilder.push('buttons', spec(21), 'branch'));
    await rerun(id, 'builder');
    await until(async () =>
      (await service.checks(old)).find(
        (check) =>
          check.id === id && check.conclusion === 'success' && check.output.summary.includes('has moved since'),
      ),
    );
    expect(live()).toEqual([expect.not.stringContaining(old)]);
    const ofConfig = await pulls.verdict(old);
    await rerun(ofConfig.id, 'builder');
    await pulls.verdict(old, (check) => check.id === ofConfig.id && check.output.title === 'Replaced by a later push');
    await buildAll();
  });

  test('Re-run on a pull request that is closed, and of an old commit, ends and says what is so now', async () => {
    const newest = (await service.ask<{ head: { sha: string } }>('builder', 'GET', `pulls/${number}`)).head.sha;
    await service.ask('builder', 'PATCH', `pulls/${number}`, { state: 'closed' });
    const { id } = await pulls.verdict(newest);
    await rerun(id, 'builder');
    await pulls.verdict(newest, (check) => check.id === id && check.output.title === 'The pull request is closed');
    const before = await service.push('maintainer', { 'README.md': 'one\n' });
    const old = await pulls.verdict(before);
    const now = await service.push('maintainer', { 'README.md': 'two\n' });
    await pulls.verdict(now);
    await rerun(old.id, 'maintainer');
    const said = await pulls.verdict(before, (check) => check.output.title === 'Replaced by a later push');
    expect([said.id, said.status]).toEqual([old.id, 'completed']);
    expect(said.output.summary).toContain(now);
  });
});

describe('a fork', () => {
  const fork = () => askRepository(service.github.apiUrl, 'outsider/packages');
  let head = '';
  let number = 0;

  test('that becomes private leaves its pull request to be approved and built', async () => {
    head = await forked.push('leaving', spec(301));
    number = await forked.open('outsider', 'leaving');
    await pulls.verdict(head);
    await fork()('outsider', 'PATCH', '', { private: true });
    expect(
      (await service.ask<{ head: { repo: unknown } }>('maintainer', 'GET', `pulls/${number}`)).head.repo,
    ).toBeNull();
    await service.comment('maintainer', `/approve ${head}`, number);
    await until(async () => live().length > 0);
    expect(live()).toEqual([`tools:pr:${number}/hello@${head}`]);
    await buildAll({ state: 'failed', reason: 'compile', message: 'gcc ended with 1' });
    await until(async () => (await buildChecks(head)).some(({ conclusion }) => conclusion === 'failure'));
  });

  test('that is deleted does so, too: what it had is built again, merged and told of', async () => {
    await fork()('outsider', 'DELETE', '');
    const [check] = await buildChecks(head);
    await service.ask('builder', 'POST', `check-runs/${check?.id}/rerequest`, {});
    await until(async () => live().length > 0);
    await buildAll();
    const done = await until(async () =>
      (await buildChecks(head)).find(({ id, conclusion }) => id === check?.id && conclusion === 'success'),
    );
    expect(done.output.summary).toMatch(
      new RegExp(`coprs/acme/tools:pr:${number}/repo/.*\ndnf install hello-bin\n`, 's'),
    );
    const merged = await service.ask<{ sha: string }>('maintainer', 'PUT', `pulls/${number}/merge`, { sha: head });
    expect(await pulls.verdict(merged.sha)).toMatchObject({ conclusion: 'success' });
    expect(live()).toEqual([`tools/hello@${merged.sha}`]);
    await buildAll();
  });

  test('is nothing that the bot ever asked of, or wrote to: heads come from the repository itself', () => {
    const git = service.github.gitRequests().filter(({ identity }) => identity === 'installation');
    expect(git.some(({ service: what }) => what === 'fetch')).toBe(true);
    expect(new Set(git.map((one) => `${one.service} ${one.repository}`))).toEqual(new Set(['fetch acme/packages']));
    const asked = service.github.requests().filter(({ identity }) => identity === 'installation');
    expect(asked.filter(({ path }) => !path.startsWith('/repos/acme/packages')).map(({ path }) => path)).toEqual([]);
  });
});

test('the sandboxes of closed pull requests are deleted when the policy says so, and the others stay', async () => {
  const sandboxes = async () =>
    (await readdir(join(service.published, 'results/acme'))).filter((name) => /:pr:/.test(name));
  const before = await sandboxes();
  const closed = (await service.ask<{ number: number }[]>('maintainer', 'GET', 'pulls?state=closed')).map(
    ({ number }) => `tools:pr:${number}`,
  );
  expect(before).toEqual(expect.arrayContaining([closed.find((name) => before.includes(name))]));
  await service.push('maintainer', {
    'coppice.yaml': `${exampleFiles['coppice.yaml']}retention: { pullRequests: 1s }\n`,
  });
  await until(async () => (await sandboxes()).every((name) => !closed.includes(name)));
  expect(await sandboxes()).toEqual(before.filter((name) => !closed.includes(name)));
  expect(await sandboxes()).not.toEqual([]);
});

test('nothing was complained of', () => {
  expect(service.complaints.filter((line) => !/has \d+ problems/.test(line))).toEqual([]);
});

test('every request that the bot made, and each answer it got, is as GitHub describes it', { timeout: 60_000 }, () => {
  const contract = createContract();
  const mine = service.github.requests().filter(({ identity }) => identity === 'app' || identity === 'installation');
  expect(mine.some(({ method, path }) => method === 'GET' && /\/pulls\/\d+$/.test(path))).toBe(true);
  const faults = [...new Set(mine.flatMap((one) => contract.check(one)))];
  // The description wants a repository there; GitHub gives none where the fork is gone.
  expect(faults.filter((line) => !line.includes('/head/repo: must be object'))).toEqual([]);
});
