import type { BuildRequest, BuiltChroot, ChrootName } from '@coppice/config';
import { expect, test } from 'vitest';
import { inSandbox, preferSandbox } from './plan-pull.ts';

const chroot = 'sapling-12-x86_64' as ChrootName;

test('a sandbox has its own word on what it has built, and the project has it on the rest', () => {
  const built = (id: number, project: string, name: string): BuiltChroot => ({
    ...{ id, project, owner: 'acme', package: name, chroot, inputDigest: `d${id}`, state: 'succeeded', reason: null },
  });
  const all = [
    built(1, 'tools', 'lib'),
    built(2, 'tools+pr7', 'lib'),
    // Newer than the sandbox's, and yet not what the pull request has.
    built(3, 'tools', 'lib'),
    built(4, 'tools', 'app'),
    built(5, 'tools+pr8', 'app'),
    built(6, 'tools+pr77', 'app'),
  ];
  const seen = preferSandbox(all, 'tools', 'tools+pr7');
  expect(seen.map(({ id, project }) => `${project} ${id}`)).toEqual(['tools 2', 'tools 4']);
});

test('a request for a sandbox leaves the project as an input, after all that it states itself', () => {
  const request = { owner: 'acme', project: 'tools', repos: ['https://example.test/r/'] } as unknown as BuildRequest;
  expect(inSandbox(request, 7)).toEqual({
    ...{ owner: 'acme', project: 'tools+pr7' },
    repos: ['https://example.test/r/', 'coppice://acme/tools'],
  });
});
