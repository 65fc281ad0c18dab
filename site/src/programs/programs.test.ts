// What programs read of a site: by the schemas that it publishes, and by a real parser of feeds.
import { readFileSync } from 'node:fs';
import {
  checkProgramFile,
  programFiles,
  programIndex,
  programKindOf,
  programKinds,
  programSchemas,
  type Result,
} from '@coppice/config';
import { parseFeed } from '@rowanmanning/feed-parser';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import sax from 'sax';
import { describe, expect, test } from 'vitest';
import { filesOf } from '../../testing/files-of.ts';
import { at, fixtureProjects, fixtureQueued, fixtureResult, fixtureSite } from '../../testing/fixture.ts';
import { atomFeed } from './feeds.ts';

const url = 'https://rpm.example.org';
const hostile = `"><script>]]>alert('1')</script>&\u0000\u001b[31m\ud800\u202e\ufffe`;

function siteOf(changes: Partial<Result> = {}, more: readonly Result[] = []) {
  return fixtureSite({
    projects: fixtureProjects({ description: hostile }),
    queue: [fixtureQueued({ id: 250, package: 'figlet' })],
    results: [
      fixtureResult({ id: 1 }),
      fixtureResult({ id: 2, package: 'libgreet', state: 'failed', reason: 'check', message: hostile, artifacts: [] }),
      fixtureResult({ id: 120, requestedBy: hostile, request: hostile, ...changes }),
      fixtureResult({ id: 121, owner: 'umbrella', project: 'rain', package: 'c++' }),
      fixtureResult({ id: 122, project: 'tools:pr:7' }),
      ...more,
    ],
  });
}
const made = siteOf();
const files = filesOf(made.history, url);
const json = (path: string) => JSON.parse(files.get(path) ?? 'null');

