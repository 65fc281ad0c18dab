// Every kind of page as its readers meet it: in light and dark, on a phone and on a desk, everything opened, with and
// without scripts. What it shows lies in var/screenshots/ afterwards.
import { createHash, hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import type { Result } from '@coppice/config';
import { HtmlValidate } from 'html-validate';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchBrowser, visitPage } from '../testing/browse.ts';
import {
  at,
  fixtureChroot,
  fixtureHeader,
  fixtureProjects,
  fixtureQueued,
  fixtureQueuedChroot,
  fixtureResult,
  fixtureService,
  greenLog,
  openFixture,
  redLog,
} from '../testing/fixture.ts';
import { serveFiles } from '../testing/serve-files.ts';
import { closeSite, regenerate } from './regenerate.ts';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const screenshots = fileURLToPath(new URL('../../var/screenshots/', import.meta.url));
const chroots = [fixtureChroot, 'fedora-42-x86_64', 'epel-9-x86_64', 'fedora-42-aarch64'];

/** Every kind of page, by what its screenshot is called. */
const pages: Readonly<Record<string, string>> = {
  home: '/',
  owner: '/acme/',
  project: '/acme/tools/',
  'project-empty': '/acme/empty/',
  sandbox: '/acme/tools:pr:7/',
  builds: '/acme/tools/builds/',
  'builds-older': '/acme/tools/builds/1/',
  package: '/acme/tools/package/hello/',
  build: '/acme/tools/build/100/',
  'build-failed': '/acme/tools/build/101/',
  'build-running': '/acme/tools/build/103/',
  'build-many': '/acme/many/build/110/',
  'build-many-running': '/acme/many/build/111/',
  log: `/acme/tools/build/101/${fixtureChroot}/`,
  queue: '/queue/',
  builders: '/builders/',
  status: '/status/',
  statistics: '/statistics/',
  chroots: '/chroots/',
  chroot: `/chroots/${fixtureChroot}/`,
  projects: '/projects/',
  packages: '/packages/',
  search: '/search/?q=hello',
  docs: '/docs/',
  document: '/docs/reference/config-repo/',
  'not-found': '/404.html',
};

let folder: string;
let served: Awaited<ReturnType<typeof serveFiles>>;
let browser: Browser;
let base: string;

beforeAll(async () => {
  await mkdir(screenshots, { recursive: true });
  folder = await mkdtemp(join(tmpdir(), 'coppice-quality-'));
  await fill();
  served = await serveFiles(folder);
  base = served.base;
  await regenerate({ published: folder, history: ':memory:', changes: 'all', url: base });
  browser = await launchBrowser();
});

afterAll(async () => {
  await browser?.close();
  closeSite(folder);
  await served?.close();
  await rm(folder, { recursive: true, force: true });
});

