import { describe, expect, test } from 'vitest';
import {
  fixtureProjects,
  fixtureQueued,
  fixtureQueuedChroot,
  fixtureResult,
  fixtureSite,
} from '../../testing/fixture.ts';
import { packageNames } from './site-model.ts';

describe('joinSite', () => {
  test('joins the chroots of one build, with its source package apart', () => {
    const site = fixtureSite({
      results: [
        fixtureResult({ id: 7 }),
        fixtureResult({ id: 7, chroot: 'fedora-42-x86_64', state: 'failed', reason: 'compile' }),
        fixtureResult({ id: 7, chroot: 'srpm' }),
      ],
    });
    expect(site.builds).toHaveLength(1);
    expect(site.builds[0]).toMatchObject({ id: 7, state: 'failed', reason: 'compile', srpm: { chroot: 'srpm' } });
    expect(site.builds[0]?.chroots.map((run) => run.chroot)).toEqual(['fedora-42-x86_64', 'sapling-12-x86_64']);
  });

  test('believes a result more than the queue, which may be one step behind', () => {
    const queued = fixtureQueued({ id: 7, chroots: [fixtureQueuedChroot({ state: 'running', phase: 'publish' })] });
    const site = fixtureSite({ results: [fixtureResult({ id: 7 })], queue: [queued] });
    expect(site.builds.map((build) => build.state)).toEqual(['succeeded']);
  });

  test('shows a build that is only in the queue', () => {
    const site = fixtureSite({ queue: [fixtureQueued({ id: 9, after: [8] })] });
    expect(site.builds[0]).toMatchObject({ id: 9, state: 'pending', after: [8], endedAt: null });
  });

  test('orders builds from the newest to the oldest and keeps projects that left the config repo', () => {
    const site = fixtureSite({
      results: [fixtureResult({ id: 2, project: 'gone' }), fixtureResult({ id: 11 })],
      projects: fixtureProjects(),
    });
    expect(site.builds.map((build) => build.id)).toEqual([11, 2]);
    expect([...site.projects].map(([key, project]) => [key, project.entry !== null])).toEqual([
      ['acme/gone', false],
      ['acme/tools', true],
    ]);
  });

  test('names packages that are stated and packages that were built once', () => {
    const site = fixtureSite({ results: [fixtureResult({ package: 'old' })], projects: fixtureProjects() });
    expect(packageNames(site.projects.get('acme/tools')!)).toEqual(['figlet', 'hello', 'libgreet', 'old']);
  });
});
