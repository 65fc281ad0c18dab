// Every way to make a source package but the plain one, on real builders: the tools are stand-ins, all else is real.
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { PinnedSource } from '@coppice/config';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { gitIn } from '../../testing/fetching.ts';
import { type PackageFiles, scripted } from '../../testing/packages.ts';
import { type SourceServer, serveSources } from '../../testing/serve-sources.ts';
import { makeToolsRepository } from '../../testing/srpm-tools.ts';
import { type SrpmBuilds, startSrpmBuilds } from '../../testing/start-srpm-builds.ts';

/** What it does is asked for by the name of the spec: the good thing, or what a hostile package would leave. */
const makefile = `build = rpmbuild -bs --define "_sourcedir $$(pwd)" --define "_srcrpmdir $(outdir)"
srpm: $(notdir $(spec))
treed.spec: always
\ttest "$$(id -u)" = 0
\tif bash -c 'exec 3<>/dev/tcp/127.0.0.1/8400' 2>/dev/null; then echo reached; exit 1; fi
\t$(build) treed.spec
two.spec: always
\t$(build) treed.spec
\tcp $(outdir)/*.src.rpm $(outdir)/other.src.rpm
renamed.spec: always
\t$(build) treed.spec
\tmv $(outdir)/*.src.rpm $(outdir)/other-1.0-1.src.rpm
linked.spec: always
\tln -s /etc/passwd $(outdir)/treed-1.0-1.src.rpm
huge.spec: always
\ttruncate -s 1G $(outdir)/treed-1.0-1.src.rpm
noise.spec: always
\techo noise > $(outdir)/treed-1.0-1.src.rpm
always:
`;
const hostile: readonly [string, RegExp][] = [
  ['two', /^The method make_srpm \(make\) left 2 source packages in .*"other\.src\.rpm".* Leave one\.$/],
  ['renamed', /^The source package was refused: "other-1\.0-1\.src\.rpm" says of itself that it is "treed-1\.0-1/],
  ['linked', /"treed-1\.0-1\.src\.rpm" is not a regular file\.$/],
  ['huge', /^The source package is larger than the limit of \d+ bytes\.$/],
  ['noise', /^The source package was refused: "treed-1\.0-1\.src\.rpm" is not a source package/],
];
const script = `#!/bin/sh
set -eu
test "$(id -u)" != 0
test "$COPR_OWNER/$COPR_PROJECT $COPR_PACKAGE" = 'acme/tools scripted'
command -v rpkg
mkdir -p made
printf 'Name: scripted\\nVersion: 2\\nRelease: 1\\nSummary: S\\nLicense: MIT\\nSource0: data\\n%%description\\nS.\\n' > made/scripted.spec
echo data > made/data
ln -s /etc/shadow made/link
`;

const base: PackageFiles = { ...scripted('treed', 'true', 'Source0: data.txt\n'), 'data.txt': 'data\n' };
const sdist = Buffer.from('a tarball, for all that the stand-in looks at');
let context: SrpmBuilds;
let server: SourceServer;
let folder: string;
let commit: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coppice-methods-'));
  const specs = Object.fromEntries(hostile.map(([name]) => [`${name}.spec`, '']));
  for (const [name, text] of Object.entries({ ...base, ...specs, '.copr/Makefile': makefile })) {
    await mkdir(dirname(join(folder, 'tree', name)), { recursive: true });
    await writeFile(join(folder, 'tree', name), text);
  }
  const git = (...args: string[]) => gitIn(join(folder, 'tree'), ...args);
  git('init', '--quiet', '--initial-branch=main');
  git('add', '.');
  git('commit', '--quiet', '-m', 'Tree');
  commit = git('rev-parse', 'HEAD');
  server = await serveSources((_request, response) => response.end(sdist));
  context = await startSrpmBuilds(
    {},
    {
      git: { protocols: ['https', 'http', 'file'] },
      sources: { privateAddresses: true },
      builders: { pools: [{ max: 2 }] },
    },
  );
  await makeToolsRepository(join(context.place.root, 'tools'));
  await useTools();
});

afterAll(async () => {
  await context?.stop();
  await server?.close();
  await rm(folder, { recursive: true, force: true });
});

/** Adds the stand-ins' repository to the chroot's configuration, as an operator would. */
async function useTools(): Promise<void> {
  const work = join(folder, 'config');
  await execa('git', ['clone', '--quiet', join(context.place.home, 'state', 'config.git'), work]);
  const file = join(work, 'chroots', 'sapling-12-x86_64.cfg');
  const repository = `config_opts['dnf.conf'] += f"""
[tools]
name=tools
baseurl={config_opts['coppice_control']}/tools/
enabled=1
gpgcheck=0
"""
`;
  await writeFile(file, `${await readFile(file, 'utf8')}\n${repository}`);
  gitIn(work, 'commit', '--quiet', '-am', 'Tools');
  gitIn(work, 'push', '--quiet');
  context.useConfig(gitIn(work, 'rev-parse', 'HEAD'));
}

