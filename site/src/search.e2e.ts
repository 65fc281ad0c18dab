// The search in a real browser: by keyboard alone, with hostile names, and what serves without scripts. Pages of
// packages are looked at as well: at both widths, in light and dark, everything opened.
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchBrowser, visitPage } from '../testing/browse.ts';
import { fixtureHeader, fixtureProjects, fixtureResult, openFixture } from '../testing/fixture.ts';
import { serveFiles } from '../testing/serve-files.ts';
import { closeSite, regenerate } from './regenerate.ts';

let folder: string;
let served: Awaited<ReturnType<typeof serveFiles>>;
let browser: Browser;
let base: string;
const screenshots = fileURLToPath(new URL('../../var/screenshots/', import.meta.url));
const attack = '<img src=x onerror=alert(1)>';

beforeAll(async () => {
  await mkdir(screenshots, { recursive: true });
  folder = await mkdtemp(join(tmpdir(), 'coppice-search-e2e-'));
  const fixture = openFixture(folder);
  const [entry] = fixtureProjects().projects;
  const many = Array.from({ length: 400 }, (_, of) => ({ ...entry!.packages[0]!, name: `perl-part${of}` }));
  await fixture.setProjects({
    ...fixtureProjects(),
    projects: [entry!, { ...entry!, name: 'many', description: 'Parts of a whole', packages: many }],
  });
  for (let id = 1; id <= 30; id += 1) {
    const red = id % 4 === 0 ? { state: 'failed' as const, reason: 'check' as const, artifacts: [] } : {};
    const result = fixtureResult({
      id,
      ...red,
      endedAt: new Date(Date.UTC(2026, 10, 20, 13, id, (id * 37) % 60)).toISOString(),
    });
    const started = { startedAt: new Date(Date.parse(result.endedAt) - 20_000 - ((id * 7919) % 90_000)).toISOString() };
    await fixture.addDescribed({ ...result, ...started }, id % 4 === 0 ? [] : [fixtureHeader(), devel]);
  }
  const library = fixtureHeader({
    ...{ name: 'libgreet', nevra: 'libgreet-1.4-1.sap12.x86_64', summary: 'Greetings as a library', requires: [] },
    provides: [{ name: 'libgreet.so.1()(64bit)' }],
    files: Array.from({ length: 700 }, (_, of) => ({
      path: `/usr/share/libgreet/part${of}.txt`,
      bytes: of,
      mode: '100644',
    })),
  });
  await fixture.addDescribed(fixtureResult({ id: 31, package: 'libgreet' }), [library]);
  const hostile = fixtureHeader({
    name: 'figlet',
    summary: attack,
    files: [{ path: `/usr/bin/zz${attack}`, bytes: 1, mode: '100755' }],
  });
  await fixture.addDescribed(fixtureResult({ id: 32, package: 'figlet' }), [hostile]);
  served = await serveFiles(folder);
  base = served.base;
  await regenerate({ published: folder, history: ':memory:', changes: 'all', url: base });
  browser = await launchBrowser();
});

const devel = fixtureHeader({
  name: 'hello-devel',
  nevra: 'hello-devel-2.12-1.sap12.x86_64',
  summary: 'To build with',
});

afterAll(async () => {
  await browser?.close();
  closeSite(folder);
  await served?.close();
  await rm(folder, { recursive: true, force: true });
});

/** Opens a page, and fails when the browser complained about anything. */
async function visit(path: string, options: BrowserContextOptions, look: (page: Page) => Promise<void>): Promise<void> {
  expect(await visitPage(browser, `${base}${path}`, options, look)).toEqual([]);
}

const focused = (page: Page) => page.evaluate(() => document.activeElement?.textContent ?? '');

test('a reader goes from any page to a package by the keyboard alone', async () => {
  await visit('/queue/', {}, async (page) => {
    await page.keyboard.press('/');
    await page.keyboard.type('hello');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/search/?q=hello');
    await page.getByRole('heading', { name: 'Packages', exact: true }).waitFor();
    expect(await page.locator('.found h2').allInnerTexts()).toEqual([
      ...['Packages', 'Built packages', 'Files', 'Descriptions'],
    ]);
    await page.keyboard.press('/');
    await page.keyboard.press('ArrowDown');
    expect(await focused(page)).toBe('helloacme/tools: Prints a friendly greeting');
    await page.keyboard.press('ArrowDown');
    expect(await focused(page)).toContain('hello-2.12-');
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/acme/tools/package/hello/');
  });
});

test('the keys are told in a dialog that Escape closes, and letters in the field are letters', async () => {
  await visit('/search/', {}, async (page) => {
    await page.keyboard.press('?');
    expect(await page.getByRole('dialog', { name: 'Keys' }).innerText()).toContain('move among what is found');
    await page.keyboard.press('Escape');
    expect(await page.getByRole('dialog').count()).toBe(0);
    await page.keyboard.press('/');
    await page.keyboard.type('a/?');
    expect(await page.locator('.search input').inputValue()).toBe('a/?');
    expect(await page.getByRole('dialog').count()).toBe(0);
  });
});

