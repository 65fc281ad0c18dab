// The bot against the local GitHub, a real queue and real Git. Only the runner is played by the test.
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { projectsJsonSchema } from '@coppice/config';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Comment, exampleFiles, startTestService, type TestService, until } from '../../testing/bot-fixture.ts';
import { createContract } from '../../testing/openapi-contract.ts';
import { readAnswerMark } from '../reply/answer-mark.ts';

let service: TestService;

beforeAll(async () => {
  service = await startTestService();
}, 60_000);
afterAll(() => service.stop());

const answerTo = (comment: Comment) => async () =>
  (await service.comments()).find((one) => readAnswerMark(one.body)?.to === comment.id);
const finalAnswerTo = (comment: Comment) => async () => {
  const answer = await answerTo(comment)();
  return answer !== undefined && readAnswerMark(answer.body)?.state !== 'working' ? answer : undefined;
};
const buildAll = async (outcome: Parameters<TestService['step']>[0] = {}) => {
  while ((await service.step(outcome)) !== undefined);
};
const configCheck = (commit: string) => async () =>
  (await service.checks(commit)).find((check) => check.name === 'coppice / config');

describe('pushes', () => {
  test('the first commit is found without a webhook, planned and queued', async () => {
    expect(service.queue.builds().map((build) => [build.package, build.after.length, build.requestedBy])).toEqual([
      ['libgreet', 0, 'maintainer'],
      ['hello', 1, 'maintainer'],
    ]);
    const text = await readFile(join(service.published, 'api/v1/projects.json'), 'utf8');
    expect(projectsJsonSchema.parse(JSON.parse(text)).projects[0]?.packages.map(({ name }) => name)).toEqual([
      'libgreet',
      'hello',
    ]);
  });

  test('its commit has a check for the config and one for each chroot, which follow the builds', async () => {
    const commit = service.queue.builds()[0]?.configCommit ?? '';
    await service.bot().settled();
    const states = async () =>
      new Map((await service.checks(commit)).map((check) => [check.name, check.conclusion ?? check.status]));
    expect(await states()).toEqual(
      new Map([
        ['coppice / config', 'success'],
        ['acme/tools: libgreet (sapling-12-x86_64)', 'queued'],
        ['acme/tools: hello (sapling-12-x86_64)', 'queued'],
      ]),
    );
    await buildAll();
    await service.bot().settled();
    expect(new Set((await states()).values())).toEqual(new Set(['success']));
  });

  test('a push that changes one package builds only that one, in the name of the pusher', async () => {
    const commit = await service.push('builder', {
      'packages/acme/tools/hello/hello.spec': 'Name: hello\nVersion: 2\n',
    });
    const check = await until(configCheck(commit));
    expect(check).toMatchObject({ conclusion: 'success', output: { title: '1 build queued' } });
    expect(service.queue.builds().map((build) => [build.package, build.requestedBy, build.configCommit])).toEqual([
      ['hello', 'builder', commit],
    ]);
    await buildAll();
  });

  test('a push with problems changes nothing and says each on its line', async () => {
    const broken = await service.push('maintainer', {
      'coppice.yaml': `admins: maintainer\nchroots: [nonsense]\ncolour: red\n`,
    });
    const check = await until(configCheck(broken));
    expect(check).toMatchObject({ conclusion: 'failure' });
    const annotations = await service.ask<{ path: string; start_line: number }[]>(
      'maintainer',
      'GET',
      `check-runs/${check.id}/annotations`,
    );
    expect(annotations.map(({ path, start_line }) => `${path}:${start_line}`)).toEqual(
      expect.arrayContaining(['coppice.yaml:1', 'coppice.yaml:2', 'coppice.yaml:3']),
    );
    expect(service.queue.builds()).toEqual([]);

    const asked = await service.comment('builder', '/build libgreet');
    await until(answerTo(asked));
    expect(service.queue.builds()).toMatchObject([{ package: 'libgreet' }]);
    expect(service.queue.builds()[0]?.configCommit).not.toBe(broken);
    await buildAll();
    await service.push('maintainer', { 'coppice.yaml': exampleFiles['coppice.yaml'] ?? '' });
  });

  test('more problems than one call takes are all annotated', async () => {
    const packages = Array.from({ length: 35 }, (_, at) => `  p${at}: { source: { type: dir }, colour: red }`).join(
      '\n',
    );
    const text = `maintainers: [maintainer]\nchroots: [sapling-12-x86_64]\npackages:\n${packages}\n`;
    const commit = await service.push('maintainer', {
      'projects/acme/many.yaml': text,
      'projects/acme/more.yaml': text,
    });
    const check = await until(configCheck(commit));
    await service.bot().settled();
    const annotations = await service.list(`check-runs/${check.id}/annotations`);
    expect(annotations.length).toBeGreaterThanOrEqual(70);
    await service.push('maintainer', { 'projects/acme/many.yaml': null, 'projects/acme/more.yaml': null });
  });
});

