// Every command against the local GitHub, a real queue and real Git. Only the runner is played by the test.
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type CheckRunJson,
  type Comment,
  exampleFiles,
  startTestService,
  type TestService,
  until,
} from '../../testing/bot-fixture.ts';
import { createContract } from '../../testing/openapi-contract.ts';
import { makePulls } from '../../testing/pull-requests.ts';
import { refusalStatus } from '../github/octokit-client.ts';
import { readAnswerMark } from '../reply/answer-mark.ts';

let service: TestService;
const projectFile = 'projects/acme/tools.yaml';

beforeAll(async () => {
  service = await startTestService();
  await buildAll();
}, 60_000);
afterAll(() => service.stop());

const buildAll = async (outcome: Parameters<TestService['step']>[0] = {}) => {
  while ((await service.step(outcome)) !== undefined);
};
const answersTo = async (comment: Comment) =>
  (await service.comments()).filter((one) => readAnswerMark(one.body)?.to === comment.id);
/** What the bot makes of it in the end. */
const says = async (login: string, body: string): Promise<string> => {
  const asked = await service.comment(login, body);
  const answer = await until(async () => {
    const [found] = await answersTo(asked);
    return found !== undefined && readAnswerMark(found.body)?.state !== 'working' ? found : undefined;
  });
  await service.bot().settled();
  expect(await answersTo(asked)).toHaveLength(1);
  return answer.body;
};
/** The first words of the answer, while builds may still run. */
const begins = async (login: string, body: string): Promise<string> => {
  const asked = await service.comment(login, body);
  return (await until(async () => (await answersTo(asked))[0])).body;
};
/** Only outside code does a name notify. */
const withoutCode = (markdown: string) => markdown.replace(/(`+)[\s\S]*?\1/g, '');
interface Commit {
  readonly sha: string;
  readonly commit: { readonly message: string; readonly author: { readonly name: string } };
}
const head = () => service.ask<Commit>('maintainer', 'GET', 'commits/main');
const read = async (path: string): Promise<string | undefined> => {
  const file = await service
    .ask<{ content: string }>('maintainer', 'GET', `contents/${path}`)
    .catch((error: unknown) => (refusalStatus(error) === 404 ? undefined : Promise.reject(error)));
  return file && Buffer.from(file.content, 'base64').toString('utf8');
};
/** Whether something is there below `published/`. */
const exists = (path: string) =>
  stat(join(service.published, path)).then(
    () => true,
    () => false,
  );
const everyCheck = (commit: string) => service.list<CheckRunJson>(`commits/${commit}/check-runs?filter=all`);
/** The newest check of the config of a commit, once it has such a title. */
const titled = (commit: string, title: RegExp) =>
  until(async () =>
    (await service.checks(commit)).find((one) => one.name === 'coppice / config' && title.test(one.output.title)),
  );
/** Resolves when the bot has handled the head of the branch. */
const inForce = async () => {
  const { sha } = await head();
  await until(async () => (await service.checks(sha)).find(({ name }) => name === 'coppice / config'));
  await service.bot().settled();
};

describe('builds', () => {
  test('/plan shows what /build would do, to anybody, and queues nothing', async () => {
    await service.push('builder', { 'packages/acme/tools/hello/hello.spec': 'Name: hello\nVersion: 2\n' });
    await inForce();
    await buildAll({ state: 'canceled' });
    const plan = await says('outsider', '/plan');
    expect(plan).toMatch(/\| 1 \| `acme\/tools` \| `hello` \| `sapling-12-x86_64` \(canceled before/);
    expect(plan).toMatch(/`libgreet`.*unchanged since build/);
    expect(service.queue.builds()).toEqual([]);
    await begins('builder', '/build');
    await buildAll();
  });

  test('/build takes limits, conditions and what it waits for', async () => {
    await begins('builder', '/build libgreet --background');
    const first = service.queue.builds()[0];
    expect(first).toMatchObject({ package: 'libgreet', background: true });
    await begins('builder', `/build hello --timeout 1h --memory 1GiB --with docs --after ${first?.id}`);
    expect(service.queue.builds()[1]).toMatchObject({
      package: 'hello',
      timeoutSeconds: 3600,
      memoryBytes: 2 ** 30,
      after: [first?.id],
      chroots: [{ buildroot: { with: ['docs'] } }],
    });
    await buildAll();
  });

  test('/rebuild makes a build again from its own source, though the config has moved on', async () => {
    await begins('builder', '/build hello');
    const old = service.queue.builds()[0];
    await buildAll({ state: 'failed', reason: 'infrastructure', message: 'The builder died.', excerpt: [] });
    await service.push('builder', { 'packages/acme/tools/hello/hello.spec': 'Name: hello\nVersion: 3\n' });
    await inForce();
    await buildAll();
    await begins('builder', `/rebuild ${old?.id}`);
    expect(service.queue.builds()).toMatchObject([{ package: 'hello', source: old?.source }]);
    await buildAll();
    expect(await says('outsider', `/rebuild ${old?.id}`)).toContain('`outsider` may not build');
  });

  test('/cancel takes several numbers and says which had ended', async () => {
    await begins('builder', '/build libgreet hello');
    const ids = service.queue.builds().map(({ id }) => id);
    const explained = await says('outsider', '/explain libgreet # why?');
    expect(explained).toMatch(new RegExp(`Build ${ids[0]}\\]\\(.*\\) of .acme/tools/libgreet.: 0 of 1 done\\.`));
    expect(explained).toContain(`\`/cancel ${ids[0]}\` stops it.`);
    expect(explained).not.toContain('would not be built now');
    const asked = await service.comment('builder', `/cancel 1 ${ids.join(' ')}`);
    const first = await until(async () => (await answersTo(asked))[0]);
    expect(first.body).toContain('Build 1 has ended meanwhile');
    await buildAll();
    const last = await until(async () => {
      const [found] = await answersTo(asked);
      return found !== undefined && readAnswerMark(found.body)?.state === 'good' ? found : undefined;
    });
    expect(last.body).toContain('All 2 were canceled.');
  });

  test('/logs, /status and /explain say why a build failed and what to do, and hostile lines stay in their block', async () => {
    await begins('builder', '/build hello');
    const id = service.queue.builds()[0]?.id;
    await service.step();
    await service.step({
      state: 'failed',
      reason: 'timeout',
      message: 'It took too long. @everybody',
      excerpt: ['```', '@everybody make: stuck'],
    });
    const logs = await says('outsider', `/logs ${id}`);
    expect(logs).toContain(`/acme/tools/build/${id}/sapling-12-x86_64/)`);
    expect(logs).toContain('````text\n```\n@everybody make: stuck\n````');
    expect(logs).not.toMatch(/long\\?\. @everybody/);
    const explained = await says('outsider', '/explain hello');
    expect(explained).toMatch(/`acme\/tools\/hello` would not be built now\./);
    expect(explained).toMatch(new RegExp(`failed in build ${id} with the same inputs`));
    expect(explained).toMatch(/It needs `libgreet` \(.*\)\./);
    expect(explained).toContain('`/build acme/tools/hello --timeout 4h`');
    expect(await says('outsider', `/explain ${id}`)).toContain('failed (timeout)');
    expect(await says('outsider', '/status hello')).toContain(`| [${id}]`);
    await service.push('builder', { 'packages/acme/tools/hello/hello.spec': 'Name: hello\nVersion: 4\n' });
    await inForce();
    await buildAll({ state: 'canceled' });
    expect(await says('outsider', '/explain hello')).toMatch(/would be built now.*did not come to an end/s);
    await begins('builder', '/build');
    await buildAll();
  });
});

