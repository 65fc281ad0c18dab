// The whole line, for real: a push with Git becomes signed packages that dnf installs and pages that a browser opens.
import { appendFile, cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BuildSummary } from '@coppice/config';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openBrowser } from '../testing/browser.ts';
import { type DnfClient, makeDnfClient } from '../testing/dnf-client.ts';
import {
  changePayload,
  copyKey,
  indexAgain,
  makeStrangersKey,
  type SigningKey,
  unsignPackage,
} from '../testing/forgery.ts';
import { leftovers } from '../testing/service-leftovers.ts';
import { makeHome, type ServiceUnderTest, startService } from '../testing/service-under-test.ts';
import { waitFor } from '../testing/wait-for.ts';
import { startHttpServer } from './service/http-server.ts';

const chroot = 'sapling-12-x86_64';
const project = 'results/acme/tools';

let home: Awaited<ReturnType<typeof makeHome>>;
let service: ServiceUnderTest;

beforeAll(async () => {
  home = await makeHome();
  service = await startService(home.folder);
  await waitFor('the example to be built', 300, async () => service.output().includes('Coppice is running'));
});

afterAll(async () => {
  await service?.end('SIGTERM');
  await home?.remove();
});

const buildOf = (builds: readonly BuildSummary[], name: string) => builds.find((build) => build.package === name);

describe('the first start', () => {
  test('builds what the example states, dependencies first, and ends with three things to try', async () => {
    const builds = await service.builds();
    expect(builds.map((build) => `${build.package} ${build.state}`).sort()).toEqual([
      'hello succeeded',
      'libgreet succeeded',
      'motd succeeded',
    ]);
    expect(Date.parse(buildOf(builds, 'hello')?.startedAt ?? '')).toBeGreaterThanOrEqual(
      Date.parse(buildOf(builds, 'libgreet')?.endedAt ?? ''),
    );
    expect(service.output()).toMatch(/Coppice is running: http[\s\S]*1\. [\s\S]*2\. [\s\S]*3\. /);
    expect(await (await fetch(`${service.endpoint.url}/healthz`)).json()).toEqual({ status: 'ok', ready: true });
  });

  test('leaves a check run for each build on the commit, all good', async () => {
    const wanted = ['libgreet', 'hello', 'motd'].map((name) => `acme/tools: ${name} (${chroot}): success`);
    const complete = await waitFor('the check runs to be complete', 60, async () => {
      const { check_runs: runs } = await service.github<{
        check_runs: { name: string; status: string; conclusion: string }[];
      }>('maintainer', 'GET', 'commits/main/check-runs?per_page=100');
      return (
        runs.every(({ status }) => status === 'completed') &&
        runs.map(({ name, conclusion }) => `${name}: ${conclusion}`)
      );
    });
    expect([...complete].sort()).toEqual(['coppice / config: success', ...wanted].sort());
  });
});

