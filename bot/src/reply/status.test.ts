import type { BuildId, ChrootName } from '@coppice/config';
import { expect, test } from 'vitest';
import type { BuildView } from '../vocabulary/build-view.ts';
import { statusOfBuild, statusOfProject, statusOfQueue } from './status.ts';

const waiting = (id: number): BuildView => ({
  ...{ id: id as BuildId, owner: 'acme', project: 'tools', package: 'hello', requestedBy: 'builder' },
  state: 'pending',
  chroots: [
    {
      ...{ chroot: 'sapling-12-x86_64' as ChrootName, state: 'pending', phase: 'queued', reason: null, message: null },
      ...{ excerpt: [], packages: [], startedAt: null, endedAt: null },
    },
  ],
});
const queue = (count: number) =>
  statusOfQueue(
    Array.from({ length: count }, (_, index) => waiting(index + 1)),
    '',
  );

test('of a long queue the oldest are shown, and how many there are', () => {
  expect(queue(50)).not.toContain('The oldest');
  const long = queue(51);
  expect(long).toMatch(/^0 running, 51 waiting\.\n/);
  expect(long).toMatch(/\n\nThe oldest 50 of 51\.$/);
  expect(long).toContain('/acme/tools/build/50/');
  expect(long).not.toContain('/acme/tools/build/51/');
});

test('of a project it is said what is so of that one, with its page', () => {
  const project = { owner: 'acme', name: 'tools', frozen: null };
  expect(statusOfProject(project, [], 'https://rpm.example.org')).toBe(
    'No build of `acme/tools` waits or runs. What it has built is at https://rpm.example.org/acme/tools/',
  );
  expect(statusOfProject({ ...project, frozen: 'A court says so.' }, [], '')).toMatch(
    /^`acme\/tools` is frozen: .* A court says so\.\n\nNo build of/,
  );
  expect(statusOfProject(project, [waiting(7)], '')).toMatch(/^0 running, 1 waiting\.[\s\S]*What it has built is at/);
});

test('of a build that published what a pull request tested, that is said', () => {
  const message = 'Not built again: these are the packages of build 4 of acme/tools:pr:7.';
  const [chroot] = waiting(9).chroots;
  if (chroot === undefined) throw new Error('there is no chroot');
  const view = (said: string | null) =>
    statusOfBuild(
      { ...waiting(9), state: 'succeeded', chroots: [{ ...chroot, state: 'succeeded', message: said }] },
      '',
    );
  expect(view(message)).toMatch(
    /^\[Build 9\]\S+: It succeeded\.\n\nNot built again: these are the packages of build 4/,
  );
  expect(view(null)).toMatch(/^\[Build 9\]\S+: It succeeded\.\n\n\|/);
});