describe('JSON', () => {
  const ajv = new Ajv2020({ allErrors: true });
  formats.default(ajv as unknown as Parameters<typeof formats.default>[0]);
  const published = [...files].filter(([path]) => path.startsWith('api/v1/schema/'));
  for (const [, text] of published) ajv.addSchema(JSON.parse(text));

  test('every file is of a kind that the index names, and as its published schema and its stricter form say', () => {
    const others = [...files.keys()].filter((path) => /^(api\/v1|events)\//.test(path) && !/\/schema\//.test(path));
    const kinds = new Set<string>();
    for (const path of others) {
      const kind = programKindOf(path);
      expect([path, kind]).not.toEqual([path, undefined]);
      const validate = ajv.getSchema(`${url}/${programFiles.schema(kind ?? '')}`);
      expect([path, validate?.(json(path)), validate?.errors]).toEqual([path, true, null]);
      checkProgramFile(kind!, json(path));
      kinds.add(kind ?? '');
    }
    expect([...kinds].sort()).toEqual([
      'builds',
      'error',
      'index',
      'live',
      'owner',
      'package',
      'project',
      'project-builds',
    ]);
  });

  test.each([
    ['result', fixtureResult()],
    ['projects', fixtureProjects()],
    ['queue', { generatedAt: at(1), builds: [fixtureQueued()], brokenPools: [] }],
  ])('what the service writes is as the schema %s says', (name, value) => {
    const validate = ajv.getSchema(`${url}/${programFiles.schema(name)}`);
    expect([validate?.(value), validate?.errors]).toEqual([true, null]);
  });

  test('the examples of the reference page are as the schemas say', () => {
    const page = readFileSync(new URL('../../content/docs/reference/api.md', import.meta.url), 'utf8');
    const examples = [...page.matchAll(/^```json\n([\s\S]+?)^```$/gm)].map(([, text = '']) => JSON.parse(text));
    const kinds = ['index', 'builds', 'project'] as const;
    expect(examples.length).toBe(kinds.length);
    for (const [index, kind] of kinds.entries()) checkProgramFile(kind, examples[index]);
  });

  test('a schema refuses what lacks a key, and takes one that came later', () => {
    const validate = ajv.getSchema(`${url}/${programFiles.schema('project')}`);
    const project = json('api/v1/projects/acme/tools.json');
    expect(validate?.({ ...project, later: 1 })).toBe(true);
    expect(validate?.({ ...project, packages: undefined })).toBe(false);
    expect(validate?.({ ...project, buildCount: 'many' })).toBe(false);
  });

  test('the index names every schema, and each is published', () => {
    const named = programKinds.flatMap(({ schema }) => schema ?? []);
    expect(new Set(named)).toEqual(new Set(Object.keys(programSchemas())));
    expect(published.map(([path]) => path).sort()).toEqual([...new Set(named)].map(programFiles.schema).sort());
    expect(json(programFiles.index)).toEqual(programIndex());
  });

  test('a project says what can be installed of it, and where to read on', () => {
    const { packages, builds, buildCount, repositories } = json('api/v1/projects/acme/tools.json');
    const hello = packages.find(({ name }: { name: string }) => name === 'hello');
    expect(hello.chroots).toEqual([
      {
        chroot: 'sapling-12-x86_64',
        newest: { build: 120, state: 'succeeded', reason: null },
        installable: { build: 120, version: '2.12-120.sap12', packages: ['hello', 'hello-debuginfo'] },
      },
    ]);
    expect(hello.file).toBe('/api/v1/projects/acme/tools/packages/hello.json');
    expect(repositories[0].repository).toBe('/results/acme/tools/sapling-12-x86_64/');
    expect([builds, buildCount]).toEqual(['/api/v1/projects/acme/tools/builds/2.json', 4]);
  });

  test('whoever follows `older` reads every build of a project once, newest first', () => {
    const read: number[] = [];
    for (let next = json('api/v1/projects/acme/tools.json').builds; next !== undefined; ) {
      const page = json(next.slice(1));
      read.push(...page.builds.map(({ id }: { id: number }) => id));
      next = page.older;
    }
    expect(read).toEqual([250, 120, 2, 1]);
  });

  test('the same goes for all builds, also where a hundred numbers have none', () => {
    const { history } = fixtureSite({ results: [1, 100, 420].map((id) => fixtureResult({ id })) });
    const all = filesOf(history, url);
    const read: number[] = [];
    for (let next = '/api/v1/builds/4.json'; next !== undefined; ) {
      const page = JSON.parse(all.get(next.slice(1)) ?? '');
      read.push(...page.builds.map(({ id }: { id: number }) => id));
      next = page.older;
    }
    expect(read).toEqual([420, 100, 1]);
  });

  test('an older file stays as it is when a build comes', () => {
    const { history } = siteOf();
    const before = filesOf(history, url);
    const after = filesOf(siteOf({}, [fixtureResult({ id: 260 })]).history, url);
    for (const path of ['builds/0.json', 'builds/1.json'])
      for (const folder of ['api/v1', 'api/v1/projects/acme/tools'])
        expect(after.get(`${folder}/${path}`)).toBe(before.get(`${folder}/${path}`));
  });
});

describe('feeds', () => {
  const feedOf = (path: string) => parseFeed(files.get(path) ?? '');

  test('say which builds have ended, the last one first, each with an id that stays', () => {
    const feed = feedOf(programFiles.feed);
    const ids = [122, 121, 120, 2, 1];
    expect(feed.items.map(({ id }) => id)).toEqual(ids.map((id) => `tag:rpm.example.org,2026:build/${id}`));
    const [, second] = feed.items;
    expect(second).toMatchObject({
      title: 'c++ 2.12-121.sap12 succeeded in umbrella/rain (#121)',
      url: 'https://rpm.example.org/umbrella/rain/build/121/',
    });
    expect(second?.updated?.toISOString()).toBe(at(121 * 100 + 43));
    expect(feed.updated?.toISOString()).toBe(at(122 * 100 + 43));
    expect(feed.self).toBe(`${url}/${programFiles.feed}`);
  });

  test('of failures, owners and projects have theirs alone', () => {
    const idsOf = (path: string) => feedOf(path).items.map(({ id }) => Number(id?.split('/').at(-1)));
    expect(idsOf(programFiles.failuresFeed)).toEqual([2]);
    expect(idsOf(programFiles.ownerFeed('umbrella'))).toEqual([121]);
    expect(idsOf(programFiles.projectFeed('acme', 'tools'))).toEqual([120, 2, 1]);
    expect(idsOf(programFiles.projectFeed('acme', 'tools:pr:7'))).toEqual([122]);
  });

  test('hold hostile texts as texts', () => {
    const [failure] = feedOf(programFiles.failuresFeed).items;
    expect(failure?.description).toContain(`"><script>]]>alert('1')</script>&\ufffd\ufffd[31m\ufffd`);
  });

  test('are the same as long as their entries are, and say no time when there is none', () => {
    const empty = filesOf(fixtureSite({ projects: fixtureProjects() }).history, url);
    const feed = empty.get(programFiles.projectFeed('acme', 'tools')) ?? '';
    expect(parseFeed(feed).items).toEqual([]);
    expect(feed).toContain('<updated>1970-01-01T00:00:00.000Z</updated>');
  });
});

test('every XML is well formed, whatever the names and messages are', () => {
  const xml = [...files].filter(([path]) => /\.(atom|xml|svg)$/.test(path));
  expect(xml.length).toBeGreaterThan(20);
  for (const [path, text] of xml) {
    const parser = sax.parser(true, { xmlns: true });
    parser.onerror = (error) => {
      throw new Error(`${path}: ${error.message}`);
    };
    parser.write(text).close();
    // biome-ignore lint/suspicious/noControlCharactersInRegex: characters that no XML may have
    expect([path, /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/.test(text), text.isWellFormed()]).toEqual([
      path,
      false,
      true,
    ]);
  }
});

describe('badges', () => {
  const saysOf = (path: string) => /<title>(.*?)<\/title>/.exec(files.get(path) ?? '')?.[1];

  test('say how packages and projects stand, and what can be installed', () => {
    expect(saysOf('badges/acme/tools/hello.svg')).toBe('hello: succeeded');
    expect(saysOf('badges/acme/tools/libgreet.svg')).toBe('libgreet: failed');
    expect(saysOf('badges/acme/tools/figlet.svg')).toBe('figlet: waiting');
    expect(saysOf('badges/acme/tools/hello/version.svg')).toBe('acme/tools: 2.12-120.sap12');
    expect(saysOf('badges/acme/tools/libgreet/version.svg')).toBe('acme/tools: nothing to install');
    expect(saysOf('badges/acme/tools.svg')).toBe('acme/tools: 1 of 3 failed');
    expect(saysOf('badges/umbrella/rain.svg')).toBe('umbrella/rain: nothing built');
  });
});

describe('crawlers', () => {
  const locations = (path: string) => [...(files.get(path) ?? '').matchAll(/<loc>(.*?)<\/loc>/g)].map(([, at]) => at);

  test('find projects, their lists of builds and packages, but no sandboxes and no single build', () => {
    expect(locations(programFiles.sitemap)).toEqual([
      `${url}/docs/sitemap.xml`,
      `${url}/acme/tools/sitemap.xml`,
      `${url}/umbrella/rain/sitemap.xml`,
    ]);
    expect(locations('umbrella/rain/sitemap.xml')).toEqual([
      `${url}/umbrella/rain/`,
      `${url}/umbrella/rain/builds/`,
      `${url}/umbrella/rain/package/c%2B%2B/`,
    ]);
  });

  test.each([
    ['/acme/tools/', true],
    ['/acme/tools/build/2/', true],
    ['/acme/tools/build/2/sapling-12-x86_64/', false],
    ['/results/acme/tools/sapling-12-x86_64/00000001-hello/build.log', false],
    ['/acme/tools:pr:2/', false],
    ['/acme/tools:pr:2/package/hello/', false],
    ['/docs/', true],
  ])('may read %s: %s', (path, allowed) => {
    const [ofAll = '', ofWget] = (files.get(programFiles.robots) ?? '').split('\n\n');
    // `copr-cli download-build` has wget fetch the folders of results, and wget obeys.
    expect(ofWget).toBe('User-agent: Wget\nDisallow:');
    const rules = [...ofAll.matchAll(/^Disallow: (.+)$/gm)].map(([, rule = '']) => rule);
    // RFC 9309: a rule is the beginning of a path, and `*` is anything.
    const matches = (rule: string) =>
      new RegExp(
        `^${rule
          .split('*')
          .map((part) => part.replace(/[.?+]/g, '\\$&'))
          .join('.*')}`,
      ).test(path);
    expect(!rules.some(matches)).toBe(allowed);
  });
});

test('the title in a feed tells a build that failed in some chroots from one that failed', () => {
  const red = fixtureResult({ id: 2, chroot: 'fedora-42-x86_64', state: 'failed', reason: 'check', artifacts: [] });
  const titleOf = (...results: readonly Result[]) =>
    /<entry>\s*<title[^>]*>(.*?)<\/title>/s.exec(atomFeed({ kind: 'all' }, fixtureSite({ results }).builds, url))?.[1];
  expect(titleOf(fixtureResult({ id: 2 }), red)).toContain('hello 2.12-2.sap12 failed on 1 of 2 in acme/tools (#2)');
  expect(titleOf(red)).toContain('hello failed in acme/tools (#2)');
});

test('what a build has printed is text to readers of feeds, whose titles and summaries are markup', () => {
  const message = 'x<b>y.c:3: error: </script><script>alert(1)</script><img src=x onerror="alert(2)"> ]]> &amp;';
  const results = [fixtureResult({ id: 2, state: 'failed', reason: 'compile', message, artifacts: [] })];
  const feed = atomFeed({ kind: 'failures' }, fixtureSite({ results }).builds, url);
  const [, summary = ''] = /<summary type="html"><!\[CDATA\[(.*)\]\]><\/summary>/s.exec(feed) ?? [];
  expect(summary).toContain('x&lt;b&gt;y.c:3: error: &lt;/script&gt;&lt;script&gt;alert(1)&lt;/script&gt;&lt;img');
  expect(summary).toContain('&amp;amp;');
  expect(summary).not.toMatch(/<(?!!\[CDATA\[)/);
});
