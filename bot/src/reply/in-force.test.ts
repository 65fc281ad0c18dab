import { expect, test } from 'vitest';
import { inForceNote } from './in-force.ts';

const [good, bad] = ['a'.repeat(40), 'b'.repeat(40)];
const url = 'https://github.example/acme/packages';
const refused = { commit: bad, problems: 3, first: ['projects/acme/tools.yaml:2:1: it is ```wrong``` @all'] };
const note = (more: Partial<Parameters<typeof inForceNote>[0]>) =>
  inForceNote({ goodCommit: good, refused: null, leaving: [], ...more }, url);

test('nothing is said while the newest commit counts and nothing leaves', () => {
  expect(note({})).toBe('');
});

test('which commit counts, which was refused, with how many problems and where', () => {
  const said = note({ refused });
  expect(said).toContain(`The config of [\`aaaaaaaaaa\`](${url}/commit/${good}) is in force`);
  expect(said).toContain(`[\`bbbbbbbbbb\`](${url}/commit/${bad}) was refused, for it has 3 problems. The first 1 are`);
  // What strangers wrote stays in its block.
  expect(said).toMatch(/````text\nprojects\/acme\/tools\.yaml:2:1: it is ```wrong``` @all\n````$/);
  expect(note({ goodCommit: null, refused })).toMatch(/^No config is in force: /);
});

test('what is leaving, until when, and how to keep it', () => {
  const one = { project: 'acme/tools', statedAt: good, leftAt: bad, by: 'mia', deleteAt: '2026-01-31T15:04:05Z' };
  expect(note({ leaving: [one] })).toMatch(/`acme\/tools` is leaving:.*deleted at 2026-01-31 15:05 UTC, unless/);
  expect(note({ leaving: Array.from({ length: 12 }, () => one) })).toMatch(
    /^12 projects are leaving\..*\n\n(?:- `acme\/tools`, deleted at 2026-01-31 15:05 UTC\n){10}- and 2 more$/,
  );
});
