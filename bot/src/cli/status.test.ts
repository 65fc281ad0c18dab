import type { BuildSummary } from '@coppice/config';
import { expect, test } from 'vitest';
import { renderStatus } from './status.ts';

const build: BuildSummary = {
  id: 7,
  owner: 'acme',
  project: 'tools',
  package: 'hello',
  state: 'failed',
  reason: 'check',
  chroots: [{ chroot: 'sapling-12-x86_64', state: 'failed', reason: 'check' }],
  requestedAt: '2026-01-02T03:04:05Z',
  startedAt: '2026-01-02T03:04:06Z',
  endedAt: '2026-01-02T03:04:09Z',
  url: '/acme/tools/build/7/',
};

test('a build is one row for each chroot, with its reason and the address of its page', () => {
  expect(renderStatus([build], { generatedAt: '2026-01-02T03:04:05Z', builds: [] }, 'http://127.0.0.1:8080')).toBe(
    [
      'build  project     package  chroot             state           page',
      '7      acme/tools  hello    sapling-12-x86_64  failed (check)  http://127.0.0.1:8080/acme/tools/build/7/',
    ].join('\n'),
  );
});
