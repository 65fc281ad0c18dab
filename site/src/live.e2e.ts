// Pages of what is unfinished in a real browser: they follow it, and change nothing else than what has changed.
import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { liveBuildSchema, published, type QueueSnapshot } from '@coppice/config';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { launchBrowser, visitPage } from '../testing/browse.ts';
import {
  at,
  fixtureChroot,
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

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coppice-live-e2e-'));
  fixture = openFixture(folder);
  server = await serveFiles(folder);
  browser ??= await launchBrowser();
});

afterEach(async () => {
  await browser.close();
  browser = undefined as unknown as Browser;
  await server.close();
  closeSite(folder);
  await rm(folder, { recursive: true, force: true });
});

const chroots = [fixtureChroot, 'sapling-13-x86_64'] as const;
const page3 = '/acme/tools/build/3/';
type Queued = QueueSnapshot['builds'][number];

const update = (...ids: readonly number[]) =>
  regenerate({
    published: folder,
    history: ':memory:',
    changes: ids.length === 0 ? 'all' : ids.map((id) => ({ owner: 'acme', project: 'tools', package: 'hello', id })),
    url: server.base,
  });

function runs(changes: Partial<Queued['chroots'][number]>, ...chroot: readonly string[]): Queued {
  const of = (name: string) =>
    fixtureQueuedChroot({ chroot: name, state: 'running', phase: 'root', startedAt: at(500), ...changes });
  return fixtureQueued({ id: 3, chroots: (chroot.length === 0 ? [fixtureChroot] : chroot).map(of) });
}

async function visit(path: string, options: BrowserContextOptions, look: (page: Page) => Promise<void>) {
  expect(await visitPage(browser, server.base + path, options, look)).toEqual([]);
}

/** Notes every change of the page from now on; what is said when it was that changed nothing is an empty list. */
function watch(page: Page): Promise<void> {
  return page.evaluate(() => {
    const changed: string[] = [];
    Object.assign(window, { changed });
    new MutationObserver((records) => {
      for (const { type, target } of records)
        changed.push(`${type} of ${(target as Element).outerHTML ?? target.nodeValue}`);
    }).observe(document.querySelector('main')!, {
      subtree: true,
      childList: true,
      attributes: true,
      characterData: true,
    });
  });
}

const changes = (page: Page) => page.evaluate(() => (window as unknown as { changed: string[] }).changed);
const asked = (end: string) => server.asked.filter(({ path }) => path.endsWith(end)).length;

test('the page of a build that runs asks for one small file, and changes nothing as long as that says nothing new', async () => {
  await fixture.setProjects(fixtureProjects());
  await fixture.setQueue([runs({})]);
  await update();
  await visit(page3, {}, async (page) => {
    await watch(page);
    const [before, live] = [asked(`${page3}index.html`), published.liveJson(3 as never)];
    await expect.poll(() => asked(live)).toBeGreaterThan(2);
    expect(await changes(page)).toEqual([]);
    expect(asked(`${page3}index.html`)).toBe(before);
    const text = await readFile(join(folder, live), 'utf8');
    expect(text.length).toBeLessThan(2000);
    expect(liveBuildSchema.parse(JSON.parse(text))).toMatchObject({ id: 3, state: 'running' });
  });
});

test('state, verdict, phase and time line follow, selection, focus, folds and scrolling stay; so does its title', async () => {
  await fixture.setProjects(fixtureProjects());
  await fixture.setQueue([runs({ phases: [{ name: 'spawn', startedAt: at(500), seconds: 4 }] }, ...chroots)]);
  await update();
  await visit(page3, { viewport: { width: 700, height: 400 } }, async (page) => {
    const [link, summary] = [
      page.getByRole('link', { name: 'acme/tools' }).last(),
      page.locator('.timeline summary').first(),
    ];
    await summary.click();
    await link.focus();
    await page.evaluate(() => getSelection()?.selectAllChildren(document.querySelector('h1')!));
    await page.evaluate(() => window.scrollTo(0, 200));
    const nodes = await page.evaluateHandle(() => [...document.querySelectorAll('main *')]);
    const kept = () =>
      page.evaluate((all) => {
        const [selection, focus, fold] = [
          getSelection(),
          document.activeElement,
          document.querySelector('.timeline details'),
        ];
        return {
          selection: selection?.toString(),
          focus: focus?.textContent,
          fold: fold?.hasAttribute('open'),
          place: Math.round(document.querySelector('.timeline summary')?.getBoundingClientRect().top ?? 0),
          gone: all.filter((node) => !node.isConnected && node.matches('section, h1, h2, aside *, figure')).length,
        };
      }, nodes);
    const { place } = await kept();
    expect(await page.title()).toContain('running');
    // One chroot ends, the other goes on.
    const good = { name: 'root', startedAt: at(504), seconds: 6 } as const;
    const phases = [{ name: 'spawn' as const, startedAt: at(500), seconds: 4 }, good];
    await fixture.addResult(fixtureResult({ id: 3, chroot: chroots[1] }));
    await fixture.setQueue([runs({ phase: 'build', phaseStartedAt: at(510), phases }, chroots[0])]);
    await update(3);
    await page.locator(`[id="${chroots[0]}"] .now`, { hasText: 'Building' }).waitFor();
    expect(await page.locator(`[id="${chroots[1]}"] summary .state`).first().innerText()).toBe('succeeded');
    expect(await page.locator(`[id="${chroots[0]}"] .timeline li`).count()).toBe(2);
    expect(await kept()).toEqual({ selection: 'hello #3', focus: 'acme/tools', fold: true, place, gone: 0 });
    // The final state comes although something has the focus.
    await fixture.addResult(fixtureResult({ id: 3 }));
    await fixture.setQueue([]);
    await update(3);
    await expect.poll(() => page.title()).toContain('succeeded');
    expect(await page.locator('.verdict').innerText()).toContain('was built for');
    expect(await page.locator('.verdict > .state').innerText()).toBe('succeeded');
    expect(await kept()).toMatchObject({ selection: 'hello #3', focus: 'acme/tools' });
    expect(await page.locator('[data-follows]').count()).toBe(0);
    // The same as when it is loaded now.
    const main = () => page.locator('main').evaluate((part) => part.innerHTML.replaceAll(/ (?:open|hidden)=""/g, ''));
    const renewed = await main();
    await page.reload();
    expect(await main()).toBe(renewed);
  });
  expect(liveBuildSchema.parse(JSON.parse(await readFile(join(folder, 'api/v1/live/3.json'), 'utf8')))).toMatchObject({
    state: 'succeeded',
  });
});

