import { resultSchema } from '@coppice/config';
import { expect, test } from 'vitest';
import { buildOf } from '../../testing/publish-builds.ts';
import { recordOfSrpm } from './record.ts';

const ended = { state: 'succeeded', reason: null, message: null, excerpt: [], engine: null, artifacts: [] } as const;

test('the record of a source package says what it was made of, and nothing where there was nothing', () => {
  const build = buildOf(7, 'hello');
  const at = new Date('2026-01-02T03:04:05.000Z');
  const ending = { ...ended, endedAt: at };
  const commits = [{ commit: 'a'.repeat(40), subject: 'Update to 2' }];
  const told = recordOfSrpm(build, at, ending, { fetched: [], submodules: [], commits });
  expect(resultSchema.parse(told)).toMatchObject({ chroot: 'srpm', commits });
  expect(Object.keys(recordOfSrpm(build, at, ending))).not.toContain('commits');
});
