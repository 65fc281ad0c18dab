// Log pages in a real browser: folds, anchors and ranges, parts that are left out, colours, and logs that grow.
import { appendFile, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchBrowser, lowestContrast, visitPage } from '../testing/browse.ts';
import {
  at,
  fixtureChroot,
  fixtureProjects,
  fixtureQueued,
  fixtureQueuedChroot,
  fixtureResult,
  greenLog,
  openFixture,
  redLog,
} from '../testing/fixture.ts';
import { serveFiles } from '../testing/serve-files.ts';
import { closeSite, regenerate } from './regenerate.ts';

let folder: string;
let history: string;
let server: Awaited<ReturnType<typeof serveFiles>>;
let browser: Browser;
let fixture: ReturnType<typeof openFixture>;

const folderOf = (id: number) => `results/acme/tools/${fixtureChroot}/${String(id).padStart(8, '0')}-hello`;
const pageOf = (id: number) => `/acme/tools/build/${id}/${fixtureChroot}/`;
const update = (...ids: readonly number[]) =>
  regenerate({
    published: folder,
    history,
    changes: ids.length === 0 ? 'all' : ids.map((id) => ({ owner: 'acme', project: 'tools', package: 'hello', id })),
    url: server.base,
  });
const runs = (id: number, phase: 'root' | 'build' = 'build') =>
  fixtureQueued({ id, chroots: [fixtureQueuedChroot({ state: 'running', phase, startedAt: at(510) })] });

async function visit(path: string, options: BrowserContextOptions, look: (page: Page) => Promise<void>) {
  expect(await visitPage(browser, server.base + path, options, look)).toEqual([]);
}

/** A log of five megabytes. */
const longLines = Array.from({ length: 62_000 }, (_, index) => {
  if (index === 0) return 'Executing(%build): /bin/sh -e /var/tmp/rpm-tmp.2';
  return `cc -O2 -g -pipe -Wall -fstack-protector-strong -c src/part-${index + 1}.c -o part-${index + 1}.o`;
});
const mockState = `2026-11-30 14:04:37,437 - Start: build setup for hello.src.rpm
2026-11-30 14:04:39,721 - Finish: build setup for hello.src.rpm
2026-11-30 14:04:39,721 - Start: rpmbuild hello.src.rpm
2026-11-30 14:04:40,081 - Finish: rpmbuild hello.src.rpm
`;
const esc = '\u001b';
const colourful = [
  ...Array.from({ length: 8 }, (_, index) => `${esc}[${30 + index}mfront ${index}${esc}[0m`),
  ...Array.from({ length: 8 }, (_, index) => `${esc}[${40 + index}mground ${index}${esc}[0m`),
  ...Array.from({ length: 8 }, (_, index) => `error: ${esc}[${30 + index}m${index}${esc}[0m`),
  `${esc}[90mgrey${esc}[0m ${esc}[2mdim${esc}[0m ${esc}[7minverse${esc}[0m`,
  'a.c:1:1: warning: unused',
].join('\n');

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coppice-log-e2e-'));
  history = join(await mkdtemp(join(tmpdir(), 'coppice-log-e2e-history-')), 'history.sqlite');
  fixture = openFixture(folder);
  await fixture.setProjects(fixtureProjects());
  await fixture.addResult(fixtureResult({ id: 1 }), {
    'build.log': greenLog.replace('+ cd hello-2.12', "+ awk '/error/' log"),
    'root.log': "DEBUG mock-lite:  Executing command: ['dnf', '-y', 'builddep', 'x']\n",
    'state.log': mockState,
  });
  const red = { state: 'failed', reason: 'check', message: '1 of 3 tests failed' } as const;
  await fixture.addResult(fixtureResult({ id: 2, ...red, artifacts: [] }), { 'build.log': redLog });
  await fixture.addResult(fixtureResult({ id: 3 }), { 'build.log': `${longLines.join('\n')}\n` });
  await fixture.addResult(fixtureResult({ id: 4 }), { 'build.log': colourful });
  server = await serveFiles(folder);
  await update();
  browser = await launchBrowser();
});

