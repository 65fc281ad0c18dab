import { mkdtemp, readdir, readFile, rm, stat, symlink, unlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildsJsonSchema, published, type Result } from '@coppice/config';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { deadLinks } from '../testing/check-links.ts';
import {
  at,
  fixtureChroot,
  fixtureHeader,
  fixtureProjects,
  fixtureQueued,
  fixtureQueuedChroot,
  fixtureResult,
  openFixture,
  redLog,
} from '../testing/fixture.ts';
import { script } from './markup/assets.ts';
import { closeSite, regenerate, type SiteChange, stopSite } from './regenerate.ts';

// Real Eleventy on real files: slow only on a busy machine.
vi.setConfig({ testTimeout: 30_000 });

const url = 'http://127.0.0.1:8080';
const now = new Date('2026-11-22T12:00:00Z');
let folder: string;
let fixture: ReturnType<typeof openFixture>;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coppice-site-'));
  fixture = openFixture(folder);
});
afterEach(async () => {
  closeSite(folder);
  for (const path of [folder, `${folder}.sqlite`, `${folder}.sqlite-wal`, `${folder}.sqlite-shm`])
    await rm(path, { recursive: true, force: true });
});

const run = (changes: 'all' | readonly SiteChange[] = 'all') =>
  regenerate({ published: folder, history: `${folder}.sqlite`, changes, url });
const change = (id: number, name = 'hello'): SiteChange => ({ owner: 'acme', project: 'tools', package: name, id });
const read = (path: string) => readFile(join(folder, path), 'utf8');
const there = (path: string) =>
  stat(join(folder, path)).then(
    () => true,
    () => false,
  );

/** A red and a green build, one that runs and one that waits. */
async function smallSite(): Promise<void> {
  await fixture.setProjects(fixtureProjects());
  await fixture.addResult(fixtureResult({ id: 1 }));
  await fixture.addResult(fixtureResult({ id: 1, chroot: 'srpm', artifacts: [] }));
  const red: Partial<Result> = { state: 'failed', reason: 'check', message: '1 of 3 tests failed', artifacts: [] };
  await fixture.addResult(fixtureResult({ id: 2, package: 'libgreet', ...red }), {
    'build.log': redLog,
    'root.log': 'x',
  });
  const running = fixtureQueuedChroot({ state: 'running', phase: 'build' });
  await fixture.setQueue([
    fixtureQueued({ id: 3, chroots: [running] }),
    fixtureQueued({ id: 4, package: 'figlet', after: [3] }),
  ]);
  await fixture.write(`results/acme/tools/${fixtureChroot}/00000003-hello/build.log`, 'Mock Version: 5.6\n');
}

/** Pages by name with the time of their last change, after all of them were made old. */
async function makeOld(): Promise<() => Promise<readonly string[]>> {
  const old = new Date('2020-01-01T00:00:00Z');
  const pages = async () => (await readdir(folder, { recursive: true })).filter((file) => file.endsWith('index.html'));
  for (const page of await pages()) await utimes(join(folder, page), old, old);
  return async () => {
    const fresh: string[] = [];
    for (const page of await pages()) if ((await stat(join(folder, page))).mtimeMs !== old.getTime()) fresh.push(page);
    return fresh.sort();
  };
}