test('a chroot that fails meanwhile opens, one that an address leads to too, and what is shut asks for no log', async () => {
  await fixture.setProjects(fixtureProjects());
  const many = Array.from({ length: 6 }, (_, index) => `fedora-4${index}-x86_64`);
  for (const chroot of many) await fixture.write(`results/acme/tools/${chroot}/00000003-hello/build.log`, 'line\n');
  await fixture.setQueue([runs({ phase: 'build' }, ...many)]);
  await update();
  const [failing = '', target = ''] = many;
  await visit(`${page3}#${target}`, {}, async (page) => {
    const open = () =>
      page.locator('.run > details[open]').evaluateAll((all) => all.map(({ parentElement }) => parentElement?.id));
    expect(await open()).toEqual([target]);
    await page.locator('.tail', { hasText: 'line' }).waitFor();
    await fixture.addResult(
      fixtureResult({
        id: 3,
        chroot: failing,
        state: 'failed',
        reason: 'check',
        message: '1 of 3 fails',
        artifacts: [],
      }),
    );
    await fixture.setQueue([runs({ phase: 'build' }, ...many.slice(1))]);
    await update(3);
    await page.getByText('1 of 3 fails', { exact: true }).waitFor();
    expect((await open()).toSorted()).toEqual([failing, target]);
    await page.locator(`[id="${failing}"] summary`).first().click();
    await page.evaluate((id) => location.assign(`#${id}`), many[5] ?? '');
    await expect.poll(open).toEqual([target, many[5]]);
    const followed = new Set(server.asked.map(({ path }) => path).filter((path) => path.endsWith('build.log')));
    expect([...followed].every((path) => path.includes(target) || path.includes(many[5] ?? ''))).toBe(true);
  });
});

test('a page that was not reached when the build ended comes to its final state later', async () => {
  await fixture.setProjects(fixtureProjects());
  await fixture.setQueue([runs({})]);
  await update();
  await visitPage(browser, server.base + page3, {}, async (page) => {
    await page.context().setOffline(true);
    await fixture.addResult(fixtureResult({ id: 3 }));
    await fixture.setQueue([]);
    await update(3);
    const before = server.asked.length;
    await page.waitForEvent('requestfailed');
    expect(server.asked.length).toBe(before);
    await page.context().setOffline(false);
    await expect.poll(() => page.title()).toContain('succeeded');
  });
});

test('the end of the log is on the page of a build that runs, with a switch', async () => {
  await fixture.setProjects(fixtureProjects());
  const log = `results/acme/tools/${fixtureChroot}/00000003-hello/build.log`;
  const lines = (from: number, count: number) =>
    Array.from({ length: count }, (_, index) => `line ${from + index}\n`).join('');
  await fixture.write(log, lines(1, 2000));
  await fixture.setQueue([runs({ phase: 'build' })]);
  await update();
  await visit(page3, {}, async (page) => {
    const tail = page.locator('.tail pre');
    await tail.waitFor();
    const shown = () =>
      tail
        .locator('.line')
        .allInnerTexts()
        .then((all) => all.map((line) => line.trim()));
    expect((await shown()).at(-1)).toBe('line 2000');
    expect((await shown()).length).toBeLessThanOrEqual(200);
    const fromEnd = () => tail.evaluate((box) => box.scrollHeight - box.clientHeight - box.scrollTop);
    expect(await fromEnd()).toBeLessThan(2);
    await appendFile(join(folder, log), `${lines(2001, 30)}\u001b[31mmain.c:1:1: error: x\u001b[0m\n`);
    await tail.locator('.tone-error').waitFor();
    await expect.poll(fromEnd).toBeLessThan(2);
    const box = page.getByLabel('Follow');
    await box.uncheck();
    const place = await tail.evaluate((element) => element.scrollTop);
    await appendFile(join(folder, log), lines(2031, 10));
    await expect.poll(async () => (await shown()).at(-1)).toBe('line 2040');
    expect(await tail.evaluate((element) => element.scrollTop)).toBeLessThanOrEqual(place);
    expect(await fromEnd()).toBeGreaterThan(20);
    await box.check();
    await expect.poll(fromEnd).toBeLessThan(2);
    expect(await tail.getAttribute('tabindex')).toBe('0');
    // With the build it goes.
    await fixture.addResult(fixtureResult({ id: 3 }), {}); // its log is there
    await fixture.setQueue([]);
    await update(3);
    await expect.poll(() => page.locator('.tail').count()).toBe(0);
  });
});