afterAll(async () => {
  await browser?.close();
  await server?.close();
  closeSite(folder);
  await rm(folder, { recursive: true, force: true });
  await rm(join(history, '..'), { recursive: true, force: true });
});

const isOpen = (page: Page, line: number) =>
  page.locator(`details:has(#L${line})`).evaluate((fold) => 'open' in fold && fold.open);
const texts = (page: Page, selector = '.line') =>
  page
    .locator(selector)
    .evaluateAll((lines) =>
      lines.map((line) => (line.textContent ?? '').slice(line.querySelector('a')?.textContent?.length).trimEnd()),
    );

describe.each([true, false])('with scripts: %s', (javaScriptEnabled) => {
  test('all logs of a run are pages, with tabs between them', async () => {
    await visit(pageOf(1), { javaScriptEnabled }, async (page) => {
      expect(await page.locator('.tabs [aria-current]').innerText()).toContain('build.log');
      await page.locator('.tabs').getByText('state.log').click();
      await page.waitForURL('**/state.log/');
      expect(await page.locator('.foldtitle').allInnerTexts()).toEqual(['build setup', 'rpmbuild']);
      expect(await page.locator('.took').allInnerTexts()).toEqual(['2.3 s', '0.4 s']);
      await page.locator('.tabs').getByText('root.log').click();
      await page.waitForURL('**/root.log/');
      expect(await page.locator('.foldtitle').allInnerTexts()).toEqual(['dnf builddep']);
    });
  });

  test('a command that is traced is no error, and its fold has not failed', async () => {
    await visit(pageOf(1), { javaScriptEnabled }, async (page) => {
      expect(await page.locator('.tone-error, .fold.failed').count()).toBe(0);
      expect(await page.locator('main').innerText()).not.toContain('with errors');
    });
  });

  test('the fold that failed is open, and an address leads to a line that is shown', async () => {
    await visit(`${pageOf(2)}#L14`, { javaScriptEnabled }, async (page) => {
      expect(await page.locator('details.failed .foldtitle').innerText()).toBe('%check');
      expect(await isOpen(page, 14)).toBe(true);
      expect(await page.locator('.line:target').innerText()).toContain('test_empty.c:21: error');
      await page.locator('#L14').scrollIntoViewIfNeeded();
      expect(await page.locator('#L14').isVisible()).toBe(true);
    });
  });

  test('a log of five megabytes is a page of less than 600 kB, which says what it leaves out', async () => {
    expect((await stat(join(folder, folderOf(3), 'build.log'))).size).toBeGreaterThan(5e6);
    expect((await stat(join(folder, pageOf(3), 'index.html'))).size).toBeLessThan(600_000);
    await visit(pageOf(3), { javaScriptEnabled }, async (page) => {
      expect(await page.locator('#note').innerText()).toContain('of 62000 lines are left out here');
      expect(await page.locator('.gap').innerText()).toMatch(/^Lines \d+ to \d+ are left out/);
    });
  });
});

test('a target in a closed fold opens it, on arrival and later', async () => {
  await visit(`${pageOf(2)}#L3`, {}, async (page) => {
    await page.locator('#L3').waitFor({ state: 'visible' });
    expect(await isOpen(page, 3)).toBe(true);
    expect(await isOpen(page, 5)).toBe(false);
    await page.evaluate(() => {
      location.hash = '#L5';
    });
    await page.locator('#L5').waitFor({ state: 'visible' });
  });
});