describe('regenerate', () => {
  test('greets on a published tree that is still empty', async () => {
    expect(await run()).toMatchObject({ removed: 0, problems: [] });
    expect(await read('index.html')).toContain('No project yet');
    expect(JSON.parse(await read('api/v1/builds.json'))).toEqual({ builds: [] });
    expect((await deadLinks(folder)).filter((link) => !link.endsWith('queue.json'))).toEqual([]);
  });

  test('shows what users get, tells what they do not get, and writes what that touches', async () => {
    await fixture.setProjects(fixtureProjects({ publish: 'manual' }));
    await fixture.addResult(fixtureResult({ id: 1 }));
    await fixture.addResult(fixtureResult({ id: 2 }));
    await fixture.addResult(fixtureResult({ id: 3, package: 'libgreet' }));
    await fixture.addResult(fixtureResult({ id: 4, package: 'figlet' }));
    const hello = { package: 'hello', build: '00000001-hello', version: '2.12-1.sap12' };
    await fixture.setShown([
      { package: 'figlet', build: null, version: null, why: 'waits' },
      { ...hello, why: 'waits' },
    ]);
    await run();
    const [page, figlet] = ['acme/tools/package/hello/index.html', 'acme/tools/package/figlet/index.html'];
    expect(await read(page)).toContain('<span class="version">2.12-1.sap12</span>');
    expect(await read(page)).toContain('2.12-2.sap12 waits for /publish');
    expect(await read(figlet)).toContain('2.12-4.sap12 waits for /publish');
    expect(await read(figlet)).not.toContain('dnf install');
    expect(await read('acme/tools/build/2/index.html')).toContain('2.12-2.sap12 waits for /publish.');
    const toldOf = async (wanted: number) =>
      buildsJsonSchema.parse(JSON.parse(await read('api/v1/builds.json'))).builds.find(({ id }) => id === wanted)
        ?.chroots[0]?.notShown;
    expect([await toldOf(1), await toldOf(2), await toldOf(4)]).toEqual([undefined, 'waits', 'waits']);

    await fixture.setShown([{ ...hello, why: 'taken-back' }]);
    let fresh = await makeOld();
    await run([{ owner: 'acme', project: 'tools', chroot: fixtureChroot }]);
    const touched = ['build/2', 'build/4', 'index.html', 'package/figlet', 'package/hello'];
    expect((await fresh()).filter((path) => !path.includes(fixtureChroot))).toEqual([
      ...touched.map((path) => (path.endsWith('html') ? `acme/tools/${path}` : `acme/tools/${path}/index.html`)),
      ...['index.html', 'queue/index.html', 'status/index.html'],
    ]);
    expect(await read(page)).toContain('taken back: 2.12-2.sap12 was built, users get 2.12-1.sap12');
    expect(await read(figlet)).toContain('sudo dnf install figlet');
    expect([await toldOf(2), await toldOf(4)]).toEqual(['taken-back', undefined]);

    // The file is gone while nobody told of it; one that is broken is told, and says nothing.
    await fixture.setShown(null);
    fresh = await makeOld();
    await run();
    expect(await fresh()).toContain('acme/tools/package/hello/index.html');
    expect(await read(page)).toContain('<span class="version">2.12-2.sap12</span>');
    await fixture.write(`results/acme/tools/${fixtureChroot}/shown.json`, '{}');
    expect((await run()).problems).toEqual([expect.stringContaining('shown.json is left out of the site')]);
    expect((await run()).problems).toEqual([]);
  });

  test('writes home, queue, project, packages, builds and logs, with no dead link', async () => {
    await smallSite();
    await run();
    const project = await read('acme/tools/index.html');
    expect(project).toContain('sudo dnf copr enable --hub http://127.0.0.1:8080 acme/tools sapling-12-x86_64');
    expect(await read('acme/tools/package/libgreet/index.html')).toContain('/acme/tools/build/2/');
    expect(await read('acme/tools/build/2/index.html')).toContain('libgreet failed in %check on sapling-12-x86_64');
    expect(await read(`acme/tools/build/2/${fixtureChroot}/index.html`)).toContain('id="L14"');
    expect(await read('acme/tools/build/4/index.html')).toContain('is waiting to be built');
    expect(await read('queue/index.html')).toContain('1 running, 1 waiting');
    expect(await read('docs/index.html')).toContain('<h1');
    expect(await there('404.html')).toBe(true);
    expect(await deadLinks(folder)).toEqual([]);
  });

  test('lists every build in builds.json by its schema, newest first', async () => {
    await smallSite();
    await run();
    const { builds } = buildsJsonSchema.parse(JSON.parse(await read('api/v1/builds.json')));
    expect(builds.map(({ id, state }) => [id, state])).toEqual([
      [4, 'pending'],
      [3, 'running'],
      [2, 'failed'],
      [1, 'succeeded'],
    ]);
    expect(builds[2]).toMatchObject({ reason: 'check', url: `${url}/acme/tools/build/2/` });
  });

  test('writes only the pages that a change touches', async () => {
    await smallSite();
    await run();
    let fresh = await makeOld();
    await run([change(1)]);
    const ofBuild = ['index', `${fixtureChroot}/index`, 'srpm/index'].map((name) => `acme/tools/build/1/${name}.html`);
    // The queue is never the same for long.
    expect(await fresh()).toEqual([...ofBuild, 'queue/index.html']);
    fresh = await makeOld();
    await fixture.addResult(fixtureResult({ id: 1, attempts: 2 }));
    await run([change(1)]);
    expect(await fresh()).toEqual(
      [
        'acme/tools/build/1/index.html',
        `acme/tools/build/1/${fixtureChroot}/index.html`,
        'acme/tools/build/1/srpm/index.html',
        'acme/index.html',
        'acme/tools/builds/index.html',
        'acme/tools/index.html',
        'acme/tools/package/hello/index.html',
        'chroots/index.html',
        `chroots/${fixtureChroot}/index.html`,
        'index.html',
        'queue/index.html',
        'statistics/index.html',
        'status/index.html',
      ].sort(),
    );
  });

  test('turns a running build into a finished one when its result appears', async () => {
    await smallSite();
    await run();
    await fixture.addResult(fixtureResult({ id: 3 }));
    await fixture.setQueue([fixtureQueued({ id: 4, package: 'figlet' })]);
    await run([change(3)]);
    expect(await read('acme/tools/build/3/index.html')).toContain('was built for Sapling 12');
    expect(await read('queue/index.html')).toContain('0 running, 1 waiting');
  });

  test('leaves feeds and badges alone as long as they say the same', async () => {
    await smallSite();
    await run();
    const old = new Date('2020-01-01T00:00:00Z');
    const files = ['feeds/builds.atom', 'feeds/projects/acme/tools.atom', 'badges/acme/tools/libgreet.svg'];
    for (const file of files) await utimes(join(folder, file), old, old);
    const areNew = () =>
      Promise.all(files.map(async (file) => (await stat(join(folder, file))).mtimeMs !== old.getTime()));
    await fixture.setQueue([fixtureQueued({ id: 3 })]);
    await fixture.addResult(
      fixtureResult({ id: 2, package: 'libgreet', state: 'failed', reason: 'prep', artifacts: [] }),
    );
    await run([change(3), change(2, 'libgreet')]);
    expect(await areNew()).toEqual([true, true, false]);
    for (const file of files) await utimes(join(folder, file), old, old);
    await fixture.setQueue([fixtureQueued({ id: 3, requestedBy: 'builder' })]);
    await run([change(3)]);
    expect(await areNew()).toEqual([false, false, false]);
  });

  test('removes the pages of a build and of a project that are gone', async () => {
    await smallSite();
    await run();
    await fixture.setQueue([]);
    // Of two builds: the page of each, three logs of its chroot, and that of its source package.
    expect((await run([])).removed).toBe(10);
    expect(await there('acme/tools/build/4')).toBe(false);
    await rm(join(folder, 'results'), { recursive: true });
    await fixture.setProjects({ ...fixtureProjects(), projects: [] });
    await run();
    expect(await there('acme')).toBe(false);
    expect(await deadLinks(folder)).toEqual([]);
  });

  test('keeps the pages of a project that left the config repo as long as it has results', async () => {
    await smallSite();
    await fixture.setProjects({ ...fixtureProjects(), projects: [] });
    await run();
    expect(await read('acme/tools/index.html')).toContain('has left the config repository');
  });

  test('says of a sandbox which pull request it is of, not that its project is gone', async () => {
    await smallSite();
    const tried = fixtureResult({ id: 9, project: 'tools:pr:7' });
    await fixture.write(`results/acme/tools:pr:7/${fixtureChroot}/00000009-hello/result.json`, JSON.stringify(tried));
    await run();
    const page = await read('acme/tools:pr:7/index.html');
    const link = '<a href="http://127.0.0.1:4100/acme/packages/pull/7" rel="nofollow noopener">pull request 7</a>';
    expect(page).toContain(`the builds of ${link} to <code>acme/tools</code>`);
    expect(page).toContain('They are deleted some days after it is closed');
    expect(page).not.toContain('has left the config repository');
    expect(page).not.toContain('Maintainers');
  });

  test('says of a sandbox how long it stays, and once its pull request is closed when it goes', async () => {
    await smallSite();
    const tried = fixtureResult({ id: 9, project: 'tools:pr:7' });
    await fixture.write(`results/acme/tools:pr:7/${fixtureChroot}/00000009-hello/result.json`, JSON.stringify(tried));
    const said = async (closed: unknown[], keptSeconds = 14 * 86_400) => {
      await fixture.write(published.sandboxesJson, JSON.stringify({ keptSeconds, closed }));
      await run();
      return (await read('acme/tools:pr:7/index.html')).match(/They are deleted [^;]*/)?.[0];
    };
    expect(await said([])).toBe('They are deleted 14 days after it is closed');
    expect(await said([], 1.5 * 86_400)).toBe('They are deleted 1 day and 12 hours after it is closed');
    expect(await said([], 86_400)).toBe('They are deleted 1 day after it is closed');
    const other = { pull: 77, deleteAt: '2026-01-01T00:00:00Z' };
    expect(await said([other, { pull: 7, deleteAt: '2026-11-22T17:04:07.000Z' }])).toBe(
      'They are deleted after 22 Nov 2026, 17:04 UTC, for it was closed',
    );
  });

  test('leaves broken and lying results out, says so once, and goes on', async () => {
    await smallSite();
    const base = `results/acme/tools/${fixtureChroot}`;
    await fixture.write(`${base}/00000008-hello/result.json`, '{"schemaVersion": 1');
    await fixture.write(
      `${base}/00000009-hello/result.json`,
      JSON.stringify({ ...fixtureResult({ id: 9 }), state: 'great' }),
    );
    const liar = { ...fixtureResult({ id: 10 }), package: '../../../../etc' };
    await fixture.write(`${base}/00000010-hello/result.json`, JSON.stringify(liar));
    const { problems } = await run();
    expect(problems).toHaveLength(3);
    expect(problems.join('\n')).toMatch(/00000008[^\n]*not JSON/);
    expect(problems.join('\n')).toMatch(/00000009[^\n]*state/);
    expect(problems.join('\n')).toMatch(/00000010[^\n]*another build/);
    expect((await run()).problems).toEqual([]);
    expect(await there('acme/tools/build/2/index.html')).toBe(true);
    expect(await there('acme/tools/build/9')).toBe(false);
  });

  test('shows the line that says why a build failed, open, in the midst of a log that is shown in parts', async () => {
    const lines = Array.from({ length: 90_000 }, (_, index) => `line ${index + 1}`);
    lines[44_999] = 'hello.c:7:2: error: this is why';
    const log = `Executing(%build): x\n${lines.slice(1).join('\n')}\n`;
    const where = { log: 'build.log', line: 45_000 } as const;
    await fixture.addResult(fixtureResult({ id: 1, state: 'failed', reason: 'compile', where }), { 'build.log': log });
    await run();
    const page = await read(`acme/tools/build/1/${fixtureChroot}/index.html`);
    const fold = page.split('<details').find((part) => part.includes('id="L45000"')) ?? '';
    expect(fold).toContain('this is why');
    expect(fold).toContain('id="L44950"');
    expect(fold).toContain('id="L45050"');
    expect(fold).toMatch(/^[^>]* open>/);
    expect(await read('acme/tools/build/1/index.html')).toContain(`/acme/tools/build/1/${fixtureChroot}/#L45000`);
  });

  test('says on the queue page which pool makes no builders, and no longer when it does again', async () => {
    await fixture.setQueue([], [{ name: 'a<b>', since: at(10), failures: 3, retryAt: at(700) }]);
    await run();
    expect(await read('queue/index.html')).toContain('No builders can be made in the pool <strong>a&lt;b&gt;</strong>');
    await fixture.setQueue([]);
    await run([]);
    expect(await read('queue/index.html')).not.toContain('No builders can be made');
  });

  test('survives a queue snapshot that cannot be read', async () => {
    await smallSite();
    await fixture.write('api/v1/queue.json', 'null');
    const { problems } = await run();
    expect(problems).toHaveLength(1);
    expect(await read('queue/index.html')).toContain('No build is running');
  });

  test('reads nothing again at a start, and finds what has changed since', async () => {
    await smallSite();
    await run();
    closeSite(folder);
    let fresh = await makeOld();
    // A file that cannot be read, without a trace in the list of its folder, is not looked at.
    const result = `results/acme/tools/${fixtureChroot}/00000001-hello/result.json`;
    const text = await read(result);
    await writeFile(join(folder, result), 'x'.repeat(text.length));
    const { mtimeMs } = await stat(join(folder, `results/acme/tools/${fixtureChroot}`));
    await utimes(join(folder, `results/acme/tools/${fixtureChroot}`), mtimeMs / 1000, mtimeMs / 1000);
    closeSite(folder);
    expect((await fresh()).filter((page) => page.includes('build/1/'))).toEqual([]);
    await writeFile(join(folder, result), text);
    await fixture.addResult(fixtureResult({ id: 7 }));
    fresh = await makeOld();
    await run([]);
    expect(await fresh()).toContain('acme/tools/build/7/index.html');
    expect(await fresh()).not.toContain('acme/tools/build/2/index.html');
  });

  test('reads what the config states only when it is another, also after a start', async () => {
    await smallSite();
    const path = join(folder, published.projectsJson);
    const old = new Date('2026-11-20T12:00:00Z');
    await utimes(path, old, old);
    await run();
    await writeFile(path, ' '.repeat((await stat(path)).size));
    await utimes(path, old, old);
    closeSite(folder);
    expect((await run()).problems).toEqual([]);
    expect(await read('acme/tools/index.html')).toContain('Small tools that greet people');

    await fixture.setProjects(fixtureProjects({ description: 'Tools of another kind' }));
    await run([]);
    expect(await read('acme/tools/index.html')).toContain('Tools of another kind');
  });

  test('ends early when it is stopped, and the next start writes what it has not written', async () => {
    await fixture.setProjects(fixtureProjects());
    for (let id = 1; id <= 60; id += 1) await fixture.addResult(fixtureResult({ id }));
    const running = run();
    stopSite(folder);
    expect((await running).incomplete).toBe(true);
    expect(await there('index.html')).toBe(false);
    closeSite(folder);
    expect((await run()).incomplete).toBe(false);
    for (let id = 1; id <= 60; id += 1) expect(await there(`acme/tools/build/${id}/index.html`)).toBe(true);
    expect(await there('index.html')).toBe(true);
  });

  test('gives the same bytes from what was published alone', async () => {
    await smallSite();
    await run();
    await fixture.addResult(fixtureResult({ id: 3 }));
    await run([change(3)]);
    await fixture.addResult(fixtureResult({ id: 2, package: 'libgreet' }));
    await fixture.setQueue([]);
    await rm(join(folder, `results/acme/tools/${fixtureChroot}/00000001-hello`), { recursive: true });
    await run();
    const all = async () => {
      const names = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((each) => each.isFile());
      const paths = names.map((each) => join(each.parentPath, each.name)).filter((path) => !path.includes('/results/'));
      return new Map(
        await Promise.all(paths.sort().map(async (path) => [path, await readFile(path, 'utf8')] as const)),
      );
    };
    const before = await all();
    closeSite(folder);
    for (const name of await readdir(folder))
      if (!['results', 'api', 'coprs'].includes(name)) await rm(join(folder, name), { recursive: true });
    await rm(`${folder}.sqlite`);
    await run();
    expect(await all()).toEqual(before);
  });

  test('makes its history anew when the file is damaged', async () => {
    await smallSite();
    await run();
    closeSite(folder);
    await writeFile(`${folder}.sqlite`, 'damaged'.repeat(1000));
    expect(await run()).toMatchObject({ incomplete: false });
    expect(await read('acme/tools/build/2/index.html')).toContain('libgreet failed in %check');
  });

  test('merges calls that come while one runs, and all of them are done in the end', async () => {
    await smallSite();
    await run();
    await fixture.addResult(fixtureResult({ id: 3 }));
    await fixture.addResult(fixtureResult({ id: 4, package: 'figlet' }));
    await fixture.setQueue([]);
    const answers = await Promise.all([run([change(1)]), run([change(3)]), run([change(4, 'figlet')])]);
    expect(new Set(answers).size).toBeLessThan(3);
    expect(await read('acme/tools/build/3/index.html')).toContain('was built');
    expect(await read('acme/tools/build/4/index.html')).toContain('was built');
  });

  test('leaves no temporary file behind and touches nothing of the results', async () => {
    await smallSite();
    const result = `results/acme/tools/${fixtureChroot}/00000001-hello/result.json`;
    const before = await read(result);
    await run();
    expect((await readdir(folder, { recursive: true })).filter((file) => file.endsWith('.tmp'))).toEqual([]);
    expect(await read(result)).toBe(before);
  });

  test('writes all pages but the one that cannot be written, and makes up for it at the next call', async () => {
    await smallSite();
    await run();
    await fixture.addResult(fixtureResult({ id: 3 }));
    await fixture.setQueue([]);
    // A file where a folder must be: writing the page of build 3 fails.
    await rm(join(folder, 'acme/tools/build/3'), { recursive: true });
    await fixture.write('acme/tools/build/3', 'in the way');
    await fixture.addResult(fixtureResult({ id: 5 }));
    const written = await run([change(3), change(5)]);
    expect(written.incomplete).toBe(true);
    expect(written.problems).toEqual([
      expect.stringMatching(/^acme\/tools\/build\/3\/ could not be written, and is tried/),
    ]);
    expect(await read('acme/tools/build/5/index.html')).toContain('was built');
    expect(await read('acme/tools/index.html')).toContain('build/5/');
    await unlink(join(folder, 'acme/tools/build/3'));
    expect(await run([])).toMatchObject({ incomplete: false, problems: [] });
    expect(await read('acme/tools/build/3/index.html')).toContain('was built');
  });
});

