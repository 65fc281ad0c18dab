import { expect, test } from 'vitest';
import { isPathProject } from './published.ts';
import { presentName, readSandbox, sandboxOf } from './sandbox.ts';

test('a sandbox has a name that dnf takes into the id of a repository, and that no project can have', () => {
  const name = sandboxOf('tools', 7);
  expect(name).toBe('tools:pr:7');
  expect(`copr:build.example.org:acme:${name}`).toMatch(/^[A-Za-z0-9_.:-]+$/);
  expect(isPathProject(name)).toBe(true);
  for (const odd of ['tools:pr:', 'tools:pr:07', '..:pr:7', 'tools:pr:7:pr:8', 'tools:x', '']) {
    expect(isPathProject(odd)).toBe(false);
  }
});

test('a sandbox from before is known by the name that it has now', () => {
  expect(presentName('tools+pr7')).toBe('tools:pr:7');
  expect(readSandbox(presentName('gtk++pr12'))).toEqual({ project: 'gtk+', pull: 12 });
  for (const name of ['tools', 'tools+pr', 'gtk+', 'tools+pr0', 'tools:pr:7']) expect(presentName(name)).toBe(name);
});
