import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { published } from '@coppice/config';
import { expect, onTestFinished, test } from 'vitest';
import { configOf } from '../../testing/config-of.ts';
import { type ConfigAtCommit, createConfigInForce } from './config-in-force.ts';

const configAt = (commit: string): ConfigAtCommit => ({
  commit,
  config: configOf({
    'coppice.yaml': 'admins: [maintainer]\nchroots: { fedora-42-x86_64: {} }\n',
    'projects/acme/tools.yaml': 'maintainers: [maintainer]\nchroots: [fedora-42-x86_64]\npackages: {}\n',
  }),
  packageTrees: new Map(),
  chrootConfigDigests: new Map(),
});

/** One whose keys cannot be read `faults` times. */
async function openConfig(faults: number) {
  const publishedFolder = await mkdtemp(join(tmpdir(), 'coppice-in-force-'));
  const lines: string[] = [];
  let left = faults;
  const keysOf = async () => {
    left -= 1;
    if (left >= 0) throw new Error('the keys cannot be read');
    return [];
  };
  const config = createConfigInForce({
    ...{ publishedFolder, repository: 'acme/packages', keysOf, retryMilliseconds: 1 },
    log: (_level, line) => void lines.push(line),
  });
  onTestFinished(async () => {
    config.stop();
    await config.settled();
    await rm(publishedFolder, { recursive: true });
  });
  const stated = async () => {
    const text = await readFile(join(publishedFolder, published.projectsJson), 'utf8').catch(() => '{}');
    return (JSON.parse(text) as { configCommit?: string }).configCommit;
  };
  const writtenAs = async () => (await stat(join(publishedFolder, published.projectsJson))).ino;
  return { config, lines, stated, writtenAs };
}

test('a config that cannot be published is tried again until it is', async () => {
  const { config, lines, stated } = await openConfig(3);
  let heard = 0;
  config.onChange(() => {
    heard += 1;
  });
  config.adopt(configAt('a'.repeat(40)));
  await config.settled();
  expect(await stated()).toBeUndefined();
  await expect.poll(stated).toBe('a'.repeat(40));
  await config.settled();
  expect([lines.length, heard]).toEqual([3, 1]);
  expect(lines[0]).toBe(`The config of ${'a'.repeat(40)} is in force but could not be published, and is tried again`);
});

test('what came after one that could not be published is published alone', async () => {
  const { config, lines, stated } = await openConfig(1);
  config.adopt(configAt('a'.repeat(40)));
  await config.settled();
  config.adopt(configAt('b'.repeat(40)));
  await config.settled();
  expect([await stated(), lines.length]).toEqual(['b'.repeat(40), 1]);
});

test('what is stated already is not written again, so that no reader takes it for new', async () => {
  const { config, writtenAs } = await openConfig(0);
  let heard = 0;
  config.onChange(() => {
    heard += 1;
  });
  config.adopt(configAt('a'.repeat(40)));
  await config.settled();
  const before = await writtenAs();
  config.refresh();
  await config.settled();
  expect([await writtenAs(), heard]).toEqual([before, 2]);
});

test('nothing is tried any more after a stop', async () => {
  const { config, lines, stated } = await openConfig(1);
  config.adopt(configAt('a'.repeat(40)));
  await config.settled();
  config.stop();
  config.refresh();
  await config.settled();
  expect([await stated(), lines.length]).toEqual([undefined, 1]);
});
