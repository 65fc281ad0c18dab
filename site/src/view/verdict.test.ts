import type { Result } from '@coppice/config';
import { describe, expect, test } from 'vitest';
import { at, fixtureQueued, fixtureQueuedChroot, fixtureResult, fixtureSite } from '../../testing/fixture.ts';
import { verdictOf, versionOf } from './verdict.ts';

const failed: Partial<Result> = { state: 'failed', reason: 'check', message: '1 of 3 tests failed', artifacts: [] };
const sentence = (...results: readonly Partial<Result>[]) =>
  verdictOf(fixtureSite({ results: results.map(fixtureResult) }).builds[0]!);

describe('verdictOf', () => {
  test('says what was built, for what and in which time', () => {
    expect(sentence({})).toBe('hello 2.12-1.sap12 was built for Sapling 12 in 40 seconds.');
  });

  test('says of what was tested by a pull request that it was taken over, which users may see later', () => {
    const tested = { project: 'tools:pr:7', id: 5, startedAt: at(0), endedAt: at(1) };
    expect(sentence({ promotedFrom: tested })).toBe(
      "hello 2.12-1.sap12 was taken over for Sapling 12 as it was tested in build 5 of acme/tools:pr:7, and signed with the project's key.",
    );
  });

  test('says where a build failed and why', () => {
    expect(sentence(failed)).toBe('hello failed in %check on sapling-12-x86_64: 1 of 3 tests failed.');
  });

  test('joins chroots that failed alike and tells apart those that did not', () => {
    const elsewhere = { chroot: 'fedora-42-x86_64' };
    expect(sentence(failed, { ...failed, ...elsewhere })).toBe(
      'hello failed in %check on fedora-42-x86_64 and sapling-12-x86_64: 1 of 3 tests failed.',
    );
    expect(sentence({ ...failed, ...elsewhere, reason: 'prep', message: 'patch 1 does not apply' }, failed)).toBe(
      'hello failed on both: in %prep on fedora-42-x86_64 (patch 1 does not apply); in %check on sapling-12-x86_64 (1 of 3 tests failed).',
    );
    expect(sentence({}, { ...failed, ...elsewhere })).toBe(
      'hello failed on 1 of 2: in %check on fedora-42-x86_64 (1 of 3 tests failed).',
    );
    const reason = 'timeout';
    expect(sentence({}, { ...failed, ...elsewhere, reason, message: null })).toBe(
      'hello failed on 1 of 2: ran out of time on fedora-42-x86_64.',
    );
  });

  test('never blames the package for the infrastructure', () => {
    const text = sentence({ ...failed, reason: 'infrastructure', message: 'no builder answered' });
    expect(text).toContain('the build service failed, not the package');
    expect(text).toContain('no builder answered');
  });

  test('says why a build was skipped or canceled', () => {
    const over = { artifacts: [], startedAt: null };
    expect(sentence({ ...over, state: 'skipped', message: 'build #1 of libgreet failed' })).toBe(
      'hello was skipped: build #1 of libgreet failed.',
    );
    expect(sentence({ ...over, state: 'canceled', message: 'Canceled by maintainer!' })).toBe(
      'hello was canceled: Canceled by maintainer!',
    );
  });

  test('speaks of builds that wait and builds that run', () => {
    const waiting = fixtureSite({ queue: [fixtureQueued({ id: 9, after: [7, 8] })] }).builds[0]!;
    expect(verdictOf(waiting)).toBe('hello is waiting to be built for Sapling 12, after builds #7 and #8.');
    const chroots = [fixtureQueuedChroot({ state: 'running', phase: 'build', startedAt: at(5) })];
    const running = fixtureSite({ queue: [fixtureQueued({ id: 9, chroots })] }).builds[0]!;
    expect(verdictOf(running)).toBe('hello is being built for Sapling 12.');
  });

  test('counts chroots that are too many to be named', () => {
    const names = Array.from({ length: 20 }, (_, index) => `fedora-${index + 22}-x86_64`);
    const waiting = fixtureQueued({ chroots: names.map((chroot) => fixtureQueuedChroot({ chroot })) });
    expect(verdictOf(fixtureSite({ queue: [waiting] }).builds[0]!)).toBe(
      'hello is waiting to be built for 20 chroots.',
    );
    const results = names.map((chroot) =>
      fixtureResult({ chroot, state: 'failed', reason: 'check', message: null, artifacts: [] }),
    );
    expect(verdictOf(fixtureSite({ results }).builds[0]!)).toBe('hello failed in %check on 20 chroots.');
  });
});

test('the version is that of the package that has the name of the build', () => {
  const artifact = (nevra: string) => ({ file: `${nevra}.rpm`, nevra, bytes: 1, sha256: '0'.repeat(64) });
  const artifacts = [artifact('hello-doc-9-9.noarch'), artifact('hello-1:2.0-3.x86_64')];
  expect(versionOf(fixtureSite({ results: [fixtureResult({ artifacts })] }).builds[0]!)).toBe('2.0-3');
  expect(versionOf(fixtureSite({ results: [fixtureResult({ artifacts: [] })] }).builds[0]!)).toBeUndefined();
  // A subpackage may have a version of its own.
  const others = ['other-data-9-1.noarch', 'other-2.0-3.src'].map((nevra) => ({
    ...{ file: nevra, nevra, bytes: 1, sha256: '0'.repeat(64) },
  }));
  expect(versionOf(fixtureSite({ results: [fixtureResult({ artifacts: others })] }).builds[0]!)).toBe('2.0-3');
});