describe('readers with dnf', () => {
  let client: DnfClient;
  beforeAll(async () => {
    client = await makeDnfClient(service.endpoint.url);
  });
  afterAll(() => client.remove());

  test('enable the repository with the stock copr plugin and install a signed package that runs', async () => {
    const enabled = await client.dnf('copr', '--hub', service.endpoint.url, 'enable', 'acme/tools', chroot);
    expect(enabled, enabled.output).toMatchObject({ exitCode: 0 });
    const repositories = await client.dnf('config-manager', '--dump', 'copr:*');
    expect(repositories.output).toMatch(/^gpgcheck = 1$/m);
    expect(repositories.output).toMatch(/^repo_gpgcheck = 1$/m);
    const installed = await client.dnf('install', 'hello');
    expect(installed, installed.output).toMatchObject({ exitCode: 0 });
    const said = await client.run('/usr/bin/hello');
    expect(said, said.output).toMatchObject({ exitCode: 0 });
    expect(said.output).toMatch(/hello/i);
  });

  test('add it by the address that the page prints, under a name that no other project has', async () => {
    const line = await (await fetch(`${service.endpoint.url}/acme/tools/`)).text();
    const address = /config-manager --add-repo (\S+?\.repo)/.exec(line)?.[1] ?? '';
    const added = await client.dnf('config-manager', '--add-repo', address);
    expect(added, added.output).toMatchObject({ exitCode: 0 });
    const kept = await readFile(join(client.root, 'etc/yum.repos.d/acme-tools-sapling-12.repo'), 'utf8');
    expect(kept).toBe(await (await fetch(`${service.endpoint.url}/coprs/acme/tools/repo/sapling-12/dnf.repo`)).text());
  });

  describe('when somebody has changed the files on the way', () => {
    let mirror: string;
    let server: Awaited<ReturnType<typeof startHttpServer>>;
    let ours: SigningKey;
    let strangers: SigningKey;
    let repository: string;
    let mirrorUrl: string;
    beforeAll(async () => {
      mirror = await mkdtemp(join(tmpdir(), 'coppice-mirror-'));
      repository = join(mirror, project, chroot);
      ours = await copyKey(join(home.folder, 'state/keys/acme/tools'));
      strangers = await makeStrangersKey();
      server = await startHttpServer({
        host: '127.0.0.1',
        port: 0,
        published: mirror,
        health: () => ({ status: 'ok', ready: true }),
        metrics: async () => '',
      });
      mirrorUrl = `http://127.0.0.1:${server.port}`;
    });
    afterAll(async () => {
      await server?.close();
      await ours?.remove();
      await strangers?.remove();
      await rm(mirror, { recursive: true, force: true });
    });
    beforeEach(async () => {
      await rm(join(mirror, 'results'), { recursive: true, force: true });
      await cp(join(home.folder, 'published/results'), join(mirror, 'results'), {
        recursive: true,
        verbatimSymlinks: true,
      });
    });
    /** The file that readers have from the service, but the files come from the mirror. */
    const useMirror = async (victim: DnfClient) => {
      const published = await fetch(`${service.endpoint.url}/coprs/acme/tools/repo/sapling-12/dnf.repo`);
      const text = (await published.text()).replaceAll(`${service.endpoint.url}/results/`, `${mirrorUrl}/results/`);
      expect(text).not.toContain(service.endpoint.url);
      await victim.addRepositories('mirror', text);
    };
    const withClient = async (use: (victim: DnfClient) => Promise<void>) => {
      const victim = await makeDnfClient(service.endpoint.url);
      try {
        await useMirror(victim);
        await use(victim);
      } finally {
        await victim.remove();
      }
    };

    /** What dnf says about an installation of motd, which goes the way that `isInstalled` says. */
    const installMotd = async (isInstalled: boolean): Promise<string> => {
      let said = '';
      await withClient(async (victim) => {
        const ended = await victim.dnf('install', 'motd');
        said = ended.output;
        expect(ended.exitCode === 0, said).toBe(isInstalled);
        expect((await victim.run('/usr/bin/motd')).exitCode === 0, said).toBe(isInstalled);
      });
      return said;
    };
    const packageFile = async () => join(repository, await artifactOf(mirror, 'motd'));

    test('an untouched copy installs, so that the refusals below mean something', async () => {
      await installMotd(true);
    });

    test('a package changed on the way does not fit its checksum and is refused', async () => {
      await changePayload(await packageFile());
      expect(await installMotd(false)).toMatch(/motd.*: Downloading successful, but checksum doesn't match/);
    });

    test('a copy with metadata of its own, signed by our key, installs, so that those below fail by their packages', async () => {
      await indexAgain(repository);
      await ours.signMetadata(repository);
      await installMotd(true);
    });

    test.each<readonly [string, (file: string) => Promise<void>, RegExp]>([
      ['signed by another key', (file) => strangers.signPackage(file), /is not installed/],
      ['without a signature', unsignPackage, /is not signed/],
      ['whose files are others than those that were signed', changePayload, /Problem opening package motd/],
    ])('a package %s is refused, though metadata signed by our key is right about it', async (_what, forge, why) => {
      await forge(await packageFile());
      await indexAgain(repository);
      await ours.signMetadata(repository);
      const said = await installMotd(false);
      expect(said).toMatch(why);
      expect(said).not.toMatch(/checksum/i);
    });

    test('metadata signed by another key is refused, though it is right about our packages', async () => {
      await strangers.signMetadata(repository);
      expect(await installMotd(false)).toMatch(/repomd\.xml GPG signature verification error/);
    });

    test('a changed repomd.xml is refused', async () => {
      const path = join(repository, 'repodata/repomd.xml');
      await writeFile(path, (await readFile(path, 'utf8')).replace('<revision>', '<revision>9'));
      expect(await installMotd(false)).toMatch(/repomd\.xml GPG signature verification error/);
    });
  });
});

/** The path, below the repository, of the binary package that the newest build of `name` made. */
async function artifactOf(published: string, name: string): Promise<string> {
  const build = buildOf(await service.builds(), name);
  const folder = `${String(build?.id).padStart(8, '0')}-${name}`;
  const result = JSON.parse(await readFile(join(published, project, chroot, folder, 'result.json'), 'utf8')) as {
    artifacts: { file: string }[];
  };
  const rpm = result.artifacts.find(({ file }) => file.endsWith('.rpm') && !file.endsWith('.src.rpm'));
  return `${folder}/${rpm?.file}`;
}

describe('readers with a browser', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(() => browser.close());

  test('find the install line first on the project page, and what was built on the build page', async () => {
    const page = await browser.newPage();
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(error.message));
    page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
    await page.goto(`${service.endpoint.url}/acme/tools/`);
    expect(await page.textContent('main')).toContain('dnf copr');
    for (const name of ['libgreet', 'hello', 'motd']) expect(await page.textContent('main')).toContain(name);
    const hello = buildOf(await service.builds(), 'hello');
    await page.goto(`${service.endpoint.url}/acme/tools/build/${hello?.id}/`);
    const text = (await page.textContent('main')) ?? '';
    expect(text).toMatch(/succeeded/i);
    expect(text).toMatch(/hello-[\d.]+-\d+\.sap12\.x86_64/);
    expect(text).toMatch(/[0-9a-f]{64}/);
    expect(errors).toEqual([]);
  });
});

