// The bot where no webhook arrives: it asks GitHub, and asks cheaply.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ApiProxy, startApiProxy } from '../../testing/api-proxy.ts';
import { askRepository } from '../../testing/ask-github.ts';
import { startTestService, type TestService, until } from '../../testing/bot-fixture.ts';
import { makePulls } from '../../testing/pull-requests.ts';
import { readAnswerMark } from '../reply/answer-mark.ts';

let service: TestService;
let proxy: ApiProxy;
beforeAll(async () => {
  service = await startTestService({
    github: { webhooks: false, pollSeconds: 1 },
    apiUrl: async (apiUrl) => {
      // From before the first start: nobody waits for an answer to it.
      await askRepository(apiUrl, 'acme/packages')('builder', 'POST', 'issues/1/comments', { body: '/build hello' });
      proxy = await startApiProxy(apiUrl);
      return proxy.apiUrl;
    },
  });
  service.github.setChannel(() => undefined);
  while ((await service.step()) !== undefined);
  await service.bot().settled();
});
afterAll(async () => {
  await service.stop();
  await proxy.stop();
});

const answerTo = (id: number) => async () =>
  (await service.comments()).find((one) => {
    const mark = readAnswerMark(one.body);
    return mark?.to === id && mark.state !== 'working' ? one : undefined;
  });

test('a comment is found and answered once', async () => {
  const asked = await service.comment('outsider', '/build hello');
  const answer = await until(answerTo(asked.id));
  expect(answer.body).toContain('`outsider` may not build');
  const later = await service.comment('builder', '/help');
  await until(answerTo(later.id));
  const all = (await service.comments()).map((one) => readAnswerMark(one.body)?.to).filter((to) => to !== undefined);
  expect(all).toEqual([asked.id, later.id]);
});

test('a push is found and built', async () => {
  const commit = await service.push('builder', { 'packages/acme/tools/hello/hello.spec': 'Name: hello\nVersion: 2\n' });
  await until(async () => service.queue.builds().some((build) => build.configCommit === commit));
  expect(service.queue.builds()).toMatchObject([{ package: 'hello', requestedBy: 'builder' }]);
  while ((await service.step()) !== undefined);
});

test('a pull request is found and judged, and again when its head moves', async () => {
  const pulls = await makePulls(service);
  try {
    const first = await pulls.push('topic', { 'packages/acme/tools/hello/hello.spec': 'Name: hello\nVersion: 3\n' });
    await pulls.open('maintainer', 'topic');
    await pulls.verdict(first);
    const second = await pulls.push('topic', { 'projects/acme/tools.yaml': 'colour: red\n' }, 'branch');
    expect(await pulls.verdict(second)).toMatchObject({ conclusion: 'failure' });
  } finally {
    await pulls.remove();
  }
  while ((await service.step()) !== undefined);
});

test('what a merge queue would merge is found, and gets its check', async () => {
  const pulls = await makePulls(service);
  try {
    await pulls.push('queued', { 'README.md': 'Hello\n' });
    const number = await pulls.open('maintainer', 'queued');
    const { sha } = await service.github.enqueue('acme/packages', number, 'maintainer');
    const check = await pulls.groupVerdict(sha);
    expect(check).toMatchObject({ conclusion: 'success', output: { title: 'Nothing of Coppice is changed' } });
  } finally {
    await pulls.remove();
  }
});

test('while nothing changes GitHub counts nothing: every answer is "not changed"', async () => {
  await service.bot().settled();
  let quiet = proxy.answers.length;
  await until(async () => {
    const since = proxy.answers.slice(quiet);
    // Something of the tests before was still new to it.
    if (since.some((line) => !line.endsWith(' 304'))) quiet = proxy.answers.length;
    return since.length >= 8 && since.every((line) => line.endsWith(' 304'));
  });
  expect(service.queue.builds()).toEqual([]);
});
