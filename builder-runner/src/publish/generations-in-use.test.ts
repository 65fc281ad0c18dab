import type { BuildInput, BuildState, QueuedBuild } from '@coppice/config';
import { expect, test } from 'vitest';
import { buildOf } from '../../testing/publish-builds.ts';
import { generationsInUse } from './generations-in-use.ts';

/** A build that sees these, of a project's own chroot. */
function bound(project: string, state: BuildState, inputs?: readonly BuildInput[]): QueuedBuild {
  const build = buildOf(1, 'hello', project);
  const [chroot] = build.chroots;
  return { ...build, chroots: [{ ...chroot, state, ...(inputs === undefined ? {} : { inputs }) }] };
}

test('what is in use are the generations that builds see which have not ended, each of its repository', () => {
  const builds = [
    bound('tools', 'running', [
      { project: 'acme/tools', generation: 4 },
      { project: 'acme/libs', generation: 9 },
    ]),
    bound('more', 'running', [{ project: 'acme/tools', generation: 7 }]),
    bound('tools', 'succeeded', [{ project: 'acme/tools', generation: 3 }]),
    bound('tools', 'pending'),
  ];
  expect([...generationsInUse(builds, 'acme/tools/sapling-12-x86_64')]).toEqual([4, 7]);
  expect([...generationsInUse(builds, 'acme/libs/sapling-12-x86_64')]).toEqual([9]);
  expect([...generationsInUse(builds, 'acme/tools/fedora-42-x86_64')]).toEqual([]);
  expect([...generationsInUse([], 'acme/tools/sapling-12-x86_64')]).toEqual([]);
});
