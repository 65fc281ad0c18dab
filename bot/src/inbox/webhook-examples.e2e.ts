// Every webhook that GitHub shows as an example, sent to the bot as GitHub sends it: none may trip it, none may build
// anything.
import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { signature } from '../../local-github/delivery/webhooks.ts';
import { startTestService, type TestService, until } from '../../testing/bot-fixture.ts';
import { readAnswerMark } from '../reply/answer-mark.ts';

interface Definition {
  readonly name: string;
  readonly examples: readonly Readonly<Record<string, unknown>>[];
}

const definitions = createRequire(import.meta.url)('@octokit/webhooks-examples') as readonly Definition[];
const examples = definitions.flatMap(({ name, examples }) => examples.map((payload) => ({ name, payload })));

let service: TestService;
let own: { readonly id: number; readonly name: string; readonly full_name: string };
beforeAll(async () => {
  service = await startTestService();
  while ((await service.step()) !== undefined);
  await service.bot().settled();
  const { id, name, full_name } = await service.ask<typeof own>('maintainer', 'GET', '');
  own = { id, name, full_name };
});
afterAll(() => service.stop());

async function send(event: string, payload: unknown): Promise<string> {
  const body = JSON.stringify(payload);
  const answer = await fetch(service.webhookUrl, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-github-event': event,
      'x-github-delivery': randomUUID(),
      'x-hub-signature-256': signature(service.github.webhookSecret, body),
    },
    body,
  });
  await answer.arrayBuffer();
  return `${event}.${(payload as { action?: string }).action ?? ''}: ${answer.status}`;
}

/** The same event as if it had happened in the config repo. */
function here(payload: Readonly<Record<string, unknown>>): unknown {
  const { repository } = payload;
  if (repository === undefined) return payload;
  // The number is what the bot knows its repository by.
  return { ...payload, repository: { ...(repository as object), ...own } };
}

const errors = (answers: readonly string[]) => answers.filter((line) => !/: 20[02]$/.test(line));

/** A comment after all the others is answered: everything before it has been worked off. */
async function isAlive(): Promise<void> {
  const asked = await service.comment('outsider', '/help');
  await until(async () => (await service.comments()).find((one) => readAnswerMark(one.body)?.to === asked.id));
  await service.bot().settled();
}

test('events of other repositories are taken, and nothing comes of them', async () => {
  expect(examples.length).toBeGreaterThan(300);
  const before = service.github.requests().length;
  const answers: string[] = [];
  for (const { name, payload } of examples) answers.push(await send(name, payload));
  expect(errors(answers)).toEqual([]);
  const asked = service.github.requests().slice(before);
  expect(asked.map(({ method, path }) => `${method} ${path}`)).toEqual([]);
  expect(service.queue.builds()).toEqual([]);
  await isAlive();
  expect(service.complaints).toEqual([]);
});

test('the same events under the name of the config repo neither trip it nor build anything', async () => {
  const answers: string[] = [];
  for (const { name, payload } of examples) answers.push(await send(name, here(payload)));
  expect(errors(answers)).toEqual([]);
  await isAlive();
  expect(service.queue.builds()).toEqual([]);
  // They name pull requests, commits and branches that are not here: that is what is said of them, and nothing else.
  expect(
    service.complaints.filter((line) => !/not be (worked off|read).*(Not Found|No commit|remote ref)/.test(line)),
  ).toEqual([]);
});