describe('people who comment', () => {
  test('/build by name builds again, and `coppice comment` follows the one answer to its good end', async () => {
    const before = (await service.builds()).length;
    const { exitCode, stdout, stderr } = await service.coppice(['comment', '/build hello']);
    expect(exitCode, stdout + stderr).toBe(0);
    expect(stdout).toMatch(/succeeded/i);
    expect((await service.builds()).length).toBe(before + 1);
    const comments = await service.github<{ body: string; user: { login: string } }[]>(
      'maintainer',
      'GET',
      'issues/1/comments?per_page=100',
    );
    expect(comments.map(({ user }) => user.login)).toEqual(['maintainer', 'coppice[bot]']);
  });

  test('an outsider is refused politely and told who can', async () => {
    const { exitCode, stdout } = await service.coppice(['comment', '/build hello'], {
      COPPICE_TOKEN: 'token-outsider',
    });
    expect(exitCode).toBe(1);
    expect(stdout).toContain('maintainer');
    expect(stdout).toContain('builder');
  });

  test('/help and /status are answered, also as JSON', async () => {
    const help = await service.coppice(['comment', '/help', '--json'], { COPPICE_TOKEN: 'token-outsider' });
    expect(JSON.parse(help.stdout)).toMatchObject({ state: 'good', body: expect.stringContaining('/cancel') });
    const status = await service.coppice(['comment', '/status']);
    expect(status.exitCode, status.stdout).toBe(0);
  });
});

