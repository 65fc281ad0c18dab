// The site in a real browser: light and dark, with and without scripts, a log that grows while it is watched.
import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchBrowser, visitPage } from '../testing/browse.ts';
import {
  fixtureChroot,
  fixtureProjects,
  fixtureQueued,
  fixtureQueuedChroot,
  fixtureResult,
  openFixture,
  redLog,
} from '../testing/fixture.ts';
import { serveFiles } from '../testing/serve-files.ts';
import { regenerate } from './regenerate.ts';

let folder: string;
let served: Awaited<ReturnType<typeof serveFiles>>;
let browser: Browser;
let base: string;
const liveLog = `results/acme/tools/${fixtureChroot}/00000003-hello/build.log`;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coppice-site-e2e-'));
  const fixture = openFixture(folder);
  await fixture.setProjects(fixtureProjects());
  await fixture.addResult(fixtureResult({ id: 1 }));
  const failed = { id: 2, package: 'libgreet', artifacts: [], excerpt: ['FAIL: test_empty'] };
  const red = fixtureResult({ ...failed, state: 'failed', reason: 'check', message: '1 of 3 tests failed' });
  await fixture.addResult(red, { 'build.log': redLog });
  const running = fixtureQueuedChroot({ state: 'running', phase: 'build' });
  await fixture.setQueue([fixtureQueued({ id: 3, chroots: [running] })]);
  await fixture.write(liveLog, 'first line\n');
  served = await serveFiles(folder);
  base = served.base;
  await regenerate({ published: folder, history: ':memory:', changes: 'all', url: base });
  browser = await launchBrowser();
});

afterAll(async () => {
  await browser?.close();
  await served?.close();
  await rm(folder, { recursive: true, force: true });
});

/** Opens a page, and fails when the browser complained about anything. */
async function visit(path: string, options: BrowserContextOptions, look: (page: Page) => Promise<void>): Promise<void> {
  expect(await visitPage(browser, `${base}${path}`, options, look)).toEqual([]);
}

/** What was asked of the live log, and the bytes that went out. */
const logRequests = () => served.asked.filter(({ path }) => path === `/${liveLog}`);

const backgroundOf = (page: Page) => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
const overflows = (page: Page) =>
  page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);

describe.each([
  ['light', 'rgb(251, 250, 247)'],
  ['dark', 'rgb(20, 23, 26)'],
] as const)('in %s', (colorScheme, background) => {
  test.each([
    ['/', 'RPM repositories from Git'],
    ['/acme/tools/', 'acme/tools'],
    ['/acme/tools/build/1/', 'hello #1'],
    [`/acme/tools/build/2/${fixtureChroot}/`, 'libgreet Sapling 12'],
    ['/queue/', 'Queue'],
    ['/docs/', 'Documentation'],
  ])('%s shows itself, styled, on wide and on narrow screens, without complaint', async (path, heading) => {
    await visit(path, { colorScheme }, async (page) => {
      expect((await page.locator('h1').first().innerText()).replace(/\s+/g, ' ')).toContain(heading);
      expect(await backgroundOf(page)).toBe(background);
      await page.setViewportSize({ width: 360, height: 700 });
      expect(await overflows(page)).toBe(false);
    });
  });
});

describe.each([true, false])('with scripts: %s', (javaScriptEnabled) => {
  test('a reader comes from the project to the line that failed', async () => {
    await visit('/acme/tools/', { javaScriptEnabled }, async (page) => {
      expect(await page.locator('.install').innerText()).toContain(`addrepo --from-repofile=${base}/coprs/acme/tools/`);
      await page.locator('.matrix').getByRole('link', { name: 'failed' }).click();
      expect(await page.locator('.verdict').innerText()).toContain('failed in %check on sapling-12-x86_64');
      await page.getByRole('link', { name: 'Read the log' }).click();
      await page.getByRole('link', { name: 'To the first error' }).click();
      expect(page.url()).toMatch(/#L14$/);
      expect(await page.locator('.line:target').innerText()).toContain('test_empty.c:21: error');
      expect(await page.locator('details.failed').getAttribute('open')).toBe('');
    });
  });
});

test('a link to a line in a closed fold opens the fold', async () => {
  await visit(`/acme/tools/build/2/${fixtureChroot}/#L3`, {}, async (page) => {
    await page.locator('#L3').waitFor({ state: 'visible' });
    expect(await page.locator('details:has(#L3)').getAttribute('open')).toBe('');
  });
});

test('a command is copied by its button', async () => {
  await visit('/acme/tools/', { permissions: ['clipboard-read', 'clipboard-write'] }, async (page) => {
    await page.locator('.copy').first().click();
    await page.getByText('Copied').waitFor();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toContain(
      'sudo dnf config-manager addrepo --from-repofile=',
    );
  });
});

test('a running log is followed by asking for the bytes that are new, each once', async () => {
  await visit(`/acme/tools/build/3/${fixtureChroot}/`, {}, async (page) => {
    const text = 'first line\n';
    const patience = { timeout: 60_000 };
    await expect.poll(() => logRequests().length, patience).toBeGreaterThan(0);
    // A letter of two bytes that arrives in two pieces.
    const [start, end] = [Buffer.from('zwölf'.slice(0, 2)), Buffer.from('ölf\n')];
    await appendFile(join(folder, liveLog), Buffer.concat([start, end.subarray(0, 1)]));
    await expect.poll(() => logRequests().at(-1)?.bytes, patience).toEqual([13, 13]);
    await appendFile(join(folder, liveLog), end.subarray(1));
    await page.getByText('zwölf').waitFor();
    await expect.poll(() => logRequests().at(-1)?.bytes, patience).toEqual([17, 17]);
    const lines = await page.locator('.line').allInnerTexts();
    expect(lines.map((line) => line.replace(/^\d+/, '').trim())).toEqual(['first line', 'zwölf']);
    // The page holds what was there when it was made; of all that came later each byte goes out once, but for the one
    // that is known.
    let known = text.length;
    for (const { range, status, bytes } of logRequests()) {
      expect([range, status, bytes?.[0]]).toEqual([`bytes=${known - 1}-`, 206, known - 1]);
      known = (bytes?.[1] ?? 0) + 1;
    }
    expect(known).toBe((await readFile(join(folder, liveLog))).length);
  });
});

test('a running log grows on the page, and the page turns final with the build', async () => {
  await visit(`/acme/tools/build/3/${fixtureChroot}/`, {}, async (page) => {
    expect(await page.locator('.note').innerText()).toContain('still running');
    await appendFile(join(folder, liveLog), 'second <b>line</b>\n');
    await page.getByText('second <b>line</b>').waitFor();
    expect(await page.locator('#L3').innerText()).toContain('second');
    const fixture = openFixture(folder);
    await fixture.addResult(fixtureResult({ id: 3 }), { 'build.log': await readFile(join(folder, liveLog), 'utf8') });
    await fixture.setQueue([]);
    const change = { owner: 'acme', project: 'tools', package: 'hello', id: 3 };
    await regenerate({ published: folder, history: ':memory:', changes: [change], url: base });
    await page.getByText('succeeded').first().waitFor();
    expect(await page.locator('[data-follow]').count()).toBe(0);
  });
});
