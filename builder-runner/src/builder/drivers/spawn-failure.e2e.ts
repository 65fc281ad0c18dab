// A builder that cannot be made is nobody's fault who packages: tried again elsewhere, and told as infrastructure.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { scripted } from '../../../testing/packages.ts';
import { startTestService } from '../../../testing/start-test-service.ts';

let broken: string;

beforeAll(async () => {
  broken = await mkdtemp(join(tmpdir(), 'coppice-broken-'));
  const nothing = '- hosts: localhost\n  gather_facts: false\n  tasks: []\n';
  const fails = `${nothing.replace(' []', '')}    - ansible.builtin.fail: { msg: the quota is used up }\n`;
  const list = `${nothing.replace(' []', '')}    - ansible.builtin.copy: { content: "[]", dest: "{{ coppice_result_file }}", mode: "0600" }\n`;
  await mkdir(broken, { recursive: true });
  await writeFile(join(broken, 'spawn.yml'), fails);
  await writeFile(join(broken, 'terminate.yml'), nothing);
  await writeFile(join(broken, 'list.yml'), list);
});
afterAll(() => rm(broken, { recursive: true }));

/** How one build ends with these pools. Each has a service of its own, and mostly waits: the tests run side by side. */
async function buildWith(pools: readonly object[], more: object = {}, builderLabels: readonly string[] = []) {
  const context = await startTestService(
    { plain: scripted('plain', 'true') },
    { workers: 1, builders: { pools, ...more } },
  );
  try {
    const [build] = await context.enqueue([{ package: 'plain', builderLabels }]);
    if (build === undefined) throw new Error('nothing was queued');
    await context.gone(build.id);
    return { result: await context.result(build), lines: context.lines };
  } finally {
    await context.stop();
  }
}

test.concurrent('after three tries the build ends as infrastructure, in words that say why', async () => {
  const breaker = { failures: 100 };
  const { result, lines } = await buildWith([{ driver: broken, name: 'cloud' }], { attempts: 3, breaker });
  expect(result).toMatchObject({ state: 'failed', reason: 'infrastructure', builder: null });
  expect(result.message).toMatch(
    /^Not the package's fault: no builder could be made in 3 tries, the last time because: .*the quota is used up/,
  );
  // Those that were made ahead for the build, while its source package was wanted, failed too.
  const failed = lines.filter((line) => line.includes('a builder of the pool cloud could not be made'));
  expect(failed.length).toBeGreaterThanOrEqual(3);
});

test.concurrent('another pool that fits is tried, and the build succeeds', async () => {
  const { result, lines } = await buildWith([
    { driver: broken, name: 'cloud' },
    { driver: 'local', name: 'here' },
  ]);
  expect(result, lines.join('\n')).toMatchObject({ state: 'succeeded', reason: null, message: null });
  expect(lines.some((line) => line.includes('a builder of the pool cloud could not be made'))).toBe(true);
});

test.concurrent('an architecture that nobody offers is told with those that are offered', async () => {
  const { result } = await buildWith([{ driver: 'local', architectures: ['s390x'] }]);
  expect(result).toMatchObject({ state: 'failed', reason: 'infrastructure' });
  expect(result.message).toMatch(/no pool of this service has builders.* offer: s390x/);
});

test.concurrent('labels are served by the pool that offers them', async () => {
  const pools = [
    { driver: broken, name: 'cloud', trust: ['build'] },
    { driver: 'local', name: 'here', labels: ['big'] },
  ];
  const { result, lines } = await buildWith(pools, {}, ['big']);
  expect(result, lines.join('\n')).toMatchObject({ state: 'succeeded' });
  expect(lines.filter((line) => line.includes('cloud'))).toEqual([]);
});

test.concurrent('labels that nobody offers are told with those that are offered, once the source package is made', async () => {
  const { result } = await buildWith([{ driver: 'local', labels: ['small'] }], {}, ['big']);
  expect(result).toMatchObject({ state: 'failed', reason: 'infrastructure', builder: null });
  expect(result.message).toMatch(/with the label big; the labels that its pools offer for .*: small \(pool local\)/);
});