describe('what people write', () => {
  test('who addresses the bot is answered once, and other bots’ commands are not answered', async () => {
    expect(await says('outsider', '@coppice: status.')).toContain('No build waits or runs');
    expect(await says('outsider', '\ufeff/status')).toContain('‹U+FEFF›/status');
    expect(await says('outsider', '/build hel\u200blo')).toContain('U+200B (zero-width space)');
    expect(await says('builder', '/build helo --chrot x')).toContain('Did you mean `/build helo --chroot x`?');
    expect(await says('builder', '/build hello --chroot')).toContain('`/build hello --chroot sapling-12-x86_64`');
    const others = await service.comment('outsider', '/lgtm\n/retest\n/unapprove');
    await says('outsider', '/plan acme/tools');
    expect(await answersTo(others)).toEqual([]);
    expect(service.queue.builds()).toEqual([]);
  });
});

describe('rights', () => {
  test('/request and /approve end as a commit by the bot that names who asked, and keeps the file as it was', async () => {
    const before = await read(projectFile);
    const asked = await says('outsider', '/request builder');
    expect(asked).toContain('`/approve @outsider acme/tools`: `maintainer`');
    expect((await head()).commit.author.name).not.toMatch(/bot/);
    expect(await says('outsider', '/approve @outsider')).toContain('`outsider` may not give rights in');
    expect(await says('builder', '/approve @outsider')).toContain('`builder` may not give rights in');
    expect(await read(projectFile)).toBe(before);

    const done = await says('maintainer', '/approve @outsider');
    expect(done).toContain('`outsider` is now a builder of `acme/tools`.');
    const { commit, sha } = await head();
    expect(done).toContain(sha);
    expect(commit.author.name).toMatch(/\[bot\]$/);
    expect(commit.message).toMatch(
      /^Add outsider to the builders of acme\/tools\n\nAsked-by: maintainer\nAsked-in: http/,
    );
    expect(await read(projectFile)).toBe(before?.replace('builders: [builder]', 'builders: [builder, outsider]'));
    await inForce();
    await begins('outsider', '/build libgreet');
    expect(service.queue.builds()).toMatchObject([{ package: 'libgreet', requestedBy: 'outsider' }]);
    await buildAll();
    expect(await says('maintainer', '/approve @outsider')).toContain('has not asked for rights');
  });

  test('/request drop gives rights back, and the last maintainer stays', async () => {
    expect(await says('maintainer', '/request drop')).toContain('only maintainer');
    expect(await says('outsider', '/request drop')).toContain('`outsider` has no rights in `acme/tools` any more.');
    await inForce();
    expect(await read(projectFile)).toBe(exampleFiles[projectFile]);
    expect(await says('outsider', '/build libgreet')).toContain('`outsider` may not build');
  });

  test('a request survives a restart', async () => {
    await says('outsider', '/request maintainer acme/tools');
    await service.restart();
    expect(await says('maintainer', '/approve @outsider')).toContain('is now a maintainer');
    await inForce();
    await says('outsider', '/request drop');
    await inForce();
  });

  test('somebody else pushes at the same time: the change goes on top of theirs', async () => {
    await says('outsider', '/request builder');
    service.github.setChannel(() => undefined);
    const theirs = await service.push('builder', { 'README.md': 'Packages\n' });
    service.github.setChannel(undefined);
    expect(await says('maintainer', '/approve @outsider')).toContain('is now a builder');
    const { sha } = await head();
    const compared = await service.ask<{ status: string }>('maintainer', 'GET', `compare/${theirs}...${sha}`);
    expect(compared.status).toBe('ahead');
    await inForce();
    await says('outsider', '/request drop');
    await inForce();
  });

  test('nothing is committed on a config that has problems', async () => {
    await says('outsider', '/request builder');
    const broken = await service.push('maintainer', { 'coppice.yaml': 'admins: 7\n' });
    await inForce();
    expect(await says('maintainer', '/approve @outsider')).toContain('has problems, so I commit nothing');
    for (const line of ['/build hello', '/plan', '/explain hello', '/status', '/status hello']) {
      const answer = await begins('maintainer', line);
      expect(answer).toMatch(/^The config of \[`\w{10}`\]\(\S+\) is in force, not the newest: the newest commit/m);
      expect(answer).toMatch(new RegExp(`${broken}\\) was refused, for it has .* problem`));
      expect(answer).toContain('coppice.yaml:1:');
    }
    await buildAll();
    expect((await head()).sha).toBe(broken);
    await service.push('maintainer', { 'coppice.yaml': exampleFiles['coppice.yaml'] ?? '' });
    await inForce();
    await says('outsider', '/request drop');
  });
});

