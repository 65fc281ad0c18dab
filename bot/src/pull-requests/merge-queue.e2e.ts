// Every way in which a pull request is merged, from a fork: by hand, by auto-merge, by a merge queue. Only the runner
// is played by the test.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { exampleFiles, startTestService, type TestService, until } from '../../testing/bot-fixture.ts';
import { makePulls, type PullMaker } from '../../testing/pull-requests.ts';

const repository = 'acme/packages';
const [sapling, fedora] = ['sapling-12-x86_64', 'fedora-42-x86_64'];
const policy = (chroots: readonly string[]) => `admins: [maintainer]\nchroots: [${chroots.join(', ')}]\n`;
const spec = (name: string, version: number) => ({
  [`packages/acme/tools/${name}/${name}.spec`]: `Name: ${name}\nVersion: ${version}\n`,
});

let service: TestService;
let pulls: PullMaker;
/** From a fork of somebody with rights, which builds at once. */
let quick: PullMaker;
beforeAll(async () => {
  service = await startTestService({ files: { ...exampleFiles, 'coppice.yaml': policy([sapling, fedora]) } });
  pulls = await makePulls(service, 'outsider');
  quick = await makePulls(service, 'builder');
  await buildAll();
});
afterAll(async () => {
  await pulls?.remove();
  await quick?.remove();
  await service?.stop();
});

const buildAll = async () => {
  while ((await service.step()) !== undefined);
};
const live = () =>
  service.queue.builds().map(({ project, package: name, configCommit }) => `${project}/${name}@${configCommit}`);
const main = async () => (await service.ask<{ sha: string }>('maintainer', 'GET', 'commits/main')).sha;
const isMerged = (number: number) =>
  until(async () => (await service.ask<{ merged: boolean }>('maintainer', 'GET', `pulls/${number}`)).merged);
const put = (number: number, what: string, body: unknown, login = 'maintainer') =>
  service.ask<{ sha: string }>(login, 'PUT', `pulls/${number}/${what}`, body);

/** A pull request of somebody with rights that was built in its sandbox. */
async function built(branch: string, version: number): Promise<number> {
  const head = await quick.push(branch, spec('hello', version));
  const number = await quick.open('builder', branch);
  await until(async () => live().includes(`tools:pr:${number}/hello@${head}`));
  await buildAll();
  return number;
}

/** One by somebody without, that was approved and built. */
async function approved(branch: string, version: number): Promise<{ readonly number: number; readonly head: string }> {
  const head = await pulls.push(branch, spec('hello', version));
  const number = await pulls.open('outsider', branch);
  await pulls.verdict(head);
  await service.comment('maintainer', `/approve ${head}`, number);
  await until(async () => live().includes(`tools:pr:${number}/hello@${head}`));
  await buildAll();
  return { number, head };
}

const byHand = (merge_method: string) => async (number: number) => void (await put(number, 'merge', { merge_method }));
const ways: readonly (readonly [string, (number: number) => Promise<unknown>])[] = [
  ['a merge commit', byHand('merge')],
  ['a squash', byHand('squash')],
  ['a rebase', byHand('rebase')],
  ['auto-merge', (number) => service.github.mergeWhenGreen(repository, number, 'maintainer', 'merge')],
  ['a merge queue', (number) => service.github.enqueue(repository, number, 'maintainer', 'squash')],
];

test.each(ways.map(([way, merge], at) => [way, merge, 10 + at] as const))(
  '%s ends as every other does: its package is built once, of the default branch',
  async (_way, merge, version) => {
    const number = await built(`way-${version}`, version);
    const before = await main();
    await merge(number);
    await isMerged(number);
    const merged = await main();
    expect(merged).not.toBe(before);
    await pulls.verdict(merged, ({ output }) => output.title === '1 build queued');
    expect(live()).toEqual([`tools/hello@${merged}`]);
    await buildAll();
    await service.bot().settled();
    const open = (await service.checks(merged)).filter(({ status }) => status !== 'completed');
    expect([open, live()]).toEqual([[], []]);
  },
);