test('a range is marked, and Shift selects one', async () => {
  await visit(`${pageOf(2)}#L10-L12`, {}, async (page) => {
    const marked = () => page.locator('.line.marked').evaluateAll((lines) => lines.map(({ id }) => id));
    await expect.poll(marked).toEqual(['L10', 'L11', 'L12']);
    await page.locator('#L13 > a').click();
    await expect.poll(marked).toEqual(['L13']);
    await page.locator('#L16 > a').click({ modifiers: ['Shift'] });
    await expect.poll(marked).toEqual(['L13', 'L14', 'L15', 'L16']);
    expect(page.url()).toMatch(/#L13-L16$/);
    await page.reload();
    await expect.poll(marked).toEqual(['L13', 'L14', 'L15', 'L16']);
  });
});

test('a line in a part that is left out is fetched, with its number and what is around it', async () => {
  await visit(`${pageOf(3)}#L30000`, {}, async (page) => {
    await page.locator('#L30000.marked').waitFor({ state: 'visible' });
    expect(await page.locator('#L30000').innerText()).toContain('src/part-30000.c');
    const shown = await texts(page, 'details:has(#L30000) .line');
    expect(shown).toEqual(longLines.slice(29_899, 30_100));
    const gaps = await page
      .locator('.gap')
      .evaluateAll((all) => all.map((gap) => ({ ...(gap as HTMLElement).dataset })));
    expect(gaps).toHaveLength(2);
    expect(gaps.map(({ first, last }) => [first, last])).toEqual([
      [expect.any(String), '29899'],
      ['30101', expect.any(String)],
    ]);
    // What is left out before and behind is fetched from where it is.
    for (const number of [29_850, 45_000, 30_101]) {
      await page.evaluate((line) => {
        location.hash = `#L${line}`;
      }, number);
      await page.locator(`#L${number}.marked`).waitFor({ state: 'visible' });
      expect(await page.locator(`#L${number}`).innerText()).toContain(`src/part-${number}.c`);
    }
  });
});

test('a line that there is not is said to be none', async () => {
  await visit(`${pageOf(2)}#L5000`, {}, async (page) => {
    expect(await page.locator('#missing').innerText()).toContain('Line 5000 is not in this part of the log');
    expect(await page.locator('#missing a').getAttribute('href')).toBe(`/${folderOf(2)}/build.log`);
  });
});

describe.each(['light', 'dark'] as const)('in %s', (colorScheme) => {
  test.each([2, 4])('all of the log of build %s is legible, also where it is marked', async (id) => {
    await visit(`${pageOf(id)}#L1-L3`, { colorScheme }, async (page) => {
      await page.locator('.marked').first().waitFor();
      for (const marked of [false, true]) {
        await page.evaluate((all) => {
          for (const line of document.querySelectorAll('.line')) line.classList.toggle('marked', all);
        }, marked);
        await page.evaluate(() =>
          document.querySelectorAll('details').forEach((fold) => {
            fold.open = true;
          }),
        );
        const { ratio, of } = await lowestContrast(page, '.line, .line > a, .line > span, summary span');
        expect(ratio, of).toBeGreaterThanOrEqual(4.5);
      }
    });
  });
});

test('what scrolls is reached with the keyboard, and says what it is', async () => {
  await visit(pageOf(2), {}, async (page) => {
    const boxes = page.locator('pre.log');
    for (const box of await boxes.all()) {
      expect(await box.getAttribute('tabindex')).toBe('0');
      expect(await box.getAttribute('aria-label')).toBeTruthy();
    }
  });
});

test('a waiting build has a log page, which follows when the log begins', async () => {
  const id = 11;
  await fixture.setQueue([fixtureQueued({ id, chroots: [fixtureQueuedChroot()] })]);
  await update(id);
  await visit(pageOf(id), { javaScriptEnabled: false }, async (page) => {
    expect(await page.locator('#note').innerText()).toContain('This build waits, and has no log yet');
    expect(await page.locator('#note').innerText()).toContain('Load the page again');
  });
  await visit(pageOf(id), {}, async (page) => {
    const log = join(folder, folderOf(id), 'build.log');
    expect(await page.locator('#state').innerText()).toBe('waiting');
    await fixture.write(`${folderOf(id)}/build.log`, '');
    await fixture.setQueue([runs(id, 'root')]);
    await update(id);
    await expect.poll(() => page.locator('#state').innerText()).toBe('running');
    await appendFile(
      log,
      'Building target platforms: x86_64\nExecuting(%build): x\n+ gcc -Werror\na.c:1:1: error: x\n',
    );
    await page.locator('#L4').waitFor();
    expect(await page.locator('#folds .foldtitle').allInnerTexts()).toEqual(['Preparation', '%build']);
    // Drawn as those of a page that is made when all is there.
    await fixture.setQueue([runs(id)]);
    await update(id);
    const fresh = await browser.newPage();
    await fresh.goto(server.base + pageOf(id));
    const made = (of: Page) => of.locator('#folds').evaluate((folds) => folds.innerHTML);
    expect(await made(page)).toBe(await made(fresh));
    await fresh.close();
  });
  expect(server.asked.filter(({ status }) => status >= 400)).toEqual([]);
  await fixture.setQueue([]);
  await update(id);
});

test('a build that never began keeps its page, which says why there is no log', async () => {
  await fixture.addResult(fixtureResult({ id: 12, state: 'skipped', artifacts: [], message: 'it needs #2' }), {});
  await update(12);
  await visit(pageOf(12), {}, async (page) => {
    expect(await page.locator('main').innerText()).toMatch(/it needs #2[\s\S]*There is no log: this was skipped/);
  });
});

test('a growing log is followed by asking for the bytes that are new, each once, and only numbered lines are shown', async () => {
  const id = 13;
  const log = join(folder, folderOf(id), 'build.log');
  await fixture.write(`${folderOf(id)}/build.log`, 'first line\nsecond ');
  await fixture.setQueue([runs(id)]);
  await update(id);
  await visit(pageOf(id), {}, async (page) => {
    expect(await texts(page)).toEqual(['first line']);
    server.asked.length = 0;
    const text = Buffer.from(`zwölf\r\n 10%\r100%\n${esc}[31mred${esc}[0m\n`);
    await appendFile(log, text.subarray(0, 3));
    await expect.poll(() => server.asked.filter(({ path }) => path.endsWith('build.log')).length).toBeGreaterThan(1);
    // Amid a letter of two bytes.
    await appendFile(log, text.subarray(3, 4));
    await expect.poll(() => server.asked.at(-1)?.range).toBe('bytes=21-');
    await appendFile(log, text.subarray(4));
    await page.locator('#L4').waitFor();
    expect(await texts(page)).toEqual(['first line', 'second zwölf', '100%', 'red']);
    expect(await page.locator('#L4 > span').getAttribute('class')).toBe('c1');
    for (const { status, path } of server.asked) if (path.endsWith('build.log')) expect(status).toBe(206);
  });
});

test('the switch scrolls along only when it is on: at the end, and until the reader scrolls away', async () => {
  const id = 14;
  const log = join(folder, folderOf(id), 'build.log');
  const many = (from: number, count = 200) =>
    Array.from({ length: count }, (_, index) => `line ${from + index}\n`).join('');
  await fixture.write(`${folderOf(id)}/build.log`, many(1));
  await fixture.setQueue([runs(id)]);
  await update(id);
  await visit(pageOf(id), {}, async (page) => {
    const box = page.getByLabel('Follow');
    const fromEnd = () =>
      page.evaluate(() => document.documentElement.scrollHeight - window.innerHeight - window.scrollY);
    expect(await box.isChecked()).toBe(false);
    await appendFile(log, many(201));
    await page.locator('#L400').waitFor({ state: 'attached' });
    expect(await page.evaluate(() => window.scrollY)).toBe(0);
    await box.check();
    await expect.poll(fromEnd).toBeLessThan(5);
    await appendFile(log, many(401));
    await page.locator('#L600').waitFor({ state: 'attached' });
    await expect.poll(fromEnd).toBeLessThan(5);
    expect(await box.isChecked()).toBe(true);
    await page.mouse.wheel(0, -1000);
    await expect.poll(() => box.isChecked()).toBe(false);
    const place = await page.evaluate(() => window.scrollY);
    await appendFile(log, many(601));
    await page.locator('#L800').waitFor({ state: 'attached' });
    expect(await page.evaluate(() => window.scrollY)).toBe(place);
    await page.evaluate(() => window.scrollTo(0, document.documentElement.scrollHeight));
    await expect.poll(() => box.isChecked()).toBe(true);
  });
});

test('at the end of the build scroll, folds, selection and focus stay, and the last lines and the verdict are there', async () => {
  const id = 15;
  const at = folderOf(id);
  const begun = redLog.slice(0, redLog.indexOf('Executing(%check)'));
  await fixture.write(`${at}/build.log`, begun);
  await fixture.setQueue([runs(id)]);
  await update(id);
  await visit(pageOf(id), { viewport: { width: 900, height: 300 } }, async (page) => {
    expect(await page.title()).toContain('is running');
    await page.locator('summary', { hasText: '%prep' }).click();
    await page.locator('#L5').scrollIntoViewIfNeeded();
    await page.locator('#L6 > a').focus();
    await page.evaluate(() => getSelection()?.selectAllChildren(document.getElementById('L6')!));
    const scrolled = await page.evaluate(() => window.scrollY);
    expect(scrolled).toBeGreaterThan(0);
    await page.evaluate(() => Object.assign(document.getElementById('L6')!, { known: true }));
    const red = { state: 'failed', reason: 'check', message: '1 of 3 tests failed' } as const;
    await fixture.addResult(fixtureResult({ id, ...red, artifacts: [] }), { 'build.log': redLog });
    await fixture.setQueue([]);
    await update(id);
    await expect.poll(() => page.title()).toContain('failed');
    await page.locator('details.failed').waitFor();
    expect(await page.locator('details.failed .foldtitle').innerText()).toBe('%check');
    expect(await texts(page)).toEqual(redLog.trimEnd().split('\n'));
    const kept = await page.evaluate(() => ({
      known: 'known' in document.getElementById('L6')!,
      focus: document.activeElement?.textContent,
      selection: getSelection()?.toString().trim(),
      folds: [...document.querySelectorAll('details')].map((fold) => fold.open),
    }));
    expect(kept).toMatchObject({ known: true, focus: '6', selection: 'cc -O2 -fPIC -c greet.c' });
    expect(kept.folds).toEqual([true, false, true, true, true, true]);
    expect(await page.locator('#follow').count()).toBe(0);
    expect(await page.getByText('To the first error').getAttribute('href')).toBe('#L14');
    expect(await page.locator('[data-follows]').count()).toBe(0);
  });
});

test('a log that begins again is shown from its beginning', async () => {
  const id = 16;
  await fixture.write(`${folderOf(id)}/build.log`, 'one\ntwo\nthree\n');
  await fixture.setQueue([runs(id)]);
  await update(id);
  const complaints = await visitPage(browser, server.base + pageOf(id), {}, async (page) => {
    expect(await texts(page)).toEqual(['one', 'two', 'three']);
    await writeFile(join(folder, folderOf(id), 'build.log'), 'new\n');
    await expect.poll(() => texts(page)).toEqual(['new']);
  });
  // The browser speaks of each range that there is no more.
  expect(complaints.filter((text) => !text.includes('416'))).toEqual([]);
});

test('hostile lines are inert, as the page has them and as they come', async () => {
  const id = 17;
  const attack = '<img src=x onerror=alert(1)>\u202e\u2028</pre><script>alert(1)</script>';
  await fixture.write(`${folderOf(id)}/build.log`, `${attack}\n`);
  await fixture.setQueue([runs(id)]);
  await update(id);
  await visit(pageOf(id), {}, async (page) => {
    await appendFile(join(folder, folderOf(id), 'build.log'), `${attack}\n`);
    await page.locator('#L2').waitFor();
    const [one, other] = await texts(page);
    expect(one).toBe(attack.replaceAll(/[\u202e\u2028]/g, '\ufffd'));
    expect(other).toBe(one);
    expect(await page.locator('#folds img, #folds script').count()).toBe(0);
  });
  expect(await readFile(join(folder, pageOf(id), 'index.html'), 'utf8')).not.toContain('<img');
});
