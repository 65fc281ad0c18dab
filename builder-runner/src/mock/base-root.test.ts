// The name of the root that builds begin with, the times of mock's files, and the script that has it made: with a mock
// that does what the real one does to files, for that runs on few machines. engine.e2e.ts takes one where it can.
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type BaseRootParts, baseRootName, baseRootScript, writeMockFiles } from './base-root.ts';

const parts: BaseRootParts = {
  chroot: 'fedora-42-x86_64',
  ownConfig: undefined,
  buildroot: { modules: [], forcearch: null },
};

test('a root has another name when its content may be another, and the same name otherwise', () => {
  const others: readonly BaseRootParts[] = [
    { ...parts, chroot: 'fedora-43-x86_64' },
    { ...parts, ownConfig: '' },
    { ...parts, ownConfig: "config_opts['dist'] = 'fc42'" },
    { ...parts, buildroot: { modules: ['nodejs:22'], forcearch: null } },
    { ...parts, buildroot: { modules: [], forcearch: 's390x' } },
  ];
  expect(new Set([parts, ...others].map(baseRootName)).size).toBe(1 + others.length);
  expect(baseRootName({ ...parts, buildroot: { ...parts.buildroot } })).toBe(baseRootName(parts));
  expect(baseRootName(parts)).toMatch(/^coppice-fedora-42-x86_64-[0-9a-f]{12}$/);
});

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'coppice-base-root-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('files of mock have one time, whenever they were written: their content is in the name of the root', async () => {
  await writeMockFiles(folder, { 'build.cfg': 'one', 'base.cfg': 'other' });
  const times = ['build.cfg', 'base.cfg'].map((name) => statSync(join(folder, name)).mtime.getUTCFullYear());
  expect(times).toEqual([2001, 2001]);
  expect(readFileSync(join(folder, 'build.cfg'), 'utf8')).toBe('one');
});

const root = 'coppice-x-1';

/** Runs the script with a mock of this test's, and its places below the folder; says what the mock was called with. */
async function run(
  ...command: string[]
): Promise<{ readonly calls: string; readonly exitCode: number | undefined; readonly output: string }> {
  mkdirSync(join(folder, 'bin'), { recursive: true });
  const mock = join(folder, 'bin/mock');
  writeFileSync(
    mock,
    `#!/bin/sh
root="${folder}/cache/${root}/root_cache"
for last; do :; done
echo "$last" >>"${folder}/calls"
case $last in
--scrub=root-cache) rm -r "$root" ;;
--init)
  [ -e "${folder}/broken" ] && { echo 'no repository answers' >&2; exit 30; }
  mkdir -p "$root" && : >"$root/cache.tar"
  ;;
esac
`,
  );
  chmodSync(mock, 0o755);
  writeFileSync(join(folder, 'base.cfg'), `config_opts['root'] = "${root}"\n`);
  mkdirSync(join(folder, 'etc'), { recursive: true });
  const script = join(folder, 'with-base-root.sh');
  const text = readFileSync(baseRootScript, 'utf8');
  const own = text
    .replaceAll('/var/cache/mock', `${folder}/cache`)
    .replaceAll('/etc/mock', `${folder}/etc`)
    .replaceAll('/usr/libexec/mock-lite', `${folder}/mock-lite`);
  writeFileSync(script, own);
  rmSync(join(folder, 'calls'), { force: true });
  const { exitCode, stdout } = await execa('sh', [script, folder, ...command], {
    reject: false,
    env: { PATH: `${join(folder, 'bin')}:${process.env.PATH}`, HOME: folder },
  });
  const calls = existsSync(join(folder, 'calls')) ? readFileSync(join(folder, 'calls'), 'utf8') : '';
  return { calls: calls.trim().replaceAll('\n', ' '), exitCode, output: stdout };
}

const cache = () => join(folder, 'cache', root, 'root_cache/cache.tar');
const hoursAgo = (path: string, hours: number) => {
  const then = new Date(Date.now() - hours * 3_600_000);
  utimesSync(path, then, then);
};

test('the first build has the root made, and later ones find it', async () => {
  expect(await run('echo', 'built')).toEqual({ calls: '--init --clean', exitCode: 0, output: 'built' });
  expect(await run('echo', 'built')).toEqual({ calls: '', exitCode: 0, output: 'built' });
});

test('a root of yesterday, or older than a configuration of the machine, is made anew', async () => {
  await run('true');
  hoursAgo(cache(), 25);
  expect((await run('true')).calls).toBe('--scrub=root-cache --init --clean');
  hoursAgo(cache(), 1);
  writeFileSync(join(folder, 'etc/site-defaults.cfg'), '');
  expect((await run('true')).calls).toBe('--scrub=root-cache --init --clean');
  expect((await run('true')).calls).toBe('');
});

test('where none can be made builds go on without, and it is tried again after an hour', async () => {
  writeFileSync(join(folder, 'broken'), '');
  expect(await run('sh', '-c', 'echo built; exit 7')).toEqual({ calls: '--init', exitCode: 7, output: 'built' });
  expect(await run('true')).toMatchObject({ calls: '', exitCode: 0 });
  expect(await run()).toMatchObject({
    calls: '--init',
    exitCode: 1,
    output: expect.stringMatching(/^no repository answers/),
  });
  hoursAgo(join(folder, '.base-roots-tried', root), 2);
  rmSync(join(folder, 'broken'));
  expect((await run('true')).calls).toBe('--init --clean');
});

test('mock-lite is asked for a root when one is made ahead, and not by builds', async () => {
  mkdirSync(join(folder, 'mock-lite'));
  expect((await run('true')).calls).toBe('');
  expect(await run()).toMatchObject({ calls: '--init --clean', exitCode: 0 });
});
