import { parseConfigRepo } from '@coppice/config';
import { describe, expect, test } from 'vitest';
import { type Claim, decideApproval, standingOf, whoMayApprove } from './approval.ts';

const head = 'a'.repeat(40);
const old = 'b'.repeat(40);
const chroots = 'chroots: [sapling-12-x86_64]\n';
const texts = new Map([
  ['coppice.yaml', `admins: [Ada]\n${chroots}`],
  ['projects/acme/tools.yaml', `maintainers: [mia]\nbuilders: [bea]\n${chroots}`],
  ['projects/acme/games.yaml', `maintainers: [mia, max]\n${chroots}`],
]);
const parsed = parseConfigRepo({ texts, oversize: new Map(), paths: new Set(texts.keys()) });
if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
const base = parsed.value;

const claim = (stated: Partial<Claim>): Claim => ({
  author: 'outsider',
  head,
  touched: ['acme/tools'],
  needsAdmin: false,
  approvals: [],
  ...stated,
});
const approvedBy = (by: string, sha = head) => [{ sha, by }];

describe('who lets a head be built', () => {
  test.each<[string, Partial<Claim>, string]>([
    ['a builder of all that it touches', { author: 'BEA' }, 'author'],
    ['a builder of one of two projects', { author: 'bea', touched: ['acme/games', 'acme/tools'] }, 'waiting'],
    ['an admin, whatever it touches', { author: 'ada', touched: ['acme/new'], needsAdmin: true }, 'author'],
    ['a maintainer, when it needs an admin', { author: 'mia', needsAdmin: true }, 'waiting'],
    ['somebody whose project does not exist', { author: 'mia', touched: ['acme/new'] }, 'waiting'],
    ['somebody of a project whose name differs in case', { author: 'mia', touched: ['acme/Tools'] }, 'waiting'],
    ['an outsider', {}, 'waiting'],
    ['an outsider, approved by a maintainer', { approvals: approvedBy('Mia') }, 'approved'],
    ['an outsider, approved at another head', { approvals: approvedBy('mia', old) }, 'waiting'],
    ['an outsider, approved by a builder', { approvals: approvedBy('bea') }, 'waiting'],
    ['an outsider, approved by themselves', { approvals: approvedBy('outsider') }, 'waiting'],
    [
      'an outsider of two projects, approved by the maintainer of one',
      { touched: ['acme/games', 'acme/tools'], approvals: approvedBy('max') },
      'waiting',
    ],
    ['an outsider, approved by somebody who was removed since', { approvals: approvedBy('gone') }, 'waiting'],
    ['what needs an admin, approved by a maintainer', { needsAdmin: true, approvals: approvedBy('mia') }, 'waiting'],
    ['what needs an admin, approved by one', { needsAdmin: true, approvals: approvedBy('ADA') }, 'approved'],
  ])('%s', (_who, stated, kind) => {
    expect(standingOf(claim(stated), base).kind).toBe(kind);
  });

  test('those who could are named: maintainers of all that it touches, and admins', () => {
    expect(whoMayApprove(claim({ touched: ['acme/games', 'acme/tools'] }), base)).toEqual(['mia', 'ada']);
    expect(whoMayApprove(claim({ needsAdmin: true }), base)).toEqual(['ada']);
  });
});

describe('/approve', () => {
  const seen = { head, headSeenAt: '2026-01-01T00:00:10.900Z' };
  const wish = { actor: 'mia', sha: undefined, writtenAt: '2026-01-01T00:00:10Z' };
  const decide = (stated: Partial<Parameters<typeof decideApproval>[0]>, noted: typeof seen | undefined = seen) =>
    decideApproval({ ...wish, ...stated }, claim({}), noted, base);

  test('means the head that was seen before it was written', () => {
    expect(decide({})).toEqual({ sha: head, by: 'mia' });
    expect(decide({ writtenAt: '2026-01-01T00:00:09Z' })).toBe('head moved');
    expect(decide({ writtenAt: undefined })).toBe('head moved');
    expect(decide({}, { ...seen, head: old })).toBe('head moved');
    expect(decideApproval(wish, claim({}), undefined, base)).toBe('head moved');
  });

  test('with a SHA means that head alone, whole, whenever it was written', () => {
    expect(decide({ sha: head.toUpperCase(), writtenAt: undefined })).toEqual({ sha: head, by: 'mia' });
    expect(decide({ sha: old })).toBe('another SHA');
    expect(decide({ sha: head.slice(0, 39) })).toBe('not a full SHA');
    expect(decide({ sha: `${head}x` })).toBe('not a full SHA');
  });

  test('is refused to those who may not, before anything is said of the head', () => {
    expect(decide({ actor: 'bea', sha: old })).toBe('not allowed');
    expect(decide({ actor: 'outsider' })).toBe('not allowed');
  });
});
