import type { DebugAccess, DebugSession } from '@coppice/builder-runner/runner';
import type { BuildId, ChrootName, QueuedBuild } from '@coppice/config';
import { expect, test } from 'vitest';
import { answerState, writeAnswer } from './answer.ts';
import { debugText, noKeys } from './debug.ts';

const chroot = 'fedora-42-x86_64' as ChrootName;
const build = { id: 42 as BuildId, owner: 'acme', project: 'tools', package: 'hello' } as QueuedBuild;
const access: DebugAccess = {
  host: '198.51.100.7',
  port: 2222,
  user: 'mockbuild',
  fingerprint: 'SHA256:abc',
  folder: '/home/mockbuild/builds/42-fedora-42-x86_64',
  until: '2026-01-31T13:00:00.000Z',
  exitCode: 1,
};
const session = (more: Partial<DebugSession>): DebugSession => ({
  ...{ id: 1, key: 'k', build, chroot, by: 'octocat', keys: ['ssh-ed25519 AAAA'], requestedAt: '' },
  ...{ state: 'waiting', builder: null, access: null, message: null, ...more },
});
const url = 'https://coppice.example';
const section = { kind: 'debug', line: '/debug 42', session: 1 } as const;
const stateOf = (one: DebugSession | undefined) => answerState([section], new Map(), () => one);

test('an answer moves on until the session is over, and ends badly only when it could not be opened', () => {
  const states = (['waiting', 'preparing', 'open', 'ended', 'failed'] as const).map((state) =>
    stateOf(session({ state })),
  );
  expect(states).toEqual(['working', 'working', 'working', 'good', 'bad']);
  expect(stateOf(undefined), 'one that was forgotten').toBe('good');
});

test('the way in is there while it is open, and not before or after', () => {
  const told = (one: DebugSession) => writeAnswer(7, [section], new Map(), url, () => one);
  const open = told(session({ state: 'open', access }));
  expect(open).toContain('\nssh -p 2222 mockbuild@198.51.100.7\n');
  expect(open).toMatch(/failed again[\s\S]*2026-01-31T13:00:00.000Z[\s\S]*`SHA256:abc`/);
  expect(open).not.toContain('machine that runs Coppice');
  const others = [session({}), session({ state: 'ended', access, message: 'Its time was over.' })].map(told);
  for (const text of others) expect(text).not.toContain('ssh -p');
  expect(others[1]).toContain('Its time was over.');
});

test('it says when this time it went well, and when only the machine itself reaches it', () => {
  const local = session({ state: 'open', access: { ...access, host: '127.0.0.1', exitCode: 0 } });
  expect(debugText(local, url)).toMatch(/This time it succeeded\.[\s\S]*machine that runs Coppice/);
  expect(debugText(session({ state: 'open', access: { ...access, exitCode: null } }), url)).toContain(
    'Its time was over.',
  );
});

test('what a playbook printed notifies nobody', () => {
  const failed = session({ state: 'failed', message: 'spawn said: @somebody <b>' });
  expect(debugText(failed, url).replace(/(`+)[\s\S]*?\1/g, '')).not.toMatch(/@s|<b>/);
});

test('who has no key is told where the GitHub in use takes one', () => {
  expect(noKeys('bea', { mode: 'github', webUrl: 'https://github.corp.example' })).toContain(
    'Add one at https://github.corp.example/settings/keys and',
  );
  expect(noKeys('bea', { mode: 'embedded', webUrl: 'http://127.0.0.1:4100' })).toContain(
    'with `POST http://127.0.0.1:4100/api/v3/user/keys`',
  );
});
