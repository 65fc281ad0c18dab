// Source packages of sources from servers, made twice by real builders: the second time no server is asked.
import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PinnedSource } from '@coppice/config';
import { execa } from 'execa';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { gitIn } from '../../testing/fetching.ts';
import { type PackageFiles, scripted } from '../../testing/packages.ts';
import { type SourceServer, serveSources } from '../../testing/serve-sources.ts';
import { type MadeForTest, type SrpmBuilds, startSrpmBuilds } from '../../testing/start-srpm-builds.ts';

const tarball = 'not really a tarball\n';
const sha512 = createHash('sha512').update(tarball).digest('hex');
const sha256 = createHash('sha256').update(tarball).digest('hex');
const release = 'plain-1.0-1.sap12.src.rpm';

const tools: PackageFiles = {
  ...scripted('tools', '%{SOURCE0}', 'Source0: tool.sh\nSource1: plain.txt\n'),
  'tool.sh': '#!/bin/sh\necho tool\n',
  'plain.txt': 'p\n',
};

let folder: string;
let server: SourceServer;
let context: SrpmBuilds;
let commit: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coppice-fetched-'));
  server = await serveSources((request, response) => {
    if (request.url?.endsWith('/data.txt')) response.end(tarball);
    else response.writeHead(404).end();
  }, folder);
  const work = join(folder, 'work');
  await mkdir(work);
  const files = { ...scripted('plain', 'true', 'Source0: data.txt\n'), sources: `SHA512 (data.txt) = ${sha512}\n` };
  for (const [name, text] of Object.entries(files)) await writeFile(join(work, name), text);
  gitIn(work, 'init', '--quiet', '--initial-branch=main');
  gitIn(work, 'add', '.');
  gitIn(work, 'commit', '--quiet', '-m', 'one');
  commit = gitIn(work, 'rev-parse', 'HEAD');
  gitIn(folder, 'clone', '--quiet', '--bare', 'work', 'plain.git');
  const make = { 'make.sh': '#!/bin/sh\n./part.sh > tools.spec\ncp part.sh tool.sh\n' };
  const packages = {
    plain: scripted('plain', 'true', `Source0: ${server.url}/files/data.txt\n`),
    tools,
    made: { ...make, 'part.sh': `#!/bin/sh\ncat <<'END'\n${tools['tools.spec']}END\n`, 'plain.txt': 'p\n' },
  };
  context = await startSrpmBuilds(packages, {
    git: { protocols: ['https', 'http'] },
    sources: { privateAddresses: true },
  });
});
beforeEach(() => {
  server.requests.length = 0;
});
afterAll(async () => {
  await context?.stop();
  await server?.close();
  await rm(folder, { recursive: true, force: true });
});

/** The files of a source package. */
async function contentsOf({ path }: MadeForTest): Promise<readonly string[]> {
  const { stdout } = await execa('rpm', ['-qp', '--qf', '[%{FILENAMES}\n]', path(release)]);
  return stdout.split('\n').sort();
}

/** Name and permissions of each file of a source package. */
async function modesOf({ outcome, path }: MadeForTest): Promise<readonly string[]> {
  const file = path(outcome.ok ? outcome.value : JSON.stringify(outcome));
  const { stdout } = await execa('rpm', ['-qp', '--qf', '[%{FILENAMES} %{FILEMODES:perms}\n]', file]);
  return stdout.split('\n').sort();
}

async function makeTwice(source?: PinnedSource): Promise<readonly [MadeForTest, MadeForTest, number]> {
  const request = { package: 'plain', ...(source === undefined ? {} : { source }) };
  const first = await context.make(request);
  const asked = server.requests.length;
  server.requests.length = 0;
  return [first, await context.make(request), asked];
}

