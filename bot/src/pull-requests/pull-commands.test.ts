import { type BuildId, type QueuedBuild, skipReasons } from '@coppice/config';
import { expect, test } from 'vitest';
import { chrootForTests as chroot } from '../../testing/project-for-tests.ts';
import { builtSection } from './pull-commands.ts';

const skipped = (name: string, why: string) => ({ owner: 'acme', project: 'tools', package: name, chroot, why });
const live = (id: number, project: string, name: string) =>
  ({ id: id as BuildId, owner: 'acme', project, package: name, chroots: [{ chroot }] }) as unknown as QueuedBuild;
const section = (all: readonly ReturnType<typeof skipped>[], queue: readonly QueuedBuild[], force = false) =>
  builtSection({ number: 4, line: '/build', force }, { builds: [], skipped: all }, queue);

test('what is asked for again while it is being built is answered with that build', () => {
  const queue = [live(121, 'tools:pr:4', 'motd'), live(122, 'tools:pr:4', 'hello'), live(123, 'tools:pr:5', 'hello')];
  for (const force of [false, true]) {
    expect(section([skipped('hello', skipReasons.building(122))], queue, force)).toMatchObject({
      kind: 'builds',
      builds: [{ id: 122 }],
    });
  }
});

test('what is built already is said to be, with what builds it again', () => {
  const said = section([skipped('hello', skipReasons.unchanged(122))], []);
  expect(said).toMatchObject({ kind: 'text', good: true });
  expect(said).toMatchObject({
    markdown: expect.stringMatching(/`hello`.*: unchanged since build 122\n\n\*Re-run\*/),
  });
});

test('what cannot be built is said with why', () => {
  const said = section([skipped('hello', 'its branch is gone')], [], true);
  expect(said).toMatchObject({ good: false, markdown: expect.stringContaining('its branch is gone') });
});
