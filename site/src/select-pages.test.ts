import { describe, expect, test } from 'vitest';
import { fixtureProjects, fixtureQueued, fixtureQueuedChroot, fixtureResult, fixtureSite } from '../testing/fixture.ts';
import { pagesOf, selectChanged } from './select-pages.ts';

const results = [fixtureResult({ id: 1, package: 'libgreet' }), fixtureResult({ id: 2 })];
const before = fixtureSite({ results, queue: [fixtureQueued({ id: 3 })], projects: fixtureProjects() });

describe('selectChanged', () => {
  test('touches the reported build, its package and its project, nothing else', () => {
    const { builds, packages, projects } = selectChanged(before, before, [
      { owner: 'acme', project: 'tools', package: 'hello', id: 2 },
    ]);
    expect(builds.map((build) => build.id)).toEqual([2]);
    expect([...packages]).toEqual(['acme/tools/hello']);
    expect([...projects]).toEqual(['acme/tools']);
  });

  test('finds by itself a build that moved on in the queue', () => {
    const chroots = [fixtureQueuedChroot({ state: 'running', phase: 'build' })];
    const after = fixtureSite({ results, queue: [fixtureQueued({ id: 3, chroots })], projects: fixtureProjects() });
    expect(selectChanged(before, after, []).builds.map((build) => build.id)).toEqual([3]);
  });

  test('touches a project and its packages when the config repo changed it', () => {
    const projects = fixtureProjects({ description: 'Other words' });
    const after = fixtureSite({ results, queue: [fixtureQueued({ id: 3 })], projects });
    const selection = selectChanged(before, after, []);
    expect(selection.builds).toEqual([]);
    expect([...selection.packages]).toEqual(['acme/tools/figlet', 'acme/tools/hello', 'acme/tools/libgreet']);
  });

  test('touches the package of a build that is gone', () => {
    const after = fixtureSite({
      results: results.slice(1),
      queue: [fixtureQueued({ id: 3 })],
      projects: fixtureProjects(),
    });
    expect([...selectChanged(before, after, []).packages]).toEqual(['acme/tools/libgreet']);
  });
});

test('a log has a page as soon as there is one', () => {
  expect(pagesOf(before)).toContain('acme/tools/build/2/sapling-12-x86_64/');
  expect(pagesOf(before)).not.toContain('acme/tools/build/3/sapling-12-x86_64/');
});