describe('comments', () => {
  test('/build is met with a reaction and one answer, edited until it is final', async () => {
    const asked = await service.comment('builder', 'Please:\n\n/build hello');
    const first = await until(answerTo(asked));
    expect(readAnswerMark(first.body)?.state).toBe('working');
    await buildAll();
    const last = await until(finalAnswerTo(asked));
    expect(last.id).toBe(first.id);
    expect(readAnswerMark(last.body)?.state).toBe('good');
    expect(last.body).toContain('dnf install hello-bin');
    await service.bot().settled();
    expect(await service.reactions(asked.id)).toEqual(expect.arrayContaining(['eyes', 'rocket']));
    expect((await service.comments()).filter((one) => readAnswerMark(one.body)?.to === asked.id)).toHaveLength(1);
  });

  test('a failed build is answered with its reason and the lines that say why, which cannot break out', async () => {
    const asked = await service.comment('builder', '/build hello');
    await until(answerTo(asked));
    await service.step();
    await service.step({
      state: 'failed',
      reason: 'compile',
      message: 'gcc ended with 1. @everybody',
      excerpt: ['```', '@everybody <b>hello.c:1: error</b>'],
    });
    const last = await until(finalAnswerTo(asked));
    expect(readAnswerMark(last.body)?.state).toBe('bad');
    expect(last.body).toContain('failed (compile)');
    expect(last.body).toContain('````text\n```\n@everybody');
    expect(last.body).not.toMatch(/with 1\. @everybody/);
    const { sha } = await service.ask<{ sha: string }>('maintainer', 'GET', 'commits/main');
    await service.bot().settled();
    expect((await service.checks(sha)).filter(({ conclusion }) => conclusion === 'failure')).toMatchObject([
      { output: { title: expect.stringContaining('compile') } },
    ]);
  });

  test('an outsider is refused and told who may', async () => {
    const asked = await service.comment('outsider', '/build hello\n/cancel 1');
    const answer = await until(finalAnswerTo(asked));
    expect(answer.body).toMatch(/`outsider` may not build `acme\/tools`.*`maintainer`, `builder`/);
    expect(readAnswerMark(answer.body)?.state).toBe('bad');
    expect(service.queue.builds()).toEqual([]);
    await service.bot().settled();
    expect(await service.reactions(asked.id)).toContain('confused');
  });

  test('/build without names says that there is nothing to do when all is built', async () => {
    const answer = await until(finalAnswerTo(await service.comment('maintainer', '/build')));
    expect(answer.body).toContain('There is nothing to do.');
    expect(service.queue.builds()).toEqual([]);
  });

  test('words after /build are no packages, and nothing is queued', async () => {
    const answer = await until(finalAnswerTo(await service.comment('builder', '/build "looks good to me"')));
    expect(answer.body).toContain('There is no package `looks good to me`');
    const near = await until(finalAnswerTo(await service.comment('builder', '/build helo')));
    expect(near.body).toContain('Did you mean `hello`?');
    expect(service.queue.builds()).toEqual([]);
  });

  test('/cancel ends a waiting build, and both answers say so', async () => {
    const asked = await service.comment('builder', '/build hello');
    await until(answerTo(asked));
    const id = service.queue.builds()[0]?.id;
    const cancel = await service.comment('maintainer', `/cancel ${id}`);
    await until(answerTo(cancel));
    await buildAll();
    expect(readAnswerMark((await until(finalAnswerTo(cancel))).body)?.state).toBe('good');
    expect((await until(finalAnswerTo(asked))).body).toContain('was canceled');
    const status = await until(finalAnswerTo(await service.comment('outsider', `/status #${id}`)));
    expect(status.body).toContain('canceled');
  });

  test('what quotes or shows a command does not fire, and bots are not answered', async () => {
    const before = (await service.comments()).length;
    await service.comment(
      'builder',
      '> /build hello\n\n```\n/build hello\n```\n\n`/build hello`\n\nnot a line: /build hello',
    );
    const marker = await service.comment('builder', '/help');
    const answer = await until(finalAnswerTo(marker));
    expect(answer.body).toContain('/cancel 42');
    await service.bot().settled();
    expect(await service.comments()).toHaveLength(before + 3);
    expect(service.queue.builds()).toEqual([]);
  });

  test('a comment of 64 kB, nested to keep a parser busy, is answered and holds nobody up', async () => {
    const tangled = `/build hello\n${'*a_'.repeat(21_000)}`;
    const asked = await service.comment('builder', tangled);
    const other = await service.comment('builder', '/status');
    expect((await until(finalAnswerTo(asked))).body).toContain('too tangled');
    await until(finalAnswerTo(other));
  });
});