test('"update branch" is a new head whose packages the sandbox has: it waits for nobody, and is merged as ever', async () => {
  const { number, head } = await approved('behind', 30);
  const pushed = await service.push('maintainer', spec('libgreet', 30));
  await pulls.verdict(pushed);
  await buildAll();
  await put(number, 'update-branch', { expected_head_sha: head }, 'outsider');
  const next = await until(async () => {
    const now = (await service.ask<{ head: { sha: string } }>('maintainer', 'GET', `pulls/${number}`)).head.sha;
    return now !== head && now;
  });
  // The sandbox has what it would build: nothing waits for anybody.
  expect(await pulls.verdict(next)).toMatchObject({ conclusion: 'success', output: { title: 'Nothing to build' } });
  expect(live()).toEqual([]);
  await put(number, 'merge', { merge_method: 'merge', sha: next });
  await pulls.verdict(await main());
  expect(live()).toEqual([`tools/hello@${await main()}`]);
  await buildAll();
});

describe('what a merge queue would merge', () => {
  test('gets the check at once, with what merging it builds, and nothing of it is built', async () => {
    const number = await built('told', 40);
    // The check of the queue is all that is looked at: it does not go on before that.
    service.github.setChannel((delivery, send) => (delivery.event === 'push' ? undefined : send()));
    const { sha } = await service.github.enqueue(repository, number, 'maintainer');
    const check = await pulls.groupVerdict(sha);
    expect(check).toMatchObject({
      ...{ status: 'completed', conclusion: 'success' },
      output: { title: 'Valid; merging it builds 1 package', summary: expect.stringContaining('`hello`') },
    });
    expect(live()).toEqual([]);
    service.github.setChannel(undefined);
    await isMerged(number);
    await service.restart();
    expect(live()).toEqual([`tools/hello@${sha}`]);
    await buildAll();
  });

  test('is found by its branch alone where the event is not told of', async () => {
    service.github.setChannel((delivery, send) => (delivery.event === 'merge_group' ? undefined : send()));
    const head = await pulls.push('readme', { 'README.md': 'Hello\n' });
    const number = await pulls.open('outsider', 'readme');
    expect(await pulls.verdict(head)).toMatchObject({ conclusion: 'success' });
    const { sha } = await service.github.enqueue(repository, number, 'maintainer');
    const check = await pulls.groupVerdict(sha);
    expect(check).toMatchObject({ conclusion: 'success', output: { title: 'Nothing of Coppice is changed' } });
    await isMerged(number);
    service.github.setChannel(undefined);
  });

  test('is refused when two that are good alone are none together; the queue goes on, and nothing is left waiting', async () => {
    const without = await pulls.push('without', { 'coppice.yaml': policy([sapling]) });
    const using = await pulls.push('using', {
      'projects/acme/other.yaml': `maintainers: [maintainer]\nchroots: [${fedora}]\npackages: {}\n`,
    });
    const [first, second] = [await pulls.open('maintainer', 'without'), await pulls.open('maintainer', 'using')];
    for (const head of [without, using]) expect(await pulls.verdict(head)).toMatchObject({ conclusion: 'success' });
    await service.github.enqueue(repository, first, 'maintainer');
    await service.github.enqueue(repository, second, 'maintainer');
    const dequeued = await until(async () =>
      service.github.deliveries().find(({ payload }) => payload.action === 'dequeued' && payload.number === second),
    );
    expect(dequeued.event).toBe('pull_request');
    await isMerged(first);
    const groups = service.github.deliveries().filter(({ payload }) => payload.reason === 'dequeued');
    const { head_sha = '' } = (groups.at(-1)?.payload.merge_group ?? {}) as { head_sha?: string };
    const check = await pulls.verdict(head_sha);
    expect(check).toMatchObject({ conclusion: 'failure', output: { title: 'The config has a problem' } });
    expect(check.output.annotations_count).toBe(1);
    expect(await main()).not.toBe(head_sha);
    // Asked for again when it is gone: it ends, with a word why.
    await service.ask('maintainer', 'POST', `check-runs/${check.id}/rerequest`, {});
    const again = await pulls.verdict(head_sha, ({ conclusion }) => conclusion === 'neutral');
    expect([again.id, again.output.title]).toEqual([check.id, 'The merge queue is done with it']);
    expect(live()).toEqual([]);
  });
});

test('nothing was complained of but what the test did', () => {
  expect(service.complaints).toEqual([]);
});