/** 60 packages in four chroots, with all that may befall a build. */
async function fill(): Promise<void> {
  const fixture = openFixture(folder);
  const [entry] = fixtureProjects().projects;
  const names = ['hello', 'libgreet', ...Array.from({ length: 58 }, (_, of) => `perl-Some-Long-Name-${of}`)];
  const packages = names.map((name) => ({ ...entry!.packages[0]!, name, chroots }));
  const chrootStates = Object.fromEntries(chroots.map((name) => [name, { state: 'active' as const, keepUntil: null }]));
  const tools = { ...entry!, chroots, chrootStates, packages };
  await fixture.setProjects({
    ...fixtureProjects(),
    projects: [tools, { ...entry!, name: 'empty', description: '', packages: [] }],
  });
  for (const [index, name] of names.entries())
    for (const chroot of chroots) {
      const isRed = index === 4 && chroot === 'epel-9-x86_64';
      const red = isRed ? { state: 'failed' as const, reason: 'compile' as const, artifacts: [] } : {};
      const done = fixtureResult({ id: index + 1, package: name, chroot, ...red });
      await (chroot === fixtureChroot
        ? fixture.addDescribed(done, [fixtureHeader({ name })])
        : fixture.addResult(done));
    }
  // So many that older builds have a page of their own.
  for (let id = names.length + 1; id < 100; id += 1) {
    const hasFailed: Partial<Result> = id % 4 === 0 ? { state: 'failed', reason: 'compile', artifacts: [] } : {};
    await fixture.addResult(fixtureResult({ id, package: names[id % 60] ?? '', ...hasFailed }));
    if (id % 3 === 0)
      await fixture.addResult(fixtureResult({ id, package: names[id % 60] ?? '', chroot: 'epel-9-x86_64' }));
  }
  const commit = (subject: string) => ({ commit: createHash('sha1').update(subject).digest('hex'), subject });
  const before = commit('Add a greeting for the evening');
  const after = [commit('Update to 2.13'), commit('Greet people whose names are very long in a way that fits a line')];
  const source = (at: string) => ({
    source: { type: 'git' as const, url: 'https://github.com/acme/hello.git', ref: 'main', commit: at },
  });
  const srpm = (id: number, version: string, commits: NonNullable<Result['commits']>) => {
    const nevra = `hello-${version}-1.sap12.src`;
    const artifacts = [{ file: `${nevra}.rpm`, nevra, bytes: 81_202, sha256: hash('sha256', nevra) }];
    const file = `hello-${version}.tar.gz`;
    const fetched = [{ url: `https://example.org/${file}`, file, bytes: 1, sha256: hash('sha256', file) }];
    return fixtureResult({ id, chroot: 'srpm', artifacts, fetched, commits, ...source(commits[0]?.commit ?? '') });
  };
  await fixture.addResult(srpm(100, '2.12', [before]), { 'srpm.log': 'x\n' });
  await fixture.addResult(srpm(101, '2.13', [...after, before]), { 'srpm.log': 'x\n' });
  for (const chroot of chroots)
    await fixture.addResult(fixtureResult({ id: 100, chroot, ...source(before.commit) }), {
      'build.log': greenLog,
      'installed_pkgs.log': buildroot('14.1.1-3', chroot === fixtureChroot ? ['perl-4:5.40.0-1.x86_64'] : []),
    });
  const failed: Partial<Result> = {
    ...{ id: 101, state: 'failed', reason: 'check', message: '1 of 3 tests failed', artifacts: [] },
    excerpt: ['FAIL: test_empty', 'make: *** [check] Error 1'],
    where: { log: 'build.log', line: 14 },
    ...source(after[0]?.commit ?? ''),
  };
  await fixture.addResult(fixtureResult(failed), {
    ...{ 'build.log': redLog, 'root.log': 'x\n', 'state.log': 'y\n' },
    'installed_pkgs.log': buildroot('14.2.1-1', ['zlib-ng-compat-2.2.2-1.x86_64']),
  });
  await fixture.addResult(fixtureResult({ ...failed, chroot: 'epel-9-x86_64', reason: 'timeout', message: null }));
  await fixture.addResult(fixtureResult({ id: 101, chroot: 'fedora-42-x86_64' }));
  await fixture.addResult(fixtureResult({ id: 102, project: 'tools:pr:7' }));
  const many = ['fedora-42', 'fedora-43', 'fedora-rawhide', 'epel-9', 'opensuse-tumbleweed'].flatMap((name) =>
    ['x86_64', 'aarch64', 'ppc64le', 's390x'].map((architecture) => `${name}-${architecture}`),
  );
  for (const [index, chroot] of many.entries()) {
    const one = { id: 110, project: 'many', chroot };
    await fixture.addResult(fixtureResult(index % 9 === 4 ? { ...failed, ...one, where: null } : one));
  }
  const goesOn = many.map((chroot, index) =>
    index % 3 === 0
      ? fixtureQueuedChroot({ chroot })
      : fixtureQueuedChroot({ chroot, state: 'running', phase: 'build', startedAt: at(500), builder: 'local-1' }),
  );
  const running = fixtureQueuedChroot({ state: 'running', phase: 'build', startedAt: at(500), builder: 'local-1' });
  await fixture.setQueue(
    [
      fixtureQueued({ id: 103, chroots: [running] }),
      fixtureQueued({ id: 104, package: 'libgreet', after: [103] }),
      fixtureQueued({ id: 111, project: 'many', chroots: goesOn }),
      fixtureQueued({ id: 105, package: 'perl-Some-Long-Name-3', builderLabels: ['big'] }),
    ],
    [{ name: 'big', since: at(10), failures: 3, retryAt: at(700) }],
  );
  await fixture.setService(fixtureService());
  await fixture.write(`results/acme/tools/${fixtureChroot}/00000103-hello/build.log`, redLog);
}

