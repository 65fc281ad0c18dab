// The search in a real browser: by keyboard alone, with hostile names, and what serves without scripts. Pages of
// packages are looked at as well: at both widths, in light and dark, everything opened.
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fixtureHeader, fixtureProjects, fixtureResult, openFixture } from '../testing/fixture.ts';
import { closeSite, regenerate } from './regenerate.ts';

let folder: string;
let server: Server;
let browser: Browser;
let base: string;
const screenshots = fileURLToPath(new URL('../../var/screenshots/', import.meta.url));
const attack = '<img src=x onerror=alert(1)>';

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css',
  '.js': 'text/javascript',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
};

function serve(): Server {
  return createServer(async (request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://site.invalid').pathname).replace(
      /\/$/,
      '/index.html',
    );
    const content = await readFile(join(folder, path)).catch(() => undefined);
    if (content === undefined) response.writeHead(404).end('not found');
    else response.writeHead(200, { 'content-type': types[extname(path)] ?? 'text/plain' }).end(content);
  });
}

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
  server = serve();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await regenerate({ published: folder, history: ':memory:', changes: 'all', url: base });
  const quiet = ['background-networking', 'component-update', 'sync'].map((what) => `--disable-${what}`);
  browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--no-first-run', ...quiet],
  });
});

const devel = fixtureHeader({
  name: 'hello-devel',
  nevra: 'hello-devel-2.12-1.sap12.x86_64',
  summary: 'To build with',
});

afterAll(async () => {
  await browser?.close();
  closeSite(folder);
  server?.closeAllConnections();
  await new Promise((done) => server.close(done));
  await rm(folder, { recursive: true, force: true });
});

/** Opens a page, and fails at the end when it complained about anything. */
async function visit(path: string, options: BrowserContextOptions, look: (page: Page) => Promise<void>): Promise<void> {
  const context = await browser.newContext(options);
  const complaints: string[] = [];
  const page = await context.newPage();
  page.on('console', (message) => message.type() !== 'info' && complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('requestfailed', (request) => {
    // What was still under way when the reader went on is no fault.
    const why = request.failure()?.errorText;
    if (why !== 'net::ERR_ABORTED') complaints.push(`${request.url()} failed: ${why}`);
  });
  await page.goto(base + path);
  await look(page);
  expect(complaints.join('\n')).toBe('');
  await context.close();
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
