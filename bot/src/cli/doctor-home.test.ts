import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseSettings } from '@coppice/config';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Home, readHome } from '../service/home.ts';
import {
  diskFinding,
  mirrorFinding,
  permissionsFinding,
  queueFinding,
  secretsFinding,
  splitFinding,
} from './doctor-home.ts';

let home: Home;
beforeEach(async () => {
  home = readHome({ COPPICE_HOME: await mkdtemp(join(tmpdir(), 'coppice-doctor-home-')) });
  await mkdir(home.state, { mode: 0o700 });
});
afterEach(() => rm(home.folder, { recursive: true }));

async function put(path: string, mode: number, text = 'text'): Promise<void> {
  await mkdir(join(home.state, path, '..'), { recursive: true, mode: 0o700 });
  await writeFile(join(home.state, path), text);
  await chmod(join(home.state, path), mode);
}

test('a home in which nothing has run yet is not broken', async () => {
  expect(
    await Promise.all([diskFinding, queueFinding, permissionsFinding, mirrorFinding].map((look) => look(home))),
  ).toEqual(Array.from({ length: 4 }, () => expect.objectContaining({ good: true, fix: '' })));
});

test('a disk that cannot be written is named, and so is the queue that is no folder', async () => {
  await put('queue', 0o600);
  expect(await queueFinding({ ...home, state: join(home.state, 'queue') })).toMatchObject({ good: false });
  await writeFile(join(home.folder, 'file'), '');
  expect(await diskFinding({ ...home, folder: join(home.folder, 'file/below') })).toMatchObject({
    good: false,
    fix: expect.stringContaining('COPPICE_HOME'),
  });
});

test('published/ on a disk of its own is looked at too, and is named as one that nothing can be moved to', async () => {
  await mkdir(home.published);
  expect(await splitFinding(home)).toEqual([]);
  await rm(home.published, { recursive: true });
  await symlink('/proc', home.published);
  const [disk, split] = [await diskFinding(home), await splitFinding(home)];
  expect(disk).toMatchObject({ good: false, detail: expect.stringContaining(home.published) });
  expect(split).toMatchObject([{ good: false, fix: expect.stringContaining('COPPICE_HOME') }]);
  expect(split[0]?.detail).toContain(`${home.published} lies on another file system`);
});

describe('permissions', () => {
  test.each(['secrets/app.pem', 'secrets/webhook-secret'])(
    'a secret that others may read is named: %s',
    async (path) => {
      await put(path, 0o640);
      const finding = await permissionsFinding(home);
      expect(finding).toMatchObject({ good: false, fix: `run: chmod -R go= ${home.state}` });
      expect(finding.detail).toContain(join(home.state, path));
    },
  );

  test('a keyring that others may open is named, and the fix mends it', async () => {
    await put('keys/acme/tools/pubkey.gpg', 0o644);
    expect(await permissionsFinding(home)).toMatchObject({ good: true });
    await chmod(join(home.state, 'keys/acme/tools'), 0o755);
    const finding = await permissionsFinding(home);
    expect(finding.good).toBe(false);
    await execa('sh', ['-c', finding.fix.replace('run: ', '')]);
    expect(await permissionsFinding(home)).toMatchObject({ good: true });
  });
});

describe('the mirror', () => {
  test('one with a commit is good; one whose objects are gone is not', async () => {
    const repository = join(home.state, 'config.git');
    const git = (...args: string[]) => execa('git', [`--git-dir=${repository}`, ...args]);
    await execa('git', ['init', '--quiet', '--bare', repository]);
    expect((await mirrorFinding(home)).detail).toContain('empty');
    const { stdout: tree } = await git('hash-object', '-t', 'tree', '-w', '/dev/null');
    const identity = ['-c', 'user.name=x', '-c', 'user.email=x@localhost'];
    const { stdout: commit } = await git(...identity, 'commit-tree', '-m', 'first', tree);
    await git('update-ref', 'refs/heads/main', commit);
    expect(await mirrorFinding(home)).toMatchObject({
      good: true,
      detail: expect.stringContaining(commit.slice(0, 12)),
    });
    await rm(join(repository, 'objects'), { recursive: true });
    expect(await mirrorFinding(home)).toMatchObject({ good: false, fix: expect.stringContaining('fetched again') });
  });

  test('a file in its place is not taken for a mirror', async () => {
    await writeFile(join(home.state, 'config.git'), 'no repository');
    expect(await mirrorFinding(home)).toMatchObject({ good: false });
  });
});

test('settings for a real GitHub without its app, or with a secret that others may read or that is empty, are broken', async () => {
  const settingsOf = (text: string) => {
    const parsed = parseSettings(text, 'settings.yaml');
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
    return parsed.value;
  };
  expect(await secretsFinding(settingsOf(''))).toMatchObject({ good: true });
  expect(await secretsFinding(settingsOf('github: { mode: github }'))).toMatchObject({
    detail: 'github.appId is not stated',
  });
  await put('secret', 0o644);
  const file = join(home.state, 'secret');
  const settings = settingsOf(
    `github: { mode: github, appId: 1, privateKeyFile: ${file}, webhookSecretFile: ${file} }`,
  );
  expect(await secretsFinding(settings)).toMatchObject({ good: false, detail: expect.stringContaining('chmod 600') });
  await chmod(file, 0o600);
  expect(await secretsFinding(settings)).toMatchObject({ good: true });
  await writeFile(file, '\n');
  expect(await secretsFinding(settings)).toMatchObject({ good: false, detail: expect.stringContaining('it is empty') });
});
