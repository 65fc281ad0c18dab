import { parseConfigRepo } from '@coppice/config';
import { expect, test } from 'vitest';
import type { KnownPull } from '../vocabulary/known-pull.ts';
import { voidedPulls } from './voided-pulls.ts';

const head = 'a'.repeat(40);
const config = (maintainers: string, builders: string) => {
  const chroots = 'chroots: [sapling-12-x86_64]\n';
  const texts = new Map([
    ['coppice.yaml', `admins: [ada]\n${chroots}`],
    ['projects/acme/tools.yaml', `maintainers: [${maintainers}]\nbuilders: [${builders}]\n${chroots}`],
  ]);
  const parsed = parseConfigRepo({ texts, oversize: new Map(), paths: new Set(texts.keys()) });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.value;
};
const pull: KnownPull = {
  ...{ number: 4, author: 'bea', head, headSeenAt: '2026-01-02T03:04:05Z', touched: ['acme/tools'] },
  ...{ needsAdmin: false, approvals: [], closedAt: null },
};
const approved = { ...pull, author: 'outsider', approvals: [{ sha: head, by: 'mia' }] };

test.each<[string, KnownPull, readonly number[]]>([
  ['its author lost the rights', pull, [4]],
  ['who approved it lost the rights', approved, [4]],
  ['nobody had let it be built', { ...approved, approvals: [] }, []],
  ['its author is an admin', { ...pull, author: 'ada' }, []],
  ['it is closed', { ...pull, closedAt: '2026-01-02T03:04:05Z' }, []],
  ['it changes nothing of ours', { ...pull, touched: [] }, []],
])('a pull request is judged again when nobody lets it be built any more: %s', (_what, one, numbers) => {
  expect(voidedPulls([one], config('mia', 'bea'), config('ada', 'ada'))).toEqual(numbers);
  expect(voidedPulls([one], config('mia', 'bea'), config('mia', 'bea'))).toEqual([]);
});