describe('deliveries', () => {
  test('a delivery that comes twice is worked off once', async () => {
    const sending: Promise<void>[] = [];
    service.github.setChannel((_delivery, send) => sending.push(send(), send()));
    const asked = await service.comment('builder', '/build hello');
    await until(answerTo(asked));
    service.github.setChannel(undefined);
    await Promise.all(sending);
    await service.bot().settled();
    expect(service.queue.builds()).toHaveLength(1);
    expect((await service.comments()).filter((one) => readAnswerMark(one.body)?.to === asked.id)).toHaveLength(1);
    await buildAll();
    await until(finalAnswerTo(asked));
  });

  test('a push that was never delivered is found at the next start', async () => {
    service.github.setChannel(() => undefined);
    const commit = await service.push('builder', {
      'packages/acme/tools/hello/hello.spec': 'Name: hello\nVersion: 3\n',
    });
    await service.restart(async () => service.github.setChannel(undefined));
    expect(service.queue.builds()).toMatchObject([{ package: 'hello', configCommit: commit }]);
    await buildAll();
  });

  test('builds that end while the bot is away are told of at the next start', async () => {
    const asked = await service.comment('builder', '/build libgreet');
    const first = await until(answerTo(asked));
    await service.bot().settled();
    await service.restart(() => buildAll());
    const last = await until(finalAnswerTo(asked));
    expect(last.id).toBe(first.id);
    expect(last.body).toContain('dnf install libgreet-bin');
    await service.bot().settled();
    const { sha } = await service.ask<{ sha: string }>('maintainer', 'GET', 'commits/main');
    expect((await service.checks(sha)).filter(({ status }) => status !== 'completed')).toEqual([]);
  });

  test('an answer and checks whose numbers were not noted before the end are not given twice', async () => {
    const asked = await service.comment('builder', '/build hello');
    const first = await until(answerTo(asked));
    await service.bot().settled();
    // As if the service had been killed after GitHub had answered, before that was noted.
    await service.restart(() => service.forgetNumbers());
    await buildAll();
    const last = await until(finalAnswerTo(asked));
    expect(last.id).toBe(first.id);
    await service.bot().settled();
    const { sha } = await service.ask<{ sha: string }>('maintainer', 'GET', 'commits/main');
    const mine = (await service.checks(sha)).filter(
      ({ external_id }) => external_id === `build/${/build\/(\d+)\//.exec(last.body)?.[1]}/sapling-12-x86_64`,
    );
    expect(mine).toMatchObject([{ conclusion: 'success' }]);
  });

  test('a webhook with a bad signature is refused', async () => {
    const answer = await fetch(service.webhookUrl, {
      method: 'POST',
      headers: {
        'x-github-event': 'push',
        'x-github-delivery': 'forged',
        'x-hub-signature-256': `sha256=${'0'.repeat(64)}`,
        'content-type': 'application/json',
      },
      body: '{}',
    });
    expect(answer.status).toBe(400);
  });

  test('a webhook that says it is larger than any of GitHub is refused before it is sent', async () => {
    const headers = {
      ...{ 'x-github-event': 'push', 'x-github-delivery': 'large', 'content-type': 'application/json' },
      ...{ 'x-hub-signature-256': `sha256=${'0'.repeat(64)}`, 'content-length': String(25 * 2 ** 20 + 1) },
    };
    const sending = request(service.webhookUrl, { method: 'POST', headers });
    sending.flushHeaders();
    const [answer] = await once(sending, 'response');
    expect([answer.statusCode, answer.headers.connection]).toEqual([413, 'close']);
    sending.destroy();
  });

  test('nothing was complained of that was not the test itself', () => {
    expect(service.complaints.filter((line) => !/has \d+ problems|webhook was refused/.test(line))).toEqual([]);
  });
});

test('every request that the bot made, and each answer it got, is as GitHub describes it', { timeout: 60_000 }, () => {
  const contract = createContract();
  const mine = service.github.requests().filter(({ identity }) => identity === 'app' || identity === 'installation');
  const kinds = new Set(mine.map(({ method, path }) => `${method} ${path.replace(/\d+|[0-9a-f]{40}/g, 'N')}`));
  expect([...kinds]).toEqual(
    expect.arrayContaining([
      'POST /repos/acme/packages/issues/N/comments',
      'PATCH /repos/acme/packages/issues/comments/N',
      'POST /repos/acme/packages/issues/comments/N/reactions',
      'POST /repos/acme/packages/check-runs',
      'PATCH /repos/acme/packages/check-runs/N',
      'GET /repos/acme/packages/installation',
    ]),
  );
  expect(
    mine.filter(({ status }) => status >= 300).map(({ method, path, status }) => `${method} ${path} ${status}`),
  ).toEqual([]);
  expect([...new Set(mine.flatMap((one) => contract.check(one)))]).toEqual([]);
});