describe('a source package is made twice and its sources are fetched once:', () => {
  test('an address in the spec', async () => {
    const [first, second, asked] = await makeTwice();
    expect(first.outcome).toEqual({ ok: true, value: release });
    expect(await contentsOf(first)).toEqual(['data.txt', 'plain.spec']);
    const url = `${server.url}/files/data.txt`;
    expect(first.record.fetched).toEqual([{ url, file: 'data.txt', sha256, bytes: tarball.length }]);
    expect(asked).toBe(1);
    expect(second.outcome).toEqual(first.outcome);
    expect(second.record.fetched).toEqual(first.record.fetched);
    expect(server.requests).toEqual([]);
  });

  test('a dist-git with its lookaside cache', async () => {
    const source: PinnedSource = {
      ...{ type: 'distgit', url: `${server.url}/git/plain.git`, package: 'plain', branch: 'main', commit },
      lookaside: `${server.url}/lookaside/{name}/{filename}/{hashtype}/{hash}/{filename}`,
    };
    const [first, second, asked] = await makeTwice(source);
    expect(first.outcome).toEqual({ ok: true, value: release });
    expect(await contentsOf(first)).toEqual(['data.txt', 'plain.spec']);
    expect(first.record).toMatchObject({
      source,
      fetched: [{ sha256, url: expect.stringContaining(`/sha512/${sha512}/`) }],
    });
    expect(asked).toBeGreaterThan(2);
    expect(second.outcome).toEqual(first.outcome);
    expect(server.requests).toEqual([]);
  });

  test('a ready source package', async () => {
    const [made] = await makeTwice();
    const { stdout } = await execa('sha256sum', [made.path(release)]);
    const srpmServer = await serveSources((_request, response) => {
      execa('cat', [made.path(release)], { encoding: 'buffer' }).then(({ stdout: bytes }) => response.end(bytes));
    });
    try {
      const hash = stdout.split(' ')[0] ?? '';
      const source: PinnedSource = { type: 'srpm', url: `${srpmServer.url}/a.src.rpm`, sha256: hash };
      const [first, second] = await makeTwice(source);
      expect(first.record).toMatchObject({ artifacts: [{ file: release, sha256: hash }], fetched: [{ sha256: hash }] });
      expect(second.outcome).toEqual(first.outcome);
      expect(srpmServer.requests).toEqual(['GET /a.src.rpm']);
    } finally {
      await srpmServer.close();
    }
  });
});

describe('files are as executable in the source package as Git has them:', () => {
  const modes = ['plain.txt -rw-r--r--', 'tool.sh -rwxr-xr-x', 'tools.spec -rw-r--r--'];

  test('a folder of the config repo', async () => {
    expect(await modesOf(await context.make({ package: 'tools' }))).toEqual(modes);
  });

  test('a Git repository', async () => {
    const work = join(folder, 'tools');
    await mkdir(work);
    for (const [name, text] of Object.entries(tools)) await writeFile(join(work, name), text);
    await chmod(join(work, 'tool.sh'), 0o755);
    gitIn(work, 'init', '--quiet', '--initial-branch=main');
    gitIn(work, 'add', '.');
    gitIn(work, 'commit', '--quiet', '-m', 'one');
    gitIn(folder, 'clone', '--quiet', '--bare', 'tools', 'tools.git');
    const pin = { ref: 'main', commit: gitIn(work, 'rev-parse', 'HEAD') };
    const source: PinnedSource = { type: 'git', url: `${server.url}/git/tools.git`, ...pin };
    expect(await modesOf(await context.make({ package: 'tools', source }))).toEqual(modes);
  });

  test('a script, which runs another one beside it', async () => {
    const { source } = (await context.make({ package: 'made' })).build;
    if (source.type !== 'dir') throw new Error('the package is no folder');
    const { commit, path } = source;
    const script: PinnedSource = { type: 'script', script: 'make.sh', commit, path };
    const made = await context.make({ package: 'made', source: script });
    expect(await modesOf(made)).toEqual(modes);
  });
});
