// What readers meet while a repository is published, deleted from and taken back without a pause: never a file that is
// missing, a checksum or a signature that does not fit.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { buffer } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sourceFolder } from '../../testing/service-under-test.ts';
import { type HttpServer, healthOf, startHttpServer } from './http-server.ts';

const repository = 'results/acme/tools/sapling-12-x86_64';
const steps = 300;
let home: string;
let server: HttpServer;
let url: string;
let storm: ChildProcess;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'coppice-storm-'));
  server = await startHttpServer({
    host: '127.0.0.1',
    port: 0,
    published: join(home, 'published'),
    health: () => healthOf(true, []),
    metrics: async () => '',
  });
  url = `http://127.0.0.1:${server.port}`;
});
afterAll(async () => {
  storm?.kill('SIGKILL');
  await server.close();
  await rm(home, { recursive: true, force: true });
});

/** What went wrong, as sentences, and how often what was done. */
interface Seen {
  readonly wrong: string[];
  readonly counts: Record<string, number>;
}

function count({ counts }: Seen, what: string): void {
  counts[what] = (counts[what] ?? 0) + 1;
}

/** One connection, as dnf has. */
function connection() {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const get = (path: string) =>
    new Promise<{ status: number; body: Buffer }>((resolve, reject) => {
      request({ port: server.port, host: '127.0.0.1', path: `/${repository}/${path}`, agent }, (response) => {
        buffer(response).then((body) => resolve({ status: response.statusCode ?? 0, body }), reject);
      })
        .on('error', reject)
        .end();
    });
  return { get, close: () => agent.destroy() };
}

/** Reads index and signature, waits, then reads all that the index names, and each package that the lists name. */
async function readOnce(seen: Seen, waitMilliseconds: number): Promise<void> {
  const { get, close } = connection();
  const index = await get('repodata/repomd.xml');
  const signature = await get('repodata/repomd.xml.asc');
  if (index.status !== 200 || signature.status !== 200) seen.wrong.push(`index ${index.status} ${signature.status}`);
  else if (!(await isSigned(index.body, signature.body))) seen.wrong.push('a signature of another index');
  await delay(waitMilliseconds);
  const named = [...index.body.toString().matchAll(/<checksum type="sha256">(\w+)<.*?<location href="([^"]+)"/gs)];
  const packages: [string, string][] = [];
  for (const [, sum, path = ''] of named) {
    const { status, body } = await get(path);
    if (status !== 200) seen.wrong.push(`${status} for ${path}`);
    else if (createHash('sha256').update(body).digest('hex') !== sum) seen.wrong.push(`${path} is another file`);
    else if (path.includes('primary')) packages.push(...packagesOf(gunzipSync(body).toString()));
    count(seen, 'files');
  }
  for (const [sum, path] of packages) {
    const { status, body } = await get(path);
    if (status !== 200) seen.wrong.push(`${status} for ${path}`);
    else if (createHash('sha256').update(body).digest('hex') !== sum) seen.wrong.push(`${path} is another file`);
    count(seen, 'packages');
  }
  close();
  count(seen, waitMilliseconds > 0 ? 'slow readings' : 'fast readings');
}

function packagesOf(primary: string): [string, string][] {
  return [...primary.matchAll(/pkgid="YES">(\w+)<.*?<location href="([^"]+)"/gs)].map(([, sum = '', path = '']) => [
    sum,
    path,
  ]);
}

async function isSigned(index: Buffer, signature: Buffer): Promise<boolean> {
  const folder = await mkdtemp(join(home, 'signed-'));
  await writeFile(join(folder, 'index'), index);
  await writeFile(join(folder, 'signature'), signature);
  const checked = await execa('gpgv', ['--keyring', join(home, 'ring.gpg'), 'signature', 'index'], {
    cwd: folder,
    reject: false,
  });
  await rm(folder, { recursive: true });
  return checked.exitCode === 0;
}

/** Real dnf, which trusts nothing that is not signed, downloads every package. */
async function dnfOnce(seen: Seen, number: number): Promise<void> {
  const folder = await mkdtemp(join(home, 'dnf-'));
  const options = ['-q', '-y', '--disableplugin=local', '--releasever=12', `--installroot=${join(folder, 'root')}`];
  const repo = ['--setopt=reposdir=/nonexistent', '--repofrompath', `ours,${url}/${repository}/`, '--repo', 'ours'];
  const key = `${url}/results/acme/tools/pubkey.gpg`;
  const signed = [
    '--setopt=ours.repo_gpgcheck=1',
    `--setopt=ours.gpgkey=${key}`,
    '--setopt=ours.skip_if_unavailable=0',
  ];
  // Every second one takes what it has kept and asks whether it is still so.
  const cache = join(home, number % 2 === 0 ? 'cache' : `dnf-cache-${number}`);
  const ended = await execa(
    'dnf',
    [...options, ...repo, ...signed, `--setopt=cachedir=${cache}`, '--refresh', 'reposync', '--download-path', folder],
    { reject: false, all: true },
  );
  if (ended.exitCode !== 0 || /error|404|checksum|signature/i.test(ended.all ?? ''))
    seen.wrong.push(`dnf: ${ended.all}`);
  await rm(folder, { recursive: true, force: true });
  count(seen, 'dnf');
}

test(`${steps} publications, deletions and returns in a row leave every reader whole`, async () => {
  const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31);
  const program = join(sourceFolder, 'builder-runner/testing/publish-storm.child.ts');
  storm = spawn(process.execPath, [program, home, String(steps), String(seed)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: storm.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]();
  expect((await lines.next()).value).toBe('ready');
  execFileSync('gpg', [
    '--batch',
    '--quiet',
    '--dearmor',
    '-o',
    join(home, 'ring.gpg'),
    join(home, 'published/results/acme/tools/pubkey.gpg'),
  ]);
  const seen: Seen = { wrong: [], counts: {} };
  let isOver = false;
  const again = async (work: (number: number) => Promise<void>) => {
    for (let number = 0; !isOver; number += 1) await work(number);
  };
  const readers = [
    ...[0, 1].map(() => again(() => readOnce(seen, 0))),
    ...[0, 1, 2].map(() => again(() => readOnce(seen, 5_000))),
    again((number) => dnfOnce(seen, number)),
  ];
  const said = await lines.next();
  if (storm.exitCode === null) await once(storm, 'exit');
  isOver = true;
  await Promise.all(readers);
  console.log(`seed ${seed}: ${said.value}, met by ${JSON.stringify(seen.counts)}`);
  expect([storm.exitCode, seen.wrong]).toEqual([0, []]);
  expect(JSON.parse(said.value as string)).toMatchObject({ returned: expect.any(Number) });
  expect(Math.min(...['fast readings', 'slow readings', 'dnf'].map((what) => seen.counts[what] ?? 0))).toBeGreaterThan(
    1,
  );
}, 600_000);
