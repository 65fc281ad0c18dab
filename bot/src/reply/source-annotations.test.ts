import type { ChrootName, SkippedBuild } from '@coppice/config';
import { expect, test } from 'vitest';
import { sourceAnnotations } from './source-annotations.ts';

const text = `maintainers: [a]
packages:
  hello:
    source: { type: distgit, instance: fedora }
  motd: { source: { type: git, url: https://a.example/motd, ref: gone } }
`;
const texts = new Map([['projects/acme/tools.yaml', text]]);
const skipped = (name: string, chroot: string | null, why: string): SkippedBuild => ({
  ...{ owner: 'acme', project: 'tools', package: name, chroot: chroot as ChrootName | null, why },
});

test('each source that could not be pinned is annotated where it stands', () => {
  const why = 'https://a.example/motd has no branch or tag "gone"';
  expect(sourceAnnotations([skipped('motd', null, why)], texts)).toEqual([
    {
      ...{ path: 'projects/acme/tools.yaml', line: 5, column: 11, level: 'warning' },
      message: `motd is not built: ${why}`,
    },
  ]);
});

test('what is the same for several chroots is said once, and each other thing by itself', () => {
  const found = sourceAnnotations(
    [
      skipped('hello', 'fedora-41-x86_64', 'no branch f41'),
      skipped('hello', 'fedora-42-x86_64', 'no branch f42'),
      skipped('hello', 'fedora-42-aarch64', 'no branch f42'),
    ],
    texts,
  );
  expect(found.map(({ line, column, message }) => `${line}:${column} ${message}`)).toEqual([
    '4:5 hello is not built for fedora-41-x86_64: no branch f41',
    '4:5 hello is not built for fedora-42-x86_64, fedora-42-aarch64: no branch f42',
  ]);
});

test('many are cut to what GitHub is asked to take', () => {
  const many = Array.from({ length: 300 }, (_, index) => skipped('motd', null, `why ${index}`));
  expect(sourceAnnotations(many, texts)).toHaveLength(200);
});