test.each([
  ['perl-part37', 'perl-part37', 'in a file that was divided'],
  ['part399 many', 'perl-part399', 'by a part of its name and its project'],
  ['/usr/share/libgreet/part650.txt', undefined, 'a file beyond those that are told of a package'],
  ['/usr/share/libgreet/part65.txt', '/usr/share/libgreet/part65.txt', 'a file by its path'],
  ['friendly tools', 'hello', 'by words of its description'],
  ['whole', 'acme/many', 'a project by its description'],
] as [string, string | undefined, string][])('%s finds %s: %s', async (text, name, _) => {
  await visit(`/search/?q=${encodeURIComponent(text)}`, {}, async (page) => {
    await page
      .locator('#found')
      .filter({ hasText: /found|Type|begins/ })
      .waitFor();
    const first = page.locator('.found a').first();
    if (name === undefined) expect(await page.locator('.found a').count()).toBe(0);
    else expect((await first.evaluate((link) => link.firstChild?.textContent)) ?? '').toBe(name);
  });
});

test('what is found is text, whatever it says', async () => {
  await visit(`/search/?q=${encodeURIComponent(`zz${attack}`)}`, {}, async (page) => {
    await page.locator('#found').filter({ hasText: /found/ }).waitFor();
  });
  await visit('/search/?q=figlet', {}, async (page) => {
    await page.getByText(attack).first().waitFor();
    expect(await page.locator('main img').count()).toBe(0);
  });
});

test('without scripts the lists lead to each project and each package', async () => {
  await visit('/', { javaScriptEnabled: false }, async (page) => {
    await page.locator('.search input').fill('hello');
    await page.locator('.search input').press('Enter');
    await page.waitForURL('**/search/?q=hello');
    await page.locator('noscript').getByRole('link', { name: 'packages' }).click();
    await page.getByRole('link', { name: /^P\s*400/ }).click();
    for (const number of [2, 3, 4]) {
      await page.getByRole('link', { name: 'Next' }).click();
      await page.waitForURL(`**/packages/p/${number}/`);
    }
    await page.getByRole('link', { name: 'perl-part399' }).click();
    await page.waitForURL('**/acme/many/package/perl-part399/');
    await page.getByRole('link', { name: 'All projects' }).click();
    expect(await page.locator('main').innerText()).toContain('Parts of a whole');
  });
});

describe.each(['light', 'dark'] as const)('in %s', (colorScheme) => {
  test.each([
    ['package', '/acme/tools/package/hello/'],
    ['package-library', '/acme/tools/package/libgreet/'],
    ['search', '/search/?q=hello'],
    ['packages', '/packages/'],
    ['packages-p', '/packages/p/'],
    ['projects', '/projects/'],
  ])('the page %s overflows at no width with everything opened', async (name, path) => {
    for (const width of [1280, 360])
      await visit(path, { colorScheme, viewport: { width, height: 800 } }, async (page) => {
        if (name === 'search') await page.locator('.found').first().waitFor();
        await page.screenshot({
          path: join(screenshots, `${name}-${colorScheme}-${width}.png`),
          fullPage: width > 400,
        });
        const folds = page.locator('main > .columns section:not(.install) details');
        await folds.evaluateAll((all) => {
          for (const fold of all) fold.setAttribute('open', '');
        });
        const { scroll, client } = await page.evaluate(() => ({
          scroll: document.documentElement.scrollWidth,
          client: document.documentElement.clientWidth,
        }));
        expect(scroll).toBeLessThanOrEqual(client);
      });
  });
});

test('the page of a package with many files is small, tells how many, and links to all', async () => {
  const page = await readFile(join(folder, 'acme/tools/package/libgreet/index.html'), 'utf8');
  expect(Buffer.byteLength(page)).toBeLessThan(40_000);
  expect(page).toContain('700 files');
  await visit('/acme/tools/package/libgreet/', {}, async (shown) => {
    await shown.getByText('700 files').click();
    const href = await shown.getByRole('link', { name: '600 more' }).getAttribute('href');
    expect(JSON.parse((await readFile(join(folder, href ?? ''))).toString()).packages[0].files).toHaveLength(700);
    await shown.getByRole('heading', { name: /^Required by/ }).waitFor();
    await shown.locator('section', { hasText: 'Required by' }).getByRole('link', { name: 'hello' }).click();
    await shown.waitForURL('**/package/hello/');
    await shown.getByRole('link', { name: 'libgreet.so.1()(64bit)' }).first().click();
    await shown.waitForURL('**/package/libgreet/');
  });
});