describe('projects', () => {
  test('/freeze stops builds and /resolve lets them go on; /legal is anybody’s', async () => {
    const before = await read(projectFile);
    const report = await says('outsider', '/legal acme/tools ships my font. Ask @maintainer!');
    expect(report).toContain('This is report 1 about `acme/tools`');
    expect(withoutCode(report).match(/@\w+/g)).toEqual(['@maintainer']);
    expect(await says('maintainer', '/legal')).toMatch(/One report is open.*\[Report 1\]/s);
    expect(await says('outsider', '/freeze acme/tools because')).toContain('`outsider` may not freeze `acme/tools`');
    expect(await says('maintainer', '/freeze acme/tools Report 1: "font".')).toContain('`acme/tools` is frozen');
    await inForce();
    expect(await read(projectFile)).toBe(`frozen: "Report 1: "font"."\n${before}`.replace('"font"', '\\"font\\"'));
    const refused = await says('builder', '/build hello');
    expect(refused).toMatch(/is frozen: Report 1: "font"\\?\..*`maintainer` writes `\/resolve acme\/tools`/);
    expect(service.queue.builds()).toEqual([]);
    expect(await says('builder', '/resolve acme/tools')).toContain('may not unfreeze');
    expect(await says('maintainer', '/resolve acme/tools')).toContain('not frozen any more');
    await inForce();
    expect(await read(projectFile)).toBe(before);
  });

  test('/freeze ends what waits and takes the repository offline; /resolve brings both back, in the name of who asked', async () => {
    await service.push('builder', { 'packages/acme/tools/hello/hello.spec': 'Name: hello\nVersion: 5\n' });
    await inForce();
    expect(service.queue.builds()).toMatchObject([{ package: 'hello', requestedBy: 'builder' }]);
    await says('maintainer', '/freeze acme/tools a claim');
    await inForce();
    expect(service.queue.builds()).toEqual([]);
    expect(await exists('results/acme/tools/sapling-12-x86_64/repodata')).toBe(false);
    await says('maintainer', '/resolve acme/tools');
    await inForce();
    expect(service.queue.builds()).toMatchObject([{ package: 'hello', requestedBy: 'maintainer' }]);
    expect(await exists('results/acme/tools/sapling-12-x86_64/repodata')).toBe(true);
    await buildAll();
  });

  test('/fork takes files and good builds along, so nothing is built again; /delete project takes all away', async () => {
    expect(await says('outsider', '/fork acme/tools')).toContain('may not fork `acme/tools`');
    expect(await says('maintainer', '/fork acme/tools mine')).toContain('is forked as `maintainer/mine`');
    await inForce();
    const spec = await read('packages/acme/tools/hello/hello.spec');
    expect(await read('projects/maintainer/mine.yaml')).toMatch(
      /forkedFrom: "acme\/tools"[\s\S]*maintainers: \[maintainer\]/,
    );
    expect(await read('packages/maintainer/mine/hello/hello.spec')).toBe(spec);
    expect(service.queue.builds()).toEqual([]);
    expect(await says('outsider', '/status maintainer/mine/hello')).toContain('succeeded');
    expect(await says('maintainer', '/fork acme/tools mine')).toContain('There is a project `maintainer/mine` already');
    expect(await says('builder', '/delete project maintainer/mine')).toContain('may not delete');
    expect(await says('maintainer', '/delete project maintainer/mine')).toContain('is deleted');
    await inForce();
    expect(await read('projects/maintainer/mine.yaml')).toBeUndefined();
    expect(await read('packages/maintainer/mine/hello/hello.spec')).toBeUndefined();
    expect(await exists('results/maintainer/mine')).toBe(false);
    expect(await read(projectFile)).toBe(exampleFiles[projectFile]);
  });

  test('a project whose day has come is removed by a commit of the bot, with what it has published', async () => {
    const brief = 'projects/acme/brief.yaml';
    const text = `maintainers: [maintainer]\nchroots: [sapling-12-x86_64]\npackages:\n  hello: { source: { type: dir } }\n`;
    const spec = (await read('packages/acme/tools/hello/hello.spec')) ?? '';
    await service.push('maintainer', { [brief]: text, 'packages/acme/brief/hello/hello.spec': spec });
    await inForce();
    await buildAll();
    expect(await exists('results/acme/brief')).toBe(true);
    await service.push('maintainer', { [brief]: `${text}deleteAfter: 2026-01-31\n` });
    await until(async () => (await read(brief)) === undefined);
    await inForce();
    expect(await exists('results/acme/brief')).toBe(false);
    expect((await head()).commit.message).toMatch(/^Delete acme\/brief, which was to be deleted on 2026-01-31\n/);
    expect(await read(projectFile)).toBe(exampleFiles[projectFile]);
  });

  test('a push that moves a project’s files moves what it has published, and nothing is built again', async () => {
    const file = exampleFiles[projectFile] ?? '';
    const spec = async (name: string) => (await read(`packages/acme/tools/${name}/${name}.spec`)) ?? '';
    const moved = { hello: await spec('hello'), libgreet: await spec('libgreet') };
    await service.push('maintainer', {
      [projectFile]: null,
      'projects/acme/instruments.yaml': `${file}renamedFrom: acme/tools\n`,
      'packages/acme/tools/hello/hello.spec': null,
      'packages/acme/tools/libgreet/libgreet.spec': null,
      'packages/acme/instruments/hello/hello.spec': moved.hello,
      'packages/acme/instruments/libgreet/libgreet.spec': moved.libgreet,
    });
    await inForce();
    expect(service.queue.builds()).toEqual([]);
    expect(await exists('results/acme/tools')).toBe(false);
    expect(await says('outsider', '/status hello')).toMatch(/`acme\/instruments\/hello`:[\s\S]*succeeded/);
    const build = /build\/(\d+)/.exec(await says('outsider', '/status hello'))?.[1];
    expect(await says('outsider', `/status ${build}`)).toContain(`/acme/instruments/build/${build}/`);
    expect(await says('outsider', `/explain ${build}`)).not.toContain('does not state');
    await service.push('maintainer', {
      [projectFile]: `${file}renamedFrom: acme/instruments\n`,
      'projects/acme/instruments.yaml': null,
      'packages/acme/tools/hello/hello.spec': moved.hello,
      'packages/acme/tools/libgreet/libgreet.spec': moved.libgreet,
      'packages/acme/instruments/hello/hello.spec': null,
      'packages/acme/instruments/libgreet/libgreet.spec': null,
    });
    await inForce();
    await service.push('maintainer', { [projectFile]: file });
    await inForce();
    expect(service.queue.builds()).toEqual([]);
  });

  test('a push without a project’s file says what goes, and the file put back in time keeps all of it', async () => {
    const stated = (await head()).sha;
    const specs = ['hello', 'libgreet'].map((name) => `packages/acme/tools/${name}/${name}.spec`);
    const texts = await Promise.all(
      [projectFile, ...specs].map(async (path) => [path, (await read(path)) ?? ''] as const),
    );
    const without = await service.push('builder', Object.fromEntries(texts.map(([path]) => [path, null])));
    await inForce();
    const check = await titled(without, /^Deletes acme\/tools \(2 packages, [1-9]\d* builds?\)$/);
    expect(check.output.summary).toMatch(/goes at \d{4}-\d\d-\d\d \d\d:\d\d UTC\. Until then everything stays/);
    expect(await exists('results/acme/tools')).toBe(true);
    // Nothing of it is forgotten over a restart, nor while people go on.
    await service.restart();
    expect(await says('outsider', '/status hello')).toMatch(/`acme\/tools` is leaving:[\s\S]*succeeded/);
    expect(await says('builder', '/build hello')).toMatch(/`acme\/tools` is leaving[\s\S]*There is no package `hello`/);
    // The branch goes back and forth within minutes: each time what is pushed counts.
    for (const [commit, title] of [
      [stated, /^Keeps acme\/tools/],
      [without, /^Deletes acme\/tools/],
      [stated, /^Keeps acme\/tools/],
      [without, /^Deletes acme\/tools/],
    ] as const) {
      const before = (await everyCheck(commit)).length;
      await service.ask('maintainer', 'PATCH', 'git/refs/heads/main', { sha: commit, force: true });
      await until(async () => (await everyCheck(commit)).length > before);
      await titled(commit, title);
      await service.bot().settled();
    }
    await service.restart(async () => {
      await service.push('maintainer', Object.fromEntries(texts));
      service.passTime(4000);
    });
    await inForce();
    await titled((await head()).sha, /^Keeps acme\/tools$/);
    expect(service.queue.builds()).toEqual([]);
    expect(await exists('results/acme/tools')).toBe(true);
    expect(await says('outsider', '/status hello')).not.toContain('is leaving');
  });

  test('a project whose file is not put back is deleted when its time is over, and by /delete at once', async () => {
    const file = 'projects/acme/brief.yaml';
    const text = `maintainers: [builder]\nchroots: [sapling-12-x86_64]\npackages:\n  hello: { source: { type: dir } }\n`;
    const files = { [file]: text, 'packages/acme/brief/hello/hello.spec': 'Name: hello\n' };
    const none = Object.fromEntries(Object.keys(files).map((path) => [path, null]));
    const makeAndDrop = async () => {
      await service.push('maintainer', files);
      await inForce();
      await buildAll();
      await service.push('maintainer', none);
      await inForce();
      expect(await exists('results/acme/brief')).toBe(true);
    };
    await makeAndDrop();
    service.passTime(3601);
    await says('outsider', '/help');
    await until(async () => !(await exists('results/acme/brief')));
    expect(await exists('results/acme/tools')).toBe(true);
    await makeAndDrop();
    expect(await says('outsider', '/delete project acme/brief')).toContain('may not delete');
    expect(await says('builder', '/delete project acme/brief')).toContain('`acme/brief` is deleted');
    expect(await exists('results/acme/brief')).toBe(false);
    expect(await says('outsider', '/status')).not.toContain('is leaving');
  });

  test('/publish and /rollback are for who may, and say that there is nothing to switch to', async () => {
    expect(await says('outsider', '/publish')).toContain('may not publish `acme/tools`');
    expect(await says('builder', '/publish')).toContain('Nothing of `acme/tools` waits to be published.');
    expect(await says('builder', '/rollback')).toContain('may not roll back `acme/tools`');
    expect(await says('maintainer', '/rollback acme/tools')).toContain('users have seen nothing else before.');
  });

  test('/delete takes one build away; the one before it counts again', async () => {
    const before = await says('outsider', '/status hello');
    await begins('builder', '/build hello');
    const id = service.queue.builds()[0]?.id;
    expect(await says('maintainer', `/delete ${id}`)).toContain('has not ended yet');
    await buildAll();
    expect(await says('builder', `/delete ${id}`)).toContain('may not delete builds of');
    expect(await says('maintainer', `/delete ${id}`)).toContain(`Build ${id} is deleted`);
    expect(await says('maintainer', `/logs ${id}`)).toContain(`There is no build ${id}`);
    const rows = (markdown: string) => markdown.split('\n').filter((line) => line.startsWith('| ['));
    expect(rows(await says('outsider', '/status hello'))).toEqual(rows(before));
  });
});

