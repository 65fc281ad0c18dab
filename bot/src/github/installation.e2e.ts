// The app's access to its config repo as owners of organizations change it: private, renamed, suspended, uninstalled,
// and tokens that end before their time.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { exampleFiles, startTestService, type TestService, until } from '../../testing/bot-fixture.ts';
import { makePulls } from '../../testing/pull-requests.ts';
import { readAnswerMark } from '../reply/answer-mark.ts';

const repository = 'acme/packages';
let service: TestService;

beforeAll(async () => {
  service = await startTestService({ github: { reconcileSeconds: 1 } });
  await buildAll();
});
afterAll(() => service.stop());

async function buildAll(): Promise<void> {
  while ((await service.step()) !== undefined);
  await service.bot().settled();
}

async function answerTo(login: string, body: string): Promise<string> {
  const asked = await service.comment(login, body);
  const answer = await until(async () =>
    (await service.comments()).find((one) => readAnswerMark(one.body)?.to === asked.id),
  );
  await service.bot().settled();
  return answer.body;
}

const hello = (version: number) => ({
  'packages/acme/tools/hello/hello.spec': `Name: hello\nVersion: ${version}\n`,
});
const isChecked = (commit: string) =>
  until(async () =>
    (await service.checks(commit)).find(({ name, status }) => name === 'coppice / config' && status === 'completed'),
  );

test('a private config repo is fetched, judged and answered like any other', async () => {
  service.github.setPrivate(repository, true);
  const anonymous = await fetch(`${service.github.apiUrl}/repos/${repository}`);
  expect(anonymous.status).toBe(404);
  expect((await fetch(`${service.github.url}/${repository}.git/info/refs?service=git-upload-pack`)).status).toBe(401);
  expect((await isChecked(await service.push('maintainer', hello(2)))).conclusion).toBe('success');
  expect(await answerTo('builder', '/status')).toContain('hello');
  const pulls = await makePulls(service);
  try {
    const head = await pulls.push('topic', hello(3));
    await pulls.open('maintainer', 'topic');
    expect((await pulls.verdict(head)).conclusion).toBe('success');
  } finally {
    await pulls.remove();
  }
  service.github.setPrivate(repository, false);
  await buildAll();
});

test('tokens that end before their time are replaced, by Git and by the API, in the middle of the work', async () => {
  await answerTo('maintainer', '/status'); // both have a token
  const before = service.complaints.length;
  service.github.revokeTokens();
  expect((await isChecked(await service.push('maintainer', hello(4)))).conclusion).toBe('success');
  service.github.revokeTokens();
  expect(await answerTo('maintainer', '/freeze acme/tools Report 1')).toContain('is frozen');
  service.github.revokeTokens();
  expect(await answerTo('maintainer', '/resolve acme/tools')).toContain('acme/tools');
  expect(service.complaints.slice(before).filter((line) => /bad credentials/i.test(line))).toEqual([]);
  await buildAll();
});

test('an app that is suspended or uninstalled says so in its health until it is back, and then finds what it missed', async () => {
  const { installation } = service.github.registration();
  if (installation === null) throw new Error('the app is not installed');
  const fault = (text: string) => until(async () => service.bot().fault()?.message.includes(text));
  service.github.changeRegistration({ installation: { ...installation, suspendedAt: '2026-01-01T00:00:00Z' } });
  service.github.revokeTokens();
  const missed = await service.push('maintainer', hello(5));
  await fault('is suspended on acme/packages: an owner');
  service.github.changeRegistration({ installation: null });
  await fault('is not installed on acme/packages');
  service.github.changeRegistration({ installation });
  await isChecked(missed);
  await until(async () => service.bot().fault() === undefined);
  await buildAll();
});

test('a repository that is renamed is followed, and one issue says what to write into the settings', async () => {
  service.github.renameRepository(repository, 'rpms');
  await service.push('maintainer', { 'coppice.yaml': `${exampleFiles['coppice.yaml']}# renamed\n` });
  const commit = await service.push('maintainer', hello(6));
  expect((await isChecked(commit)).conclusion).toBe('success');
  expect(await answerTo('builder', '/status')).toContain('hello');
  const told = async () =>
    (await service.list<{ title: string; state: string; body: string }>('issues?state=all')).filter(({ title }) =>
      title.startsWith('This repository is called acme/rpms now'),
    );
  await until(async () => (await told()).length > 0);
  expect((await told()).map(({ state }) => state)).toEqual(['open']);
  expect((await told())[0]?.body).toContain('github.repository: acme/rpms');
});
