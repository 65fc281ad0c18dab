// The site from the service's own server in a real browser: its policy lets through what the pages have, and no more.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { coprChroot, makeCoprTree } from '../../testing/copr-tree.ts';
import { type HttpServer, healthOf, startHttpServer } from './http-server.ts';

let folder: string;
let server: HttpServer;
let browser: Browser;
let url: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coppice-static-e2e-'));
  const published = join(folder, 'published');
  const about = { health: () => healthOf(true, []), metrics: async () => '' };
  server = await startHttpServer({ host: '127.0.0.1', port: 0, published, ...about });
  url = `http://127.0.0.1:${server.port}`;
  await makeCoprTree(published, url);
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });
});

afterAll(async () => {
  await browser?.close();
  await server?.close();
  await rm(folder, { recursive: true, force: true });
});

/** Opens a page; fails when it complains about anything or asks anybody else. */
async function visit(path: string, look: (page: Page) => Promise<void>, width = 1280): Promise<void> {
  const context = await browser.newContext({ viewport: { width, height: 800 } });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => message.type() !== 'info' && complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('requestfailed', (request) => complaints.push(`${request.url()} failed`));
  page.on('request', (request) => request.url().startsWith(`${url}/`) || complaints.push(request.url()));
  await page.goto(url + path);
  await look(page);
  expect(complaints.join('\n')).toBe('');
  await context.close();
}

const overflows = (page: Page) =>
  page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);

test.each([360, 1280])('badges unfold at %i pixels, are drawn, and give Markdown that names them', async (width) => {
  await visit(
    '/acme/tools/package/p1001/',
    async (page) => {
      await page.locator('.badges summary').click();
      const pictures = page.locator('.badges img');
      await expect
        .poll(() => pictures.evaluateAll((all) => all.every((one) => (one as HTMLImageElement).naturalWidth > 50)))
        .toBe(true);
      expect(await page.locator('.badges code').first().innerText()).toBe(
        `[![State of p1001](${url}/badges/acme/tools/p1001.svg)](${url}/acme/tools/package/p1001/)`,
      );
      expect(await overflows(page)).toBe(false);
    },
    width,
  );
});

test('what a page is about is data that the policy lets stand, and programs can read', async () => {
  for (const [path, name] of [
    ['/', 'Coppice'],
    ['/acme/tools/', 'acme/tools'],
    ['/acme/tools/package/p1001/', 'p1001'],
  ])
    await visit(path ?? '', async (page) => {
      const about = JSON.parse(await page.locator('script[type="application/ld+json"]').innerText());
      expect(about).toMatchObject({ '@context': 'https://schema.org', name, url: `${url}${path}` });
      expect(await page.locator('link[rel=canonical]').getAttribute('href')).toBe(`${url}${path}`);
      for (const link of await page.locator('link[href]').all()) {
        const answer = await fetch(new URL((await link.getAttribute('href')) ?? '', url));
        expect([answer.url, answer.status]).toEqual([answer.url, 200]);
      }
    });
});

test.each([360, 1280])('a list of a folder looks like the site at %i pixels, and leads home', async (width) => {
  await visit(
    `/results/acme/tools/${coprChroot}/00000002-p1001/`,
    async (page) => {
      expect(await overflows(page)).toBe(false);
      expect(await page.getByRole('link', { name: 'build.log' }).isVisible()).toBe(true);
      await page.getByRole('link', { name: 'acme/tools' }).click();
      expect(page.url()).toBe(`${url}/acme/tools/`);
      await page.locator('.brand').click();
      expect(page.url()).toBe(`${url}/`);
    },
    width,
  );
});

test('whoever comes to nothing can search for it', async () => {
  await visit('/404.html', async (page) => {
    await page.route('**/search/**', (route) => route.fulfill({ body: 'found' }));
    await page.getByLabel('Search for a project or a package').fill('gcc & co');
    await page.getByRole('button', { name: 'Search' }).click();
    await page.waitForURL(`${url}/search/?q=gcc+%26+co`);
  });
});
