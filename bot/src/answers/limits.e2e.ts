// GitHub's limits: how much the bot asks for, and what it does when that was too much.
import { afterEach, expect, test } from 'vitest';
import { type ApiProxy, type Refusal, startApiProxy } from '../../testing/api-proxy.ts';
import { startTestService, type TestService, until } from '../../testing/bot-fixture.ts';
import { readAnswerMark } from '../reply/answer-mark.ts';

let service: TestService | undefined;
let proxy: ApiProxy | undefined;
afterEach(async () => {
  await service?.stop();
  await proxy?.stop();
  service = undefined;
  proxy = undefined;
});

const chroots = ['sapling-12-x86_64', 'fedora-42-x86_64'];
const policy = `admins: [maintainer]\nchroots: [${chroots.join(', ')}]\n`;
const names = Array.from({ length: 10 }, (_, at) => `p${at}`);
const project = (packages: readonly string[]) => `description: Many
maintainers: [maintainer]
chroots: [${chroots.join(', ')}]
packages:${packages.length === 0 ? ' {}' : packages.map((name) => `\n  ${name}: { source: { type: dir } }`).join('')}
`;
const specs = Object.fromEntries(names.map((name) => [`packages/acme/many/${name}/${name}.spec`, `Name: ${name}\n`]));

test('one push with 10 builds on 2 chroots costs GitHub 61 requests, however slowly the builds move', async () => {
  const one = await startTestService({ files: { 'coppice.yaml': policy, 'projects/acme/many.yaml': project([]) } });
  service = one;
  await one.bot().settled();
  const before = one.github.requests().length;
  await one.push('maintainer', { ...specs, 'projects/acme/many.yaml': project(names) });
  await until(async () => one.queue.builds().length === 10);
  await one.bot().settled();
  while ((await one.step()) !== undefined) await one.bot().settled();

  const asked = one.github
    .requests()
    .slice(before)
    .filter(({ identity }) => identity === 'app' || identity === 'installation');
  const kinds: Record<string, number> = {};
  for (const { method, path } of asked) {
    const kind = `${method} ${path.replace(/\/\d+/g, '/N')}`;
    kinds[kind] = (kinds[kind] ?? 0) + 1;
  }
  expect(kinds).toEqual({
    // One says what is wrong with the commit and what it leads to; one for each of 20 chroots, that it waits.
    'POST /repos/acme/packages/check-runs': 1 + 20,
    // Each of 20 chroots, that it is under way, and how it ended. Phases are on the build's page.
    'PATCH /repos/acme/packages/check-runs/N': 2 * 20,
  });
});

interface Limit {
  readonly name: string;
  /** What GitHub says while `seconds` are left. */
  readonly refusal: (secondsLeft: number) => Refusal;
}

const limits: readonly Limit[] = [
  {
    name: 'the secondary limit',
    refusal: (left) => ({
      status: 403,
      headers: { 'retry-after': String(left) },
      message: 'You have exceeded a secondary rate limit. Please wait a few minutes before you try again.',
    }),
  },
  {
    name: 'the primary limit',
    refusal: (left) => ({
      status: 429,
      headers: {
        'x-ratelimit-remaining': '0',
        'x-ratelimit-reset': String(Math.floor(Date.now() / 1000) + left),
        date: new Date().toUTCString(),
      },
      message: 'API rate limit exceeded for installation.',
    }),
  },
];

test.for(limits)(
  'while $name is reached GitHub is left alone, and then everything is told, once',
  async ({ refusal }) => {
    const one = await startTestService({
      github: { reconcileSeconds: 1 },
      apiUrl: async (apiUrl) => {
        proxy = await startApiProxy(apiUrl);
        return proxy.apiUrl;
      },
    });
    service = one;
    const gate = proxy as unknown as ApiProxy;
    while ((await one.step()) !== undefined);
    await one.bot().settled();
    const seconds = 3;
    const opensAt = performance.now() + seconds * 1000;
    const left = () => Math.ceil((opensAt - performance.now()) / 1000);
    gate.refuse = (_method, path) => (left() > 0 && !path.includes('access_tokens') ? refusal(left()) : undefined);
    const from = gate.answers.length;
    const asked = await one.comment('builder', '/build hello');
    await until(async () => one.queue.builds().some((build) => build.batch.startsWith(`comment/${asked.id}`)));
    while ((await one.step()) !== undefined);
    const answers = async () =>
      (await one.comments()).filter((comment) => readAnswerMark(comment.body)?.to === asked.id);
    const [answer] = await until(async () => {
      const [first] = await answers();
      return first !== undefined && readAnswerMark(first.body)?.state !== 'working' ? answers() : undefined;
    });
    expect(readAnswerMark(answer?.body ?? '')?.state).toBe('good');
    await one.bot().settled();
    expect(await answers()).toHaveLength(1);
    const { sha } = await one.ask<{ sha: string }>('maintainer', 'GET', 'commits/main');
    const checks = await one.checks(sha);
    expect(checks.filter(({ status }) => status !== 'completed')).toEqual([]);
    expect(new Set(checks.map(({ external_id }) => external_id)).size).toBe(checks.length);
    // What was under way together when GitHub first said so, and no more.
    expect(gate.answers.slice(from).filter((line) => / (403|429)$/.test(line)).length).toBeLessThanOrEqual(6);
    expect(await one.reactions(asked.id)).toEqual(expect.arrayContaining(['eyes', 'rocket']));
  },
);