describe('what has changed since the last good build', () => {
  const page = '/index.html';
  const failed: Partial<Result> = { state: 'failed', reason: 'compile', message: 'gcc crashed', artifacts: [] };
  const list = (...packages: readonly string[]) => packages.map((one) => `${one} 1 1 installed\n`).join('');
  const textOf = async (id: number) => {
    const html = await read(`acme/tools/build/${id}${page}`);
    return /<div class="since[\s\S]*?<\/div>/
      .exec(html)?.[0]
      .replace(/<[^>]*>/g, '')
      .replace(/\s+/g, ' ');
  };
  const add = (id: number, changes: Partial<Result>, packages: string) =>
    fixture.addResult(fixtureResult({ id, ...changes }), { 'build.log': redLog, 'installed_pkgs.log': packages });

  test('is told of a build that failed, of one that is good, and again when that one is gone', async () => {
    await add(1, {}, list('gcc-14.0-1.x86_64', 'make-4.4-1.x86_64'));
    await add(2, {}, list('gcc-14.1-1.x86_64', 'make-4.4-1.x86_64'));
    await add(3, failed, list('gcc-14.2-1.x86_64', 'libgcc-14.2-1.x86_64'));
    await run();
    expect(await textOf(1)).toBeUndefined();
    expect(await textOf(2)).toContain('Since #1: the same source; buildroot: gcc 14.0-1 → 14.1-1');
    expect(await textOf(3)).toContain('Since #2, which was good: the same source; buildroot: gcc 14.1-1 → 14.2-1');
    expect(await textOf(3)).toContain('and 1 more');
    await rm(join(folder, `results/acme/tools/${fixtureChroot}/00000002-hello`), { recursive: true });
    await run([change(2)]);
    expect(await textOf(3)).toContain('Since #1, which was good: the same source; buildroot: gcc 14.0-1 → 14.2-1');
    const told = await read(`acme/tools/build/3${page}`);
    closeSite(folder);
    await rm(`${folder}.sqlite`);
    await run();
    expect(await read(`acme/tools/build/3${page}`)).toBe(told);
  });

  test('is the source alone where a list is missing, empty, too large or no regular file', async () => {
    const place = (id: number) => `results/acme/tools/${fixtureChroot}/0000000${id}-hello`;
    await add(1, {}, list('gcc-14.1-1.x86_64'));
    await add(2, failed, '');
    await add(3, failed, 'nothing of the kind');
    await add(4, failed, list(...Array.from({ length: 80_000 }, (_, index) => `gcc-${index}-1.x86_64`)));
    await add(5, failed, list('gcc-14.2-1.x86_64'));
    await unlink(join(folder, place(5), 'installed_pkgs.log'));
    await symlink(join(folder, place(1), 'installed_pkgs.log'), join(folder, place(5), 'installed_pkgs.log'));
    await add(6, failed, list('gcc-14.2-1.x86_64'));
    await run();
    for (const id of [2, 3, 4, 5]) expect(await textOf(id)).toBe('Since #1, which was good: the same source');
    expect(await textOf(6)).toContain('gcc 14.1-1 → 14.2-1');
  });

  test('is a line and fifty rows however much it is, and inert', async () => {
    const commits = [{ commit: 'f'.repeat(40), subject: '<script>alert(1)</script>' }];
    const source = { type: 'git' as const, url: 'javascript:alert(1)', ref: '"><script>', commit: 'e'.repeat(40) };
    await add(1, {}, list(...Array.from({ length: 3000 }, (_, index) => `p${index}-1-1.noarch`)));
    await fixture.addResult(fixtureResult({ id: 2, chroot: 'srpm', artifacts: [], source, commits }));
    await add(
      2,
      { ...failed, source },
      list(...Array.from({ length: 3000 }, (_, index) => `p${index}-2-${index}.noarch`)),
    );
    await run();
    const html = await read(`acme/tools/build/2${page}`);
    expect(html).toContain('and 2950 more packages of the buildroot');
    expect(html.length).toBeLessThan(40_000);
    expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(html).not.toMatch(/<script>|href="javascript/);
  });
});

test('a failed build opens the log that says why, at the line that does', async () => {
  const where = { log: 'root.log', line: 2 } as const;
  const excerpt = ["No matching package to install: 'x'"];
  const failed = { state: 'failed', reason: 'source', message: 'The build needs x.', excerpt, where } as const;
  await fixture.addResult(fixtureResult({ id: 5, ...failed }), {
    'build.log': 'Wrote: x.src.rpm\n',
    'root.log': `Executing command\n${excerpt[0]}\nError: Some packages could not be found.\n`,
  });
  await run();
  const page = await read('acme/tools/build/5/index.html');
  expect(page).toContain(`href="/acme/tools/build/5/${fixtureChroot}/#L2">Read the log at line 2`);
  const log = await read(`acme/tools/build/5/${fixtureChroot}/index.html`);
  expect(log).toMatch(/id="L2"><a href="#L2">2<\/a>No matching package/);
  expect(log).toContain('href="#L2">To the first error');
});

test('a build without a source package opens the log of its making, at the line that says why', async () => {
  const where = { log: 'srpm.log', line: 2 } as const;
  const failed = { state: 'failed', reason: 'source', message: 'No spec.', where } as const;
  const srpmLog = 'fetched a\nerror: no spec\nNo spec.\n';
  await fixture.addResult(fixtureResult({ id: 6, ...failed, artifacts: [] }), {});
  await fixture.addResult(fixtureResult({ id: 6, ...failed, artifacts: [], chroot: 'srpm' }), { 'srpm.log': srpmLog });
  await run();
  const page = await read('acme/tools/build/6/index.html');
  expect(page.match(/href="\/acme\/tools\/build\/6\/srpm\/#L2">Read the log at line 2/g)).toHaveLength(2);
  expect(await read('acme/tools/build/6/srpm/index.html')).toMatch(/id="L2"><a href="#L2">2<\/a>error: no spec/);
});

describe('hostile content', () => {
  const attack = '</pre></script><script>alert(1)</script><img src=x onerror=alert(1)>"\'';

  test('is inert on every page', async () => {
    const projects = fixtureProjects({ description: attack, instructions: attack, maintainers: [attack] });
    await fixture.setProjects(projects);
    const artifacts = [{ file: `${attack}.rpm`.replaceAll('/', '-'), nevra: attack, bytes: 1, sha256: '0'.repeat(64) }];
    const words: Partial<Result> = {
      message: attack,
      excerpt: [attack],
      requestedBy: attack,
      builder: attack,
      artifacts,
    };
    const source = { type: 'git', url: 'javascript:alert(1)', ref: attack, commit: attack } as const;
    const engine = { name: attack, version: attack };
    const red = { state: 'failed', reason: 'compile', request: 'javascript:alert(1)', source, engine } as const;
    const hostile = fixtureHeader({
      ...{ nevra: attack, name: attack, summary: attack, license: attack, url: 'javascript:alert(1)', group: attack },
      description: attack,
      requires: [{ name: attack, is: '>=', version: attack }],
      files: [{ path: `/${attack}`, bytes: 1, mode: '100644', target: attack }],
      changelog: [{ at: at(1), author: attack, text: attack }],
    });
    await fixture.addDescribed(fixtureResult({ id: 4 }), [hostile]);
    await fixture.addResult(fixtureResult({ id: 5, ...words, ...red }), {
      'build.log': `${attack}\nerror: ${attack}\n`,
    });
    const queued = fixtureQueued({ id: 6, requestedBy: attack, request: 'javascript:alert(1)', source });
    await fixture.setQueue([{ ...queued, chroots: [fixtureQueuedChroot({ skipBecause: attack, builder: attack })] }]);
    await run();
    const pages = (await readdir(folder, { recursive: true })).filter(
      (file) => file.endsWith('.html') && !file.startsWith('docs/'),
    );
    expect(pages.length).toBeGreaterThan(6);
    for (const page of pages) {
      const text = await read(page);
      const [data, ...others] = [...text.matchAll(/<script type="application\/ld\+json">(.*?)<\/script>/g)];
      expect(others).toEqual([]);
      // Data, in which no tag can begin or end.
      if (data !== undefined) expect(JSON.parse(data[1]?.match(/^[^<>]*$/)?.[0] ?? '')).toHaveProperty('@type');
      const rest = text.replace(data?.[0] ?? '', '');
      expect(rest.match(/<script[^>]*>/g), page).toEqual([`<script src="${script}" defer>`]);
      expect(
        text.replace(/<img src="\/badges\/[^"]*" alt="[^"]*" height="20" loading="lazy">/g, ''),
        page,
      ).not.toContain('<img');
      expect(text, page).not.toMatch(/href="javascript:/i);
    }
    expect(await read('acme/tools/package/hello/index.html')).toContain('Changelog');
    const log = await read(`acme/tools/build/5/${fixtureChroot}/index.html`);
    expect(log).toContain('&lt;/pre&gt;&lt;/script&gt;&lt;script&gt;alert(1)');
  });

  test('in names of projects or builds makes no page outside of the site', async () => {
    const entry = fixtureProjects().projects[0]!;
    const bad = [
      { ...entry, owner: '../up' },
      { ...entry, owner: 'results' },
      { ...entry, name: 'a/b' },
    ];
    await fixture.write('api/v1/projects.json', JSON.stringify({ ...fixtureProjects(), projects: bad }));
    await fixture.write(
      'api/v1/queue.json',
      JSON.stringify({ generatedAt: now.toISOString(), builds: [fixtureQueued({ package: '../../x' })] }),
    );
    await run();
    expect((await readdir(folder)).sort()).toEqual([
      '404.html',
      'api',
      'api_3',
      'assets',
      'builders',
      'chroots',
      'docs',
      'favicon.ico',
      'feeds',
      'index.html',
      'opensearch.xml',
      'packages',
      'projects',
      'queue',
      'robots.txt',
      'search',
      'sitemap.xml',
      'statistics',
      'status',
    ]);
  });
});

test('a log too large for a page shows its beginning and its end and links to the whole', async () => {
  const lines = Array.from({ length: 40_000 }, (_, index) => `line ${index + 1} of the log`);
  await fixture.addResult(fixtureResult({ id: 1 }), { 'build.log': `${lines.join('\n')}\n` });
  await run();
  const page = await read(`acme/tools/build/1/${fixtureChroot}/index.html`);
  expect(page).toContain('line 1 of the log');
  expect(page).toContain('<a href="#L40000">40000</a>line 40000 of the log');
  expect(page).not.toContain('line 20000 of the log');
  expect(page).toContain('of 40000 lines are left out');
  expect(page.length).toBeLessThan(2_500_000);
});