test('while dependencies are installed the end of root.log is shown, and then that of build.log', async () => {
  await fixture.setProjects(fixtureProjects());
  const at = `results/acme/tools/${fixtureChroot}/00000003-hello`;
  await fixture.write(`${at}/root.log`, 'Installing: gcc\n');
  await fixture.write(`${at}/build.log`, '');
  await fixture.setQueue([runs({ phase: 'root' })]);
  await update();
  await visit(page3, {}, async (page) => {
    await page.locator('.tail', { hasText: 'Installing: gcc' }).waitFor();
    await fixture.write(`${at}/build.log`, 'Executing(%build): x\n');
    await fixture.setQueue([runs({ phase: 'build' })]);
    await update(3);
    await page.locator('.tail', { hasText: 'Executing(%build)' }).waitFor();
    expect(await page.locator('.tail').count()).toBe(1);
  });
});

test('when a build should end is told by the last good ones', async () => {
  await fixture.setProjects(fixtureProjects());
  await fixture.addResult(fixtureResult({ id: 1, startedAt: at(0), endedAt: at(90) }));
  await fixture.setQueue([runs({ phase: 'build' })]);
  await update();
  await visit(page3, { javaScriptEnabled: false }, async (page) => {
    const { endAt } = { endAt: at(590) };
    const time = page.locator('.now time[data-exact]');
    expect(await time.getAttribute('datetime')).toBe(endAt);
    expect(await page.locator('.now').innerText()).toContain('expected to end at');
  });
});

test('an empty home shows the first build by itself, and then what changes, row by row', async () => {
  await update();
  await visit('/', {}, async (page) => {
    await page.getByText('Nothing has been built yet').waitFor();
    await page.getByRole('link', { name: 'Docs' }).focus();
    await fixture.setProjects(fixtureProjects());
    await fixture.addResult(fixtureResult({ id: 1 }));
    await update();
    const row = (id: number) => page.locator('.builds tbody tr', { hasText: `#${id}` });
    await row(1).waitFor();
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Docs');
    await row(1).evaluate((element) => Object.assign(element, { known: true }));
    await row(1).getByRole('link').first().focus();
    await fixture.addResult(fixtureResult({ id: 2 }));
    await update(2);
    await row(2).waitFor();
    expect(await row(1).evaluate((element) => 'known' in element)).toBe(true);
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('#1');
  });
});

test.each(['/', '/queue/', '/acme/tools/'])('%s is not touched as long as nothing has changed', async (path) => {
  await fixture.setProjects(fixtureProjects());
  await fixture.addResult(fixtureResult({ id: 1 }));
  await fixture.setQueue([runs({})]);
  await update();
  await visit(path, {}, async (page) => {
    await watch(page);
    await expect.poll(() => asked(`${path}index.html`)).toBeGreaterThan(2);
    expect(await changes(page)).toEqual([]);
    await page.evaluate(() => getSelection()?.selectAllChildren(document.querySelector('h1')!));
    const selected = await page.evaluate(() => getSelection()?.toString());
    await fixture.setQueue([]);
    await update(3);
    await expect.poll(async () => (await changes(page)).length).toBeGreaterThan(0);
    expect(await page.evaluate(() => getSelection()?.toString())).toBe(selected);
  });
});

test('while nobody sees a page it asks seldom, and at once when somebody does', async () => {
  await fixture.setProjects(fixtureProjects());
  await fixture.setQueue([runs({})]);
  await update();
  await visit(page3, {}, async (page) => {
    await page.clock.install();
    await page.reload();
    const hide = (hidden: boolean) =>
      page.evaluate((value) => {
        Object.defineProperty(document, 'hidden', { configurable: true, get: () => value });
        document.dispatchEvent(new Event('visibilitychange'));
      }, hidden);
    await hide(true);
    server.asked.length = 0;
    await page.clock.runFor(4000);
    await expect.poll(() => asked('3.json')).toBe(1);
    await page.clock.runFor(20_000);
    expect(asked('3.json')).toBe(1);
    await hide(false);
    await expect.poll(() => asked('3.json')).toBe(2);
  });
});
