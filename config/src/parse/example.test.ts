// The example's specs, held against the real rpm.
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';

const run = promisify(execFile);
const folder = (name: string) => fileURLToPath(new URL(`../../${name}`, import.meta.url));

const specs = [
  ['example/packages/acme/tools/libgreet/libgreet.spec', ['libgreet', 'libgreet-devel']],
  ['example/packages/acme/tools/hello/hello.spec', ['hello']],
  ['example-upstreams/acme/motd/motd.spec', ['motd']],
] as const;

describe.each(specs)('%s', (path, names) => {
  test('makes a source package of the files beside it, and names its packages', { timeout: 60_000 }, async () => {
    const top = await mkdtemp(join(tmpdir(), 'coppice-spec-'));
    try {
      const spec = folder(path);
      const defines = ['--define', `_topdir ${top}`, '--define', `_sourcedir ${dirname(spec)}`];
      const options = { env: { ...process.env, HOME: top, LC_ALL: 'C.UTF-8' } };
      const parsed = await run('rpmspec', ['-q', '--qf', '%{name}\n', ...defines, spec], options);
      expect(parsed.stdout.trim().split('\n')).toEqual(names);
      expect(parsed.stderr).toBe('');
      await run('rpmbuild', ['-bs', '--nodeps', '--define', 'dist .sap12', ...defines, spec], options);
      expect(await readdir(join(top, 'SRPMS'))).toEqual([`${names[0]}-1.0-1.sap12.src.rpm`]);
    } finally {
      await rm(top, { recursive: true });
    }
  });
});