function tree(method: 'rpkg' | 'tito' | 'make_srpm', spec = 'treed.spec'): PinnedSource {
  return { type: 'git', url: `file://${folder}/tree`, ref: 'main', commit, method, spec };
}

const release = (file: string) => ({
  version: '1.2',
  url: `${server.url}/${file}`,
  sha256: createHash('sha256').update(sdist).digest('hex'),
});

describe('a work tree', () => {
  test('rpkg', async () => {
    const { outcome, log } = await context.make({ package: 'treed', source: tree('rpkg') });
    expect(outcome, log).toEqual({ ok: true, value: 'treed-1.0-1.sap12.src.rpm' });
  });

  test('tito, with --test while the commit has no tag', async () => {
    const { outcome, log } = await context.make({ package: 'treed', source: tree('tito') });
    expect(outcome, log).toEqual({ ok: true, value: 'treed-1.0-0.test.1.src.rpm' });
  });

  test("make_srpm: .copr/Makefile as root of the chroot, cut off from the builder's network", async () => {
    const { outcome, log } = await context.make({ package: 'treed', source: tree('make_srpm') });
    expect(outcome, log).toEqual({ ok: true, value: 'treed-1.0-1.sap12.src.rpm' });
  });
});

test.each(hostile)('what a hostile package leaves is refused: %s', async (name, message) => {
  const { outcome, path } = await context.make({ package: 'treed', source: tree('make_srpm', `${name}.spec`) });
  expect(outcome).toMatchObject({ ok: false, failure: { reason: 'source', message: expect.stringMatching(message) } });
  expect(readdirSync(dirname(path('x'))).sort()).toEqual(['fail', 'result.json', 'srpm.log']);
});

test('a release of PyPI, by pyp2rpm', async () => {
  const source: PinnedSource = { type: 'pypi', package: 'apple', ...release('apple-1.2.tar.gz') };
  const { outcome, log, record } = await context.make({ package: 'apple', source });
  expect(outcome, log).toEqual({ ok: true, value: 'python-apple-1.2-1.src.rpm' });
  expect(record.fetched).toMatchObject([{ file: 'apple-1.2.tar.gz', bytes: sdist.length }]);
});

test('a release of RubyGems, by gem2rpm', async () => {
  const source: PinnedSource = { type: 'rubygems', gem: 'pear', ...release('pear-1.2.gem') };
  const { outcome, log } = await context.make({ package: 'pear', source });
  expect(outcome, log).toEqual({ ok: true, value: 'rubygem-pear-1.2-1.src.rpm' });
});

describe('a script', () => {
  const made = (text: string, more: object = {}) =>
    context.make({ package: 'scripted', source: { type: 'script', script: text, ...more } as PinnedSource });

  test('runs without rights, with what it needs installed; what it leaves that is not a file is left out', async () => {
    const { outcome, log } = await made(script, { builddeps: ['rpkg'], resultdir: 'made' });
    expect(outcome, log).toEqual({ ok: true, value: 'scripted-2-1.src.rpm' });
  });

  test('that fails is quoted', async () => {
    const { outcome } = await made('#!/bin/sh\necho error: no luck; exit 3');
    const message = 'The script failed with exit code 3: no luck.';
    expect(outcome).toMatchObject({ ok: false, failure: { reason: 'source', message } });
  });

  test('needs something that no repository has: it is named', async () => {
    const { outcome } = await made(script, { builddeps: ['no-such-tool'] });
    expect(outcome).toMatchObject({
      failure: { reason: 'dependencies', message: expect.stringMatching(/sapling-12-x86_64: no-such-tool\.$/) },
    });
  });

  test('two specs are one too many', async () => {
    const { outcome } = await made('#!/bin/sh\ntouch a.spec b.spec');
    expect(outcome).toMatchObject({
      failure: { message: 'The script left 2 specs in its `resultdir`, where one spec is expected.' },
    });
  });

  test('that wants the network on builders without one fails at once, and says so', async () => {
    const source = { type: 'script', script } as PinnedSource;
    const { outcome, record } = await context.make({ package: 'scripted', source, buildroot: { network: true } });
    expect(outcome).toMatchObject({
      failure: { reason: 'source', message: expect.stringMatching(/needs a builder with one/) },
    });
    expect(record.builder).toBeNull();
  });
});

test('a tool that the chroot has no package of: said which, and where to put it', async () => {
  const plain = gitIn(join(folder, 'config'), 'rev-parse', 'HEAD^');
  const withTools = gitIn(join(folder, 'config'), 'rev-parse', 'HEAD');
  context.useConfig(plain);
  const { outcome } = await context.make({ package: 'treed', source: tree('rpkg') });
  context.useConfig(withTools);
  expect(outcome).toMatchObject({
    failure: {
      reason: 'source',
      message: expect.stringMatching(/^The method rpkg needs the program rpkg, .*chroots\/sapling-12-x86_64\.cfg/),
    },
  });
});
