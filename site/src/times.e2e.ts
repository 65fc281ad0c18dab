// Times as readers in other zones meet them: in UTC without scripts, else their own, without anything that moves.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { listingPage } from '../layouts/listing.ts';
import { launchBrowser, visitPage } from '../testing/browse.ts';
import {
  at,
  fixtureChroot,
  fixtureHeader,
  fixtureProjects,
  fixtureQueued,
  fixtureQueuedChroot,
  fixtureResult,
  openFixture,
} from '../testing/fixture.ts';
import { serveFiles } from '../testing/serve-files.ts';
import { closeSite, regenerate } from './regenerate.ts';

let folder: string;
let server: Awaited<ReturnType<typeof serveFiles>>;
let browser: Browser;
let fixture: ReturnType<typeof openFixture>;

const inKolkata = { timezoneId: 'Asia/Kolkata' };
const recently = new Date(Date.now() - 2.5 * 3_600_000).toISOString();

const update = () =>
  regenerate({ published: folder, history: ':memory:', changes: 'all', url: server.base }).then(() => undefined);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coppice-times-'));
  fixture = openFixture(folder);
  server = await serveFiles(folder);
  browser = await launchBrowser();
  await fixture.setProjects(fixtureProjects());
  // It ended at 20:00 UTC, which is tomorrow in Kolkata.
  await fixture.addResult(fixtureResult({ id: 1, startedAt: at(28_000), endedAt: at(28_800) }));
  const last = fixtureResult({ id: 2, requestedAt: recently, startedAt: recently, endedAt: recently });
  await fixture.addDescribed(last, [fixtureHeader()]);
  await update();
});

afterAll(async () => {
  await browser?.close();
  closeSite(folder);
  await server?.close();
  await rm(folder, { recursive: true, force: true });
});

async function visit(path: string, options: BrowserContextOptions, look: (page: Page) => Promise<void>) {
  expect(await visitPage(browser, server.base + path, options, look)).toEqual([]);
}

const ended = (page: Page) => page.locator('aside dt:text-is("Ended") + dd time');

test('a reader elsewhere sees their own time, and UTC in the title; without scripts it is UTC', async () => {
  await visit('/acme/tools/build/1/', inKolkata, async (page) => {
    expect(await ended(page).innerText()).toBe('21 Nov 2026, 01:30');
    expect(await ended(page).getAttribute('title')).toBe('21 Nov 2026, 01:30 in Asia/Calcutta, 20 Nov 2026, 20:00 UTC');
    expect(await ended(page).getAttribute('datetime')).toBe(at(28_800));
  });
  for (const options of [{ ...inKolkata, javaScriptEnabled: false }, { timezoneId: 'UTC' }])
    await visit('/acme/tools/build/1/', options, async (page) => {
      expect(await ended(page).innerText()).toBe('20 Nov 2026, 20:00 UTC');
      expect(await ended(page).getAttribute('title')).toBeNull();
    });
});

test('what was some hours ago says so, and in the title when', async () => {
  await visit('/acme/tools/builds/', inKolkata, async (page) => {
    const time = page.locator('tr', { hasText: '#2' }).locator('time');
    expect(await time.innerText()).toBe('2 h ago');
    expect(await time.getAttribute('title')).toMatch(/^\d+ \w+ \d{4}, \d\d:\d\d in Asia\/Calcutta, .* UTC$/);
  });
});

test('days stay the same everywhere, and what a page says to be UTC around the time stays UTC', async () => {
  await visit('/acme/tools/package/hello/', { timezoneId: 'Pacific/Kiritimati' }, async (page) => {
    const day = page.locator('section time[data-exact]').first();
    expect(await day.textContent()).toBe('2026-11-19');
    expect(await day.getAttribute('title')).toBeNull();
  });
  const entry = { name: 'x', folder: false, bytes: 1, changed: new Date(at(28_800)) };
  await fixture.write('results/index.html', listingPage('/results/', [entry]));
  await visit('/results/', inKolkata, async (page) => {
    expect(await page.locator('time').innerText()).toBe('2026-11-20 20:00:00');
    expect(await page.locator('time').getAttribute('title')).toBe(
      '21 Nov 2026, 01:30 in Asia/Calcutta, 2026-11-20 20:00:00 UTC',
    );
  });
});

test.each(['/acme/tools/builds/', '/acme/tools/build/1/', '/'])(
  'on %s nothing moves when the script has come late',
  async (path) => {
    for (const width of [360, 1280])
      await visit('/404.html', { ...inKolkata, viewport: { width, height: 900 } }, async (page) => {
        let come = () => {};
        const wait = new Promise<void>((resolve) => {
          come = resolve;
        });
        await page.route('**/*.js', async (route) => {
          await wait;
          await route.continue();
        });
        await page.goto(server.base + path, { waitUntil: 'commit' });
        await page.locator('footer').waitFor();
        // The page is there before what it looks like.
        const styles = 'link[rel="stylesheet"]';
        await page.waitForFunction(
          (of) => [...document.querySelectorAll<HTMLLinkElement>(of)].every(({ sheet }) => sheet !== null),
          styles,
        );
        const places = () =>
          page.evaluate(() =>
            [...document.querySelectorAll('main :is(tr, td, th, dt, dd, h1, h2, section, aside)')].map((element) => {
              const { x, y, width: wide, height } = element.getBoundingClientRect();
              return [element.tagName, x, y, wide, height].join(' ');
            }),
          );
        const before = await places();
        come();
        await page.locator('time[data-utc]').first().waitFor({ state: 'attached' });
        expect(await places()).toEqual(before);
      });
  },
);

test('times that come while a page is looked at are the reader’s own, too', async () => {
  await fixture.setQueue([fixtureQueued({ id: 3, requestedAt: at(28_000) })]);
  await update();
  await visit('/acme/tools/build/3/', inKolkata, async (page) => {
    expect(await page.locator('.now time').innerText()).toBe('20 Nov 2026, 17:38');
    const running = { state: 'running', phase: 'build', startedAt: at(28_800), phaseStartedAt: at(28_860) } as const;
    await fixture.setQueue([
      fixtureQueued({
        id: 3,
        requestedAt: at(28_000),
        chroots: [fixtureQueuedChroot({ chroot: fixtureChroot, ...running })],
      }),
    ]);
    await update();
    await page.locator('.now', { hasText: 'Building' }).waitFor();
    const times = page.locator('.now time');
    expect(await times.first().innerText()).toBe('21 Nov 2026, 01:31');
    expect(await page.locator('aside dt:text-is("Started") + dd time').innerText()).toBe('21 Nov 2026, 01:30');
  });
});
