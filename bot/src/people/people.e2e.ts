// Who people are, against the local GitHub: teams, bots, and logins that change hands.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { signature } from '../../local-github/delivery/webhooks.ts';
import { type Comment, exampleFiles, startTestService, type TestService, until } from '../../testing/bot-fixture.ts';
import { connectGithub } from '../github/octokit-client.ts';
import { readAnswerMark } from '../reply/answer-mark.ts';

let service: TestService;

beforeAll(async () => {
  const { 'projects/acme/tools.yaml': project = '', ...others } = exampleFiles;
  const builders = `builders: ['@acme/core', 'renovate[bot]']`;
  service = await startTestService({
    files: { ...others, 'projects/acme/tools.yaml': project.replace('builders: [builder]', builders) },
  });
  await organization('POST', 'teams', { name: 'core' });
  await buildAll();
});
afterAll(() => service.stop());

async function organization(method: string, path: string, data: object = {}): Promise<void> {
  await connectGithub(service.github.apiUrl, 'token-maintainer').request(`${method} /orgs/acme/${path}`, { data });
}

async function buildAll(): Promise<void> {
  while ((await service.step()) !== undefined);
}

async function answerTo(comment: Pick<Comment, 'id'>): Promise<string> {
  const answer = async () => (await service.comments()).find((one) => readAnswerMark(one.body)?.to === comment.id);
  return (await until(answer)).body;
}

/** A comment as GitHub tells of it when its writer is this account. Resolves to the answer, '' when there is none. */
async function commentAs(user: { login: string; id: number; type?: string }, text: string): Promise<string> {
  const made = await service.comment('maintainer', 'This is where something is said.');
  const told = await until(async () =>
    service.github.deliveries().find(({ event, payload }) => {
      return event === 'issue_comment' && (payload.comment as Comment).id === made.id;
    }),
  );
  const payload = told.payload as { readonly comment: Comment; readonly sender: object };
  const body = JSON.stringify({
    ...payload,
    sender: { ...payload.sender, ...user },
    comment: { ...payload.comment, body: text, user: { ...payload.comment.user, ...user } },
  });
  const headers = {
    'content-type': 'application/json',
    'x-github-event': 'issue_comment',
    'x-github-delivery': randomUUID(),
    'x-hub-signature-256': signature(service.github.webhookSecret, body),
  };
  expect((await fetch(service.webhookUrl, { method: 'POST', headers, body })).status).toBe(200);
  await service.bot().settled();
  const answered = (await service.comments()).find((one) => readAnswerMark(one.body)?.to === made.id);
  return answered?.body ?? '';
}

test('a team has the rights that the config gives it, and who leaves it has them no longer', async () => {
  expect(await answerTo(await service.comment('outsider', '/build hello'))).toContain('may not build');
  await organization('PUT', 'teams/core/memberships/outsider', { role: 'member' });
  await service.restart(); // what GitHub said of a team counts for minutes
  await answerTo(await service.comment('outsider', '/build hello'));
  expect(service.queue.builds().map(({ requestedBy }) => requestedBy)).toEqual(['outsider']);
  await buildAll();
  await organization('DELETE', 'teams/core/memberships/outsider');
  await service.restart();
  expect(await answerTo(await service.comment('outsider', '/build hello'))).toContain('may not build');
  expect(service.queue.builds()).toEqual([]);
});

test('an app that may not read teams says so to whom it refuses, and so it does of a team that is not there', async () => {
  await organization('PUT', 'teams/core/memberships/outsider', { role: 'member' });
  const before = service.github.registration().installation;
  if (before === null) throw new Error('the app is not installed');
  const { members: _members, ...permissions } = before.permissions;
  service.github.changeRegistration({ installation: { ...before, permissions } });
  await service.restart();
  const refused = await answerTo(await service.comment('outsider', '/build hello'));
  expect(refused).toMatch(/`@acme\/core` do not count: I may not read it\. .*\*Members: read\*/);
  service.github.changeRegistration({ installation: before });
  await organization('DELETE', 'teams/core');
  await service.restart();
  const missing = await answerTo(await service.comment('outsider', '/build hello'));
  expect(missing).toMatch(/`@acme\/core` do not count: there is no such team/);
});

test('a bot that the config names is heard, another one is not, nor an answer that a bot repeats', async () => {
  const bot = { login: 'renovate[bot]', id: 2740, type: 'Bot' };
  expect(await commentAs({ login: 'dependabot[bot]', id: 27, type: 'Bot' }, '/build hello')).toBe('');
  expect(await commentAs(bot, '<!-- coppice:answer to=1 state=good -->\n/build hello')).toBe('');
  expect(await commentAs(bot, '/build hello')).toContain('hello');
  expect(service.queue.builds().map(({ requestedBy }) => requestedBy)).toEqual(['renovate[bot]']);
  await buildAll();
});

test('a login that changes hands has no rights until an admin says so, and the first account keeps them', async () => {
  const asked = await service.comment('maintainer', '/build hello');
  await answerTo(asked);
  await buildAll();
  const stranger = { login: 'maintainer', id: 4711 };
  const refused = await commentAs(stranger, '/build hello');
  expect(refused).toContain('may not build');
  expect(refused).toMatch(/another account now \(number 4711\).*`\/approve @maintainer`/);
  expect(await commentAs(stranger, '/approve @maintainer')).toContain('Only an admin');
  await service.restart();
  expect(await commentAs(stranger, '/build hello'), 'after a restart').toContain('may not build');
  expect(service.queue.builds()).toEqual([]);
  await answerTo(await service.comment('maintainer', '/build hello'));
  expect(service.queue.builds().map(({ requestedBy }) => requestedBy)).toEqual(['maintainer']);
  await buildAll();

  await service.push('maintainer', { 'coppice.yaml': 'admins: [maintainer, builder]\nchroots: [sapling-12-x86_64]\n' });
  await service.bot().settled();
  expect(await commentAs(stranger, '/build hello')).toContain('may not build');
  expect(await answerTo(await service.comment('builder', '/approve @maintainer'))).toContain('has the rights');
  await commentAs(stranger, '/build hello');
  expect(service.queue.builds()).toHaveLength(1);
  await buildAll();
});