/** The list of a buildroot in which much is of the version of gcc. */
function buildroot(gcc: string, more: readonly string[]): string {
  const parts = ['gcc', 'gcc-c++', 'cpp', 'libgcc', 'libstdc++-devel', 'libgomp'];
  const usual = Array.from({ length: 200 }, (_, of) => `usual-package-${of}-1.${of}-1.x86_64`);
  return [...parts.map((name) => `${name}-${gcc}.x86_64`), ...usual, ...more]
    .map((nevra) => `${nevra} 1700000000 1024 installed\n`)
    .join('');
}

/** Opens a page, and fails when the browser complains about anything. */
async function visit(path: string, options: object, look: (page: Page) => Promise<void>): Promise<void> {
  const complaints = await visitPage(browser, `${base}${path}`, options, look);
  expect([path, complaints]).toEqual([path, []]);
}

describe.each(['light', 'dark'] as const)('in %s', (colorScheme) => {
  test.each(Object.keys(pages))('the page %s has no fault that axe finds, and nothing runs over', async (name) => {
    for (const width of [360, 1280]) {
      await visit(pages[name] ?? '/', { colorScheme, viewport: { width, height: 800 } }, async (page) => {
        await page.screenshot({ path: join(screenshots, `${name}-${colorScheme}-${width}.png`), fullPage: true });
        await page.evaluate(() => {
          for (const fold of document.querySelectorAll('details')) fold.open = true;
        });
        const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
        expect([name, width, over <= 0 ? 0 : over]).toEqual([name, width, 0]);
        await page.evaluate(axe);
        const found = await page.evaluate(async () => {
          // biome-ignore lint/suspicious/noExplicitAny: axe is there since it was evaluated
          const { violations } = await (globalThis as any).axe.run(document, { resultTypes: ['violations'] });
          return (violations as { id: string; nodes: { html: string; failureSummary: string }[] }[]).map(
            ({ id, nodes }) => `${id}: ${nodes[0]?.html.slice(0, 160)} (${nodes.length}) ${nodes[0]?.failureSummary}`,
          );
        });
        expect([name, width, found]).toEqual([name, width, []]);
      });
    }
  });
});

test.each(Object.keys(pages))('the page %s says the same without scripts', async (name) => {
  await visit(pages[name] ?? '/', { javaScriptEnabled: false }, async (page) => {
    expect(await page.locator('h1').count()).toBe(1);
    if (name === 'search') expect(await page.locator('main a[href="/packages/"]').count()).toBeGreaterThan(0);
    else expect((await page.locator('main').innerText()).length).toBeGreaterThan(40);
  });
});

test('the HTML of each page validates', async () => {
  const validator = new HtmlValidate({ extends: ['html-validate:standard'], rules: rulesOfOurs });
  for (const [name, path] of Object.entries(pages)) {
    const [plain = ''] = path.split('?');
    const text = await readFile(join(folder, plain.endsWith('/') ? `${plain}index.html` : plain), 'utf8');
    const report = await validator.validateString(text);
    const said = report.results.flatMap(({ messages }) =>
      messages.map(({ ruleId, message, line, column }) => `${ruleId} ${line}:${column} ${message}`),
    );
    expect([name, said.slice(0, 5)]).toEqual([name, []]);
  }
});

/** The standard's rules hold, but for those of taste. */
const rulesOfOurs = {
  'no-implicit-button-type': 'error',
  'long-title': 'off',
  'no-inline-style': 'error',
  'no-trailing-whitespace': 'off',
  'doctype-style': 'off',
  'attribute-boolean-style': 'off',
  'void-style': 'off',
  'element-permitted-content': 'error',
} as const;

test('each page is small as it is sent: HTML, styles and script together', async () => {
  for (const [name, path] of Object.entries(pages)) {
    if (name === 'log' || name === 'document') continue;
    const [plain = ''] = path.split('?');
    const html = await readFile(join(folder, plain.endsWith('/') ? `${plain}index.html` : plain), 'utf8');
    const linked = [...html.matchAll(/(?:href|src)="(\/assets\/coppice\.[0-9a-f]+\.(?:css|js))"/g)].map(([, of]) => of);
    expect(linked).toHaveLength(2);
    const files = await Promise.all(linked.map((of = '') => readFile(join(folder, of))));
    const sent = [Buffer.from(html), ...files].reduce((sum, content) => sum + gzipSync(content).length, 0);
    expect([name, sent < 60_000 ? 'small' : sent]).toEqual([name, 'small']);
  }
});