describe('the command line', () => {
  test('status names builds and their pages, and tells a good build from none by its exit code', async () => {
    const hello = buildOf(await service.builds(), 'hello');
    const one = await service.coppice(['status', String(hello?.id)]);
    expect([one.exitCode, one.stdout]).toEqual([0, expect.stringContaining('hello')]);
    expect((await service.coppice(['status', '99999'])).exitCode).toBe(1);
    const all = await service.coppice(['status', '--json']);
    expect(JSON.parse(all.stdout).builds.length).toBeGreaterThanOrEqual(4);
  });

  test('doctor finds nothing broken', async () => {
    const { exitCode, stdout } = await service.coppice(['doctor', '--json']);
    expect(exitCode, stdout).toBe(0);
  });

  test('verify finds that a published package is what was built, on what and of what, and says what a changed one is', async () => {
    const hello = buildOf(await service.builds(), 'hello');
    const repository = join(home.folder, 'published', project, chroot);
    const folder = join(repository, `${String(hello?.id).padStart(8, '0')}-hello`);
    const file = (await readdir(folder)).find((name) => /^hello-[\d.]+-\d+\.sap12\.x86_64\.rpm$/.test(name)) ?? '';
    const good = await service.coppice(['verify', join(folder, file), '--json']);
    expect(good.exitCode, good.stdout + good.stderr).toBe(0);
    const { predicate } = JSON.parse(good.stdout).statement;
    const { externalParameters, internalParameters, resolvedDependencies } = predicate.buildDefinition;
    expect(externalParameters).toMatchObject({ project: 'acme/tools', package: 'hello', chroot });
    expect(internalParameters).toMatchObject({ driver: 'local', buildroot: { left: 0 } });
    const gcc = resolvedDependencies.find(({ uri }: { uri: string }) => /^pkg:rpm\/gcc@12/.test(uri));
    expect(gcc.digest.sigmd5).toMatch(/^[0-9a-f]{32}$/);
    // The package that it needs came from the project's own repository.
    expect(resolvedDependencies.some(({ uri }: { uri: string }) => uri.startsWith('pkg:rpm/libgreet-devel@'))).toBe(
      true,
    );
    const elsewhere = await mkdtemp(join(tmpdir(), 'coppice-verify-e2e-'));
    try {
      const changed = join(elsewhere, file);
      await cp(join(folder, file), changed);
      await appendFile(changed, 'x');
      const missing = await service.coppice(['verify', changed]);
      expect([missing.exitCode, missing.stderr]).toEqual([2, expect.stringContaining('--attestation')]);
      const given = ['--attestation', join(folder, 'attestation.intoto.jsonl')];
      const key = ['--key', join(home.folder, 'published', project, 'pubkey.gpg')];
      const bad = await service.coppice(['verify', changed, ...given, ...key]);
      expect([bad.exitCode, bad.stdout]).toEqual([1, expect.stringMatching(/does not fit: rpm-signature, subject\. /)]);
    } finally {
      await rm(elsewhere, { recursive: true });
    }
  });

  test('verify --repo finds what is published whole, and names a package that is another one', async () => {
    const published = join(home.folder, 'published', project, chroot);
    const good = await service.coppice(['verify', '--repo', published, '--json']);
    expect([good.exitCode, JSON.parse(good.stdout)]).toMatchObject([0, { good: true, problems: [] }]);
    const copy = await mkdtemp(join(tmpdir(), 'coppice-verify-repo-'));
    try {
      await cp(published, copy, { recursive: true, verbatimSymlinks: true });
      // The newest is the one that is shown.
      const changed =
        (await readdir(copy))
          .filter((name) => name.endsWith('-hello'))
          .sort()
          .at(-1) ?? '';
      const file = (await readdir(join(copy, changed))).find((name) => name.endsWith('.x86_64.rpm')) ?? '';
      await appendFile(join(copy, changed, file), 'x');
      const keyless = await service.coppice(['verify', '--repo', copy]);
      expect([keyless.exitCode, keyless.stderr]).toEqual([2, expect.stringContaining('--key')]);
      const key = join(home.folder, 'published', project, 'pubkey.gpg');
      const bad = await service.coppice(['verify', '--repo', copy, '--key', key]);
      expect([bad.exitCode, bad.stdout]).toEqual([
        1,
        expect.stringContaining(`${changed}/${file}: primary says other`),
      ]);
      const both = await service.coppice(['verify', 'x.rpm', '--repo', copy]);
      expect(both.exitCode).toBe(2);
    } finally {
      await rm(copy, { recursive: true });
    }
  });

  test('plan shows that the example is built already', async () => {
    const example = join(import.meta.dirname, '../../config/example');
    const { exitCode, stdout, stderr } = await service.coppice(['plan', example, '--json']);
    expect(exitCode, stdout + stderr).toBe(0);
    const planned = JSON.parse(stdout) as { builds: { package: string }[]; skipped: { package: string }[] };
    expect(planned.builds).toEqual([]);
    expect(planned.skipped.map((one) => one.package).sort()).toEqual(['hello', 'libgreet', 'motd']);
    const changed = await mkdtemp(join(tmpdir(), 'coppice-plan-e2e-'));
    try {
      await cp(example, changed, { recursive: true });
      const spec = join(changed, 'packages/acme/tools/libgreet/libgreet.spec');
      await writeFile(spec, (await readFile(spec, 'utf8')).replace(/^Version:.*$/m, 'Version: 0.0.1'));
      const lower = await service.coppice(['plan', changed]);
      expect(lower.stdout).toMatch(
        /^projects\/acme\/tools\.yaml:\d+:\d+: libgreet 0\.0\.1 is lower than \S+, which is published: /m,
      );
    } finally {
      await rm(changed, { recursive: true });
    }
  });

  test('rotate-key lets another key sign, which the page shows, and readers of the old one go on', async () => {
    const page = async () => await (await fetch(`${service.endpoint.url}/acme/tools/`)).text();
    expect(await page()).toMatch(/rsa4096, until \d{4}-\d\d-\d\d/);
    const client = await makeDnfClient(service.endpoint.url);
    try {
      await client.dnf('copr', '--hub', service.endpoint.url, 'enable', 'acme/tools', chroot);
      await client.dnf('install', 'hello');
      const next = await service.coppice(['rotate-key', 'acme/tools']);
      expect(next.exitCode, next.stdout + next.stderr).toBe(0);
      await waitFor('the page to show the next key', 60, async () => (await page()).includes('the next one'));
      const now = await service.coppice(['rotate-key', '--now', 'acme/tools']);
      expect([now.exitCode, now.stdout]).toEqual([0, expect.stringMatching(/^ {2}former /m)]);
      await waitFor('the page to show the former key', 60, async () => (await page()).includes('a former one'));
      const built = await service.coppice(['comment', '/build motd']);
      expect(built.exitCode, built.stdout).toBe(0);
      const installed = await client.dnf('--refresh', 'install', 'motd');
      expect(installed, installed.output).toMatchObject({ exitCode: 0 });
      expect(installed.output).toMatch(/Importing GPG key/);
    } finally {
      await client.remove();
    }
    expect((await service.coppice(['rotate-key', 'acme'])).exitCode).toBe(2);
    expect((await service.coppice(['rotate-key', 'acme/nothing'])).exitCode).toBe(1);
  });

  test('wrong usage ends with 2', async () => {
    expect((await service.coppice(['status', 'many'])).exitCode).toBe(2);
    expect((await service.coppice(['frobnicate'])).exitCode).toBe(2);
  });
});

describe('the end', () => {
  test('SIGTERM ends everything, also in the middle of a build, and the next start builds it to its end', async () => {
    await service.github('maintainer', 'POST', 'issues/1/comments', { body: '/build libgreet' });
    const id = await waitFor(
      'the build to run',
      60,
      async () => (await service.builds()).find(({ state }) => state === 'running')?.id,
    );
    expect(await service.end('SIGTERM')).toBe(0);
    expect(leftovers(home.folder)).toEqual([]);

    service = await startService(home.folder);
    const ended = await waitFor('the build to end', 180, async () =>
      (await service.builds()).find((build) => build.id === id && build.state === 'succeeded'),
    );
    expect(ended.chroots[0]?.state).toBe('succeeded');
    expect(await service.end('SIGTERM')).toBe(0);
    expect(leftovers(home.folder)).toEqual([]);
  });
});
