import { readdirSync, readFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, open, rm, stat, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeRpms } from '../../testing/make-rpms.ts';
import { checkPayloads } from './check-payloads.ts';

const never = new AbortController().signal;
const formats = ['w9.gzdio', 'w6.xzdio', 'w9.zstdio'];
const contentBytes = 400_000;
const names = ['tiny-1.0-1.noarch.rpm', 'tiny-1.0-1.src.rpm'];
let made: string;

beforeAll(async () => {
  made = await mkdtemp(join(tmpdir(), 'coppice-payloads-test-'));
  for (const format of formats) {
    await mkdir(join(made, format));
    await makeRpms(join(made, format), 'tiny', '1.0', {
      preamble: `%define _binary_payload ${format}\n%define _source_payload ${format}`,
      files: `%install\nseq 100000 | head -c ${contentBytes} >%{buildroot}/numbers\n%files\n/numbers`,
    });
  }
}, 60_000);
afterAll(() => rm(made, { recursive: true, force: true }));

const check = (folder: string, files = names, more = {}) =>
  checkPayloads({ folder, files, unpackedBytes: 10 * contentBytes, seconds: 60, signal: never, ...more });

/** A copy of the packages with one of them spoilt. */
async function spoilt(format: string, name: string, spoil: (path: string, size: number) => Promise<void>) {
  const folder = await mkdtemp(join(made, 'spoilt-'));
  await cp(join(made, format), folder, { recursive: true });
  const path = join(folder, name);
  await spoil(path, (await stat(path)).size);
  return folder;
}

async function overwrite(path: string, at: number): Promise<void> {
  const file = await open(path, 'r+');
  await file.write(Buffer.from('damaged!'), 0, 8, at);
  await file.close();
}

test.each(formats)(
  'a payload of the kind %s is good as rpmbuild makes it, and damaged when it is not so',
  async (format) => {
    expect(await check(join(made, format))).toBeUndefined();
    const folder = await spoilt(format, 'tiny-1.0-1.noarch.rpm', (path, size) => overwrite(path, size - 500));
    const message = expect.stringMatching(/"tiny-1.0-1.noarch.rpm" is damaged/);
    expect(await check(folder)).toMatchObject({ reason: 'packaging', message });
  },
);

test.each([
  ['a package that is cut off', names[0], (path: string, size: number) => truncate(path, size - 100)],
  ['other bytes at the end of a source package', names[1], (path: string, size: number) => overwrite(path, size - 60)],
])('damaged is %s', async (_, name = '', spoil) => {
  const message = expect.stringMatching(`"${name}" is damaged`);
  expect(await check(await spoilt('w9.gzdio', name, spoil))).toMatchObject({ reason: 'packaging', message });
});

test('what unpacks to more than it may is refused', async () => {
  expect(await check(join(made, 'w9.gzdio'), names, { unpackedBytes: contentBytes - 1 })).toMatchObject({
    reason: 'policy',
    message: expect.stringMatching(/"tiny-1.0-1.noarch.rpm" unpacks to more than 399999 bytes/),
  });
});

test('what takes longer than it may to unpack is refused', async () => {
  const many = Array.from({ length: 200 }, () => names[0] ?? '');
  const refused = await check(join(made, 'w9.gzdio'), many, { seconds: 0.2 });
  expect(refused).toMatchObject({ reason: 'policy', message: expect.stringMatching(/longer than the limit/) });
});

test('a cancellation ends the check', async () => {
  const canceled = check(join(made, 'w9.gzdio'), names, { signal: AbortSignal.abort(new Error('canceled')) });
  await expect(canceled).rejects.toThrow('canceled');
});

/** Name and parent of all processes that have not ended, by their number; at once, for many end in a moment. */
function processes(): ReadonlyMap<number, { readonly name: string; readonly parent: number }> {
  const found = new Map<number, { name: string; parent: number }>();
  for (const entry of readdirSync('/proc').filter((each) => /^\d+$/.test(each))) {
    try {
      const [, name = '', parent] =
        /^\d+ \((.*)\) [^ZX] (\d+) /s.exec(readFileSync(`/proc/${entry}/stat`, 'utf8')) ?? [];
      found.set(Number(entry), { name, parent: Number(parent) });
    } catch {
      // it has ended
    }
  }
  return found;
}

/**
 * Kills programs of that name that this process started, directly or not, until `work` is done: one that has just ended
 * by itself does not notice.
 */
async function killOwn(wanted: string, work: Promise<unknown>): Promise<void> {
  let isDone = false;
  const done = () => {
    isDone = true;
  };
  work.then(done, done);
  for (; !isDone; await nextTurn()) {
    const all = processes();
    const isOwn = (pid: number): boolean => pid === process.pid || (all.has(pid) && isOwn(all.get(pid)?.parent ?? 0));
    const [pid] = [...all].find(([each, { name }]) => name === wanted && isOwn(each)) ?? [];
    try {
      if (pid !== undefined) process.kill(pid, 'SIGKILL');
    } catch {
      // it had ended by itself
    }
  }
}

test.each(['rpmkeys', 'rpm2archive', 'bwrap'])('%s that is killed has said nothing of the package', async (program) => {
  const many = Array.from({ length: 1000 }, () => names[0] ?? '');
  const checked = check(join(made, 'w9.gzdio'), many, { seconds: 600 });
  await Promise.all([
    killOwn(program, checked),
    expect(checked).rejects.toMatchObject({
      ...{ name: 'RunnerError', code: 'collect', message: expect.stringMatching(/was ended before it had an answer/) },
    }),
  ]);
});
