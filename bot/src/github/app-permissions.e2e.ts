// That the bot needs each permission that the documentation asks for: what it did on the local GitHub tells.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestService, type TestService, until } from '../../testing/bot-fixture.ts';
import { makePulls } from '../../testing/pull-requests.ts';
import { readAnswerMark } from '../reply/answer-mark.ts';
import { appPermissions, appRegistration } from './app-permissions.ts';

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
  while ((await service.step()) !== undefined);
  await service.bot().settled();
});
afterAll(() => service.stop());

const answerTo = async (login: string, body: string, issue = 1): Promise<string> => {
  const asked = await service.comment(login, body, issue);
  const found = await until(async () =>
    (await service.comments(issue)).find((one) => {
      const mark = readAnswerMark(one.body);
      return mark?.to === asked.id && mark.state !== 'working';
    }),
  );
  await service.bot().settled();
  return found.body;
};

test('all that is asked for is used', async () => {
  const pulls = await makePulls(service);
  try {
    const head = await pulls.push('topic', { 'packages/acme/tools/hello/hello.spec': 'Name: hello\nVersion: 3\n' });
    const number = await pulls.open('outsider', 'topic');
    await pulls.verdict(head);
    expect(await answerTo('outsider', '/help', number)).toContain('/build');
    const { sha } = await service.github.enqueue('acme/packages', number, 'maintainer');
    await pulls.verdict(sha);
    expect(await answerTo('maintainer', '/freeze acme/tools Report 1')).toContain('is frozen');
  } finally {
    await pulls.remove();
  }
  const requests = service.github.requests().filter(({ identity }) => identity === 'installation');
  expect(requests.filter(({ status }) => status === 403)).toEqual([]);
  // Where one of two permissions is enough, other requests want both of them anyway.
  const wanted = new Set(requests.flatMap(({ accepted }) => (accepted?.includes(';') ? [] : (accepted ?? []))));
  // What is there for an event alone is used when that came.
  if (service.github.deliveries().some(({ event }) => event === 'merge_group')) wanted.add('merge_queues=read');
  const used = appPermissions.map(({ name, level }) =>
    level === 'write' && wanted.has(`${name}=write`)
      ? `${name}=write`
      : wanted.has(`${name}=read`)
        ? `${name}=read`
        : '',
  );
  // Nothing is written by REST: commits are pushed by Git, see below.
  expect(used).toEqual(appPermissions.map(({ name, level }) => `${name}=${name === 'contents' ? 'read' : level}`));
});

test('without leave to write contents a command that commits is refused with what is missing', async () => {
  const permissions = { ...appRegistration.permissions, contents: 'read' } as const;
  const reduced = { ...appRegistration, permissions };
  await service.restart(async () =>
    service.github.changeRegistration({ app: reduced, installation: { ...reduced, suspendedAt: null } }),
  );
  const before = await service.ask<{ sha: string }>('maintainer', 'GET', 'commits/main');
  const answer = await answerTo('maintainer', '/resolve acme/tools');
  expect(answer).toContain('it needs *Contents*, read and write');
  expect(await service.ask('maintainer', 'GET', 'commits/main')).toMatchObject({ sha: before.sha });
});
