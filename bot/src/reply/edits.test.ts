import { type BuildId, type ChrootName, sandboxOf } from '@coppice/config';
import { expect, test } from 'vitest';
import { buildDeleted } from './edits.ts';

const fedora = 'fedora-42-x86_64' as ChrootName;
const build = { id: 31 as BuildId, owner: 'acme', project: 'tools', package: 'pebble', chroots: [fedora] };
const deleted = (before: string | undefined, after: string | undefined) =>
  buildDeleted(build, [{ chroot: fedora, before, after }]);

test('a deleted build that users saw is told with what they see in its place', () => {
  expect(deleted('6-1', '4-1')).toMatch(
    /\n\n- `fedora-42-x86_64`: users see `pebble` `4-1` in place of `6-1`\n\nWho has installed it keeps it until/,
  );
  expect(deleted('6-1', undefined)).toContain('users see no `pebble` any more, it was `6-1`');
});

test('of a frozen project it says what users see once it is resolved', () => {
  const sandbox = { ...build, project: sandboxOf('tools', 7) };
  expect(buildDeleted(build, undefined)).toContain(
    'After `/resolve acme/tools` they see what they saw before without this build',
  );
  expect(buildDeleted(sandbox, undefined)).toMatch(/ `acme\/tools:pr:7` is frozen, .*After `\/resolve acme\/tools` /);
});

test('one that they did not see changes nothing for them', () => {
  for (const version of ['6-1', undefined])
    expect(deleted(version, version)).toMatch(/ Users see the same as before\.$/);
});