describe('attacks', () => {
  test('an outsider gets nothing built, committed or canceled, whatever they write', async () => {
    const { sha } = await head();
    await begins('builder', '/build hello');
    const id = service.queue.builds()[0]?.id;
    const lines = [
      '/build --force',
      `/rebuild 1`,
      `/cancel ${id}`,
      '/delete 1',
      '/delete project acme/tools',
      '/fork acme/tools acme/mine',
      '/approve @outsider acme/tools',
      '/freeze acme/tools x',
      '/resolve acme/tools',
      '/request maintainer acme/tools',
    ];
    const answer = await says('outsider', lines.join('\n'));
    expect(readAnswerMark(answer)?.state).toBe('bad');
    expect(answer.match(/^\*\*`+\//gm)).toHaveLength(lines.length);
    expect(service.queue.builds().map((one) => [one.id, one.chroots[0]?.cancelRequestedBy])).toEqual([[id, null]]);
    expect((await head()).sha).toBe(sha);
    await buildAll();
  });

  test('an edited comment and the text of an issue build nothing, and are told once where commands go', async () => {
    const comment = await service.comment('builder', 'Nothing to see here');
    await service.ask('builder', 'PATCH', `issues/comments/${comment.id}`, { body: '/build hello' });
    const issue = await service.ask<{ number: number }>('builder', 'POST', 'issues', {
      title: 'x',
      body: '/build hello',
    });
    await service.ask('builder', 'PATCH', `issues/${issue.number}`, { body: '/build hello\n/build libgreet' });
    const told = async (about: string, number: number) =>
      (await service.comments(number)).filter(({ body }) => body.startsWith(`<!-- coppice:misplaced ${about} -->`));
    const ofComment = () => told(`edited-comment/${comment.id}`, 1);
    const ofIssue = () => told(`issue-description/${issue.number}`, issue.number);
    await until(async () => (await ofComment()).length > 0 && (await ofIssue()).length > 0);
    await service.restart();
    await service.ask('builder', 'PATCH', `issues/comments/${comment.id}`, { body: '/build libgreet' });
    await says('builder', '/help');
    expect(service.queue.builds()).toEqual([]);
    expect(await answersTo(comment)).toEqual([]);
    expect([await ofComment(), await ofIssue()].map((all) => all.length)).toEqual([1, 1]);
  });

  test('reviews, their comments and comments on commits ask for nothing, and are told once where commands go', async () => {
    const pulls = await makePulls(service);
    try {
      const head = await pulls.push('reviewed', {
        'packages/acme/tools/hello/hello.spec': 'Name: hello\nVersion: 8\n',
      });
      const number = await pulls.open('builder', 'reviewed');
      await pulls.verdict(head);
      const before = service.queue.builds().length;
      await service.ask('outsider', 'POST', `pulls/${number}/reviews`, { body: '/approve', event: 'COMMENT' });
      const line = { body: '/build hello', commit_id: head, path: 'packages/acme/tools/hello/hello.spec', line: 1 };
      await service.ask('outsider', 'POST', `pulls/${number}/comments`, line);
      await service.ask('outsider', 'POST', `commits/${head}/comments`, { body: '/build hello' });
      const told = async () =>
        [
          ...(await service.comments(number)),
          ...(await service.ask<{ body: string }[]>('outsider', 'GET', `commits/${head}/comments`)),
        ].flatMap(({ body }) => /^<!-- coppice:misplaced ([a-z-]+)\//.exec(body)?.[1] ?? []);
      await until(async () => (await told()).length >= 3);
      await service.bot().settled();
      expect((await told()).sort()).toEqual(['commit-comment', 'review', 'review-comment']);
      expect(service.queue.builds()).toHaveLength(before);
    } finally {
      await pulls.remove();
    }
    while ((await service.step()) !== undefined);
    await service.bot().settled();
  });

  test('an edit of a comment that has been answered changes nothing', async () => {
    const comment = await service.comment('builder', '/status');
    await until(async () => (await answersTo(comment))[0]);
    await service.ask('builder', 'PATCH', `issues/comments/${comment.id}`, { body: '/build hello' });
    await says('builder', '/help');
    expect(service.queue.builds()).toEqual([]);
    expect(await answersTo(comment)).toHaveLength(1);
  });

  test('a storm of mentions is answered without a mention', async () => {
    const people = Array.from({ length: 300 }, (_, at) => `@person${at}`).join(' ');
    const answer = await says(
      'outsider',
      `@coppice build ${people}\n/legal ${people}\n/approve @everybody\n/biuld @all`,
    );
    expect(withoutCode(answer)).not.toMatch(/@\w/);
  });

  test('the bot does not answer itself, nor what quotes its answers', async () => {
    const answer = await says('builder', '/help');
    const before = (await service.comments()).length;
    const quoting = await service.comment('outsider', `${answer}\n\n> /build hello`);
    await says('builder', '/status');
    expect(await answersTo(quoting)).toEqual([]);
    expect((await service.comments()).length).toBe(before + 3);
  });

  test('64 kB of commands are cut to ten, and the answer fits', async () => {
    const answer = await says('outsider', '/build looks good to me\n'.repeat(2700).slice(0, 65_000));
    expect(answer).toContain('Only the first 10 commands');
    expect(answer.length).toBeLessThanOrEqual(65_536);
    expect(service.queue.builds()).toEqual([]);
  });

  test('a commit whose message poses as the bot’s names nobody else as the requester', async () => {
    const work = `${service.home}/posing`;
    const url = service.github.url.replace('://', '://builder:token-builder@');
    await execa('git', ['clone', '--quiet', `${url}/acme/packages.git`, work]);
    const git = (...args: string[]) =>
      execa('git', ['-c', 'user.name=builder', '-c', 'user.email=builder@example.test', ...args], { cwd: work });
    await execa('sh', ['-c', 'echo Version: 9 >> packages/acme/tools/hello/hello.spec'], { cwd: work });
    await git('commit', '--quiet', '--all', '--message', 'Change\n\nAsked-by: maintainer');
    await git('push', '--quiet');
    await inForce();
    expect(service.queue.builds()).toMatchObject([{ package: 'hello', requestedBy: 'builder' }]);
    await buildAll();
  });
});

test('every request that the bot made, and each answer it got, is as GitHub describes it', { timeout: 60_000 }, () => {
  const contract = createContract();
  const mine = service.github.requests().filter(({ identity }) => identity === 'app' || identity === 'installation');
  expect([...new Set(mine.flatMap((one) => contract.check(one)))]).toEqual([]);
});
