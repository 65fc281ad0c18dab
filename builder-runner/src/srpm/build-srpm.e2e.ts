// Source packages of plain sources, made by mock on real builders of this machine; and what ends their making.
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { scripted } from '../../testing/packages.ts';
import { type SrpmBuilds, startSrpmBuilds } from '../../testing/start-srpm-builds.ts';
import { otherSapling, sapling } from '../../testing/start-test-service.ts';
import { Canceled } from '../base/abort.ts';
import { findSrpm } from '../publish/publisher.ts';

const packages = {
  plain: { ...scripted('plain', 'true', 'Source0: data.txt\n'), 'data.txt': 'data\n' },
  broken: { 'broken.spec': 'Name: broken\nBogus: yes\n' },
  lacking: scripted('lacking', 'true', 'Source0: not-there.txt\n'),
  differing: {
    ...scripted(
      'differing',
      'true',
      '%bcond_with extra\nSource0: data.txt\n%if %{with extra}\nSource1: extra.txt\n%endif\n',
    ),
    ...{ 'data.txt': 'data\n', 'extra.txt': 'extra\n' },
  },
  // A spec is a program: this one does not end.
  sleeper: { 'sleeper.spec': `%global wait %(sleep 3599)\n${scripted('sleeper', 'true')['sleeper.spec']}` },
};

let context: SrpmBuilds;
beforeAll(async () => {
  context = await startSrpmBuilds(packages, { builders: { pools: [{ max: 2 }] } });
});
afterAll(() => context.stop());

test('a spec with its sources becomes a source package, whose hash is in the record', async () => {
  const { outcome, record, path } = await context.make({ package: 'plain' });
  expect(outcome).toEqual({ ok: true, value: 'plain-1.0-1.sap12.src.rpm' });
  const { stdout } = await execa('sha256sum', [path('plain-1.0-1.sap12.src.rpm')]);
  expect(record.artifacts).toMatchObject([{ file: 'plain-1.0-1.sap12.src.rpm', sha256: stdout.split(' ')[0] }]);
  expect(record.builder).toMatch(/^coppice-/);
  const files = (await execa('rpm', ['-qpl', '--nosignature', path('plain-1.0-1.sap12.src.rpm')])).stdout;
  expect(files.split('\n').sort()).toEqual(['data.txt', 'plain.spec']);
});

test('a chroot in which the spec names other sources gets a source package of its own', async () => {
  const also = { chroot: otherSapling, buildroot: { with: ['extra'] } };
  const { outcome, record, build, path, log } = await context.make({ package: 'differing', also });
  const file = 'differing-1.0-1.sap12.src.rpm';
  expect(outcome).toEqual({ ok: true, value: file });
  const own = `${otherSapling}/${file}`;
  expect(record.artifacts.map((artifact) => artifact.file)).toEqual([file, own]);
  const filesOf = async (name: string) =>
    (await execa('rpm', ['-qpl', '--nosignature', path(name)])).stdout.split('\n').sort();
  expect(await filesOf(file)).toEqual(['data.txt', 'differing.spec']);
  expect(await filesOf(own)).toEqual(['data.txt', 'differing.spec', 'extra.txt']);
  expect(log).toContain(`The source package for ${otherSapling}, where the spec names other sources:`);
  const place = { home: context.place.home };
  const made = { ...build, srpm: file };
  expect(await findSrpm(place, made, otherSapling)).toBe(path(own));
  expect(await findSrpm(place, made, sapling)).toBe(path(file));
});

test("a spec that does not parse: in rpm's words, with its log", async () => {
  const { outcome, log } = await context.make({ package: 'broken' });
  const message = expect.stringMatching(/^No source package could be made of broken\.spec: .*Bogus/);
  expect(outcome).toMatchObject({ ok: false, failure: { reason: 'source', message } });
  expect(log).toContain('Bogus');
});

test('a source that is not there is named', async () => {
  const { outcome } = await context.make({ package: 'lacking' });
  const message = expect.stringMatching(
    /^not-there\.txt is not among the sources: lacking\.spec names it in sapling-12/,
  );
  expect(outcome).toMatchObject({ failure: { reason: 'source', message } });
});

test('the time limit ends it, and all that it started', async () => {
  const { outcome } = await context.make({ package: 'sleeper' }, { srpmSeconds: 20 });
  const message = 'Making the source package took longer than its time limit of 20 s.';
  expect(outcome).toMatchObject({ ok: false, failure: { reason: 'timeout', message } });
  await expect.poll(sleepers, { timeout: 30_000 }).toEqual([]);
});

test('a cancellation ends it, and all that it started', async () => {
  const canceling = new AbortController();
  const made = context.make({ package: 'sleeper' }, { signal: canceling.signal });
  made.catch(() => undefined);
  await vi.waitFor(async () => expect(await sleepers()).not.toEqual([]), { timeout: 60_000 });
  const reason = new Canceled('Canceled by somebody.');
  canceling.abort(reason);
  await expect(made).rejects.toBe(reason);
  await expect.poll(sleepers, { timeout: 30_000 }).toEqual([]);
  expect(readdirSync(join(context.place.home, 'state', 'staging'))).toEqual([]);
  expect(existsSync(dirname(join(context.place.root, 'results', 'acme', 'tools', 'srpm-builds', '5', 'x')))).toBe(
    false,
  );
});

async function sleepers(): Promise<readonly string[]> {
  const { stdout } = await execa('ps', ['-eo', 'args']);
  return stdout.split('\n').filter((line) => line === 'sleep 3599');
}
