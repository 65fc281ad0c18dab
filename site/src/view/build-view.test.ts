import type { Result } from '@coppice/config';
import { describe, expect, test } from 'vitest';
import { fixtureQueued, fixtureQueuedChroot, fixtureResult, fixtureSite } from '../../testing/fixture.ts';
import { buildView } from './build-view.ts';

const names = ['fedora-41-x86_64', 'fedora-42-x86_64', 'fedora-43-x86_64'] as const;
const [first, second, third] = names;
const failed: Partial<Result> = { state: 'failed', reason: 'check', message: '1 of 3 tests failed', artifacts: [] };
const noShown = { others: [], mode: undefined };

function runsOf(site: Parameters<typeof fixtureSite>[0]) {
  const [build] = fixtureSite(site).builds;
  return buildView(build!, noShown).runs.map(({ chroot, reached, took, isOpen }) => [chroot, reached, took, isOpen]);
}

describe('of each chroot a line', () => {
  test('says what it made or why it failed, and how long that took; what failed stands first, and is open', () => {
    const results = [fixtureResult({ chroot: first }), fixtureResult({ chroot: second, ...failed })];
    expect(runsOf({ results })).toEqual([
      [second, 'Failed in %check', '40 s', true],
      [first, '2.12-1.sap12', '40 s', false],
    ]);
  });

  test('says the version that was made for this chroot', () => {
    const artifact = {
      file: 'hello-3-1.fc42.x86_64.rpm',
      nevra: 'hello-3-1.fc42.x86_64',
      bytes: 1,
      sha256: 'ab'.repeat(32),
    };
    const results = [fixtureResult({ chroot: first }), fixtureResult({ chroot: second, artifacts: [artifact] })];
    expect(runsOf({ results }).map(([, reached]) => reached)).toEqual(['2.12-1.sap12', '3-1.fc42']);
  });

  test('says what goes on, open as long as that is not much at once', () => {
    const of = (chroot: string) =>
      fixtureQueuedChroot({ chroot, state: 'running', phase: 'root', startedAt: '2026-11-20T12:00:00.000Z' });
    const waits = fixtureQueuedChroot({ chroot: third });
    expect(runsOf({ queue: [fixtureQueued({ chroots: [of(first), of(second), waits] })] })).toEqual([
      [first, 'Installing build dependencies', null, true],
      [second, 'Installing build dependencies', null, true],
      [third, 'Waiting in the queue', null, false],
    ]);
    const many = Array.from({ length: 5 }, (_, index) => of(`epel-${index + 5}-x86_64`));
    expect(runsOf({ queue: [fixtureQueued({ chroots: many })] }).map(([, , , isOpen]) => isOpen)).toEqual(
      many.map(() => false),
    );
  });

  test('is open once where the making of the source package failed for all of them', () => {
    const lacking: Partial<Result> = { ...failed, reason: 'source', where: { log: 'srpm.log', line: 2 } };
    const results = names.map((chroot) => fixtureResult({ chroot, ...lacking }));
    expect(runsOf({ results }).map(([, , , isOpen]) => isOpen)).toEqual([true, false, false]);
  });
});
