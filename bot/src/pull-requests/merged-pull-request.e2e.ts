// The way of a pull request to its end, for real: proposed, built in a sandbox, installed from there, merged over
// GitHub's API, its packages signed for the project as they were tested, installed by dnf; then its sandbox is taken
// away.
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type BuildSummary, type Result, resultSchema, sandboxOf } from '@coppice/config';
import { execa } from 'execa';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { askRepository } from '../../testing/ask-github.ts';
import { openBrowser } from '../../testing/browser.ts';
import { type DnfClient, makeDnfClient } from '../../testing/dnf-client.ts';
import { leftovers } from '../../testing/service-leftovers.ts';
import { makeHome, type ServiceUnderTest, startService } from '../../testing/service-under-test.ts';
import { waitFor } from '../../testing/wait-for.ts';

const chroot = 'sapling-12-x86_64';
const tools = 'packages/acme/tools';

/**
 * A program that is built with a library of the project: the sandbox's builds find it in the project's own repository.
 */
const whistleSpec = (version: number) => `Name: whistle
Version: ${version}
Release: 1%{?dist}
Summary: Whistles
License: MIT
BuildRequires: gcc libgreet-devel
%description
A package that came with a pull request.
%prep
%build
cat > whistle.c <<'END'
#include <greet.h>
#include <stdio.h>
int main(void)
{
    char greeting[64];
    greet(greeting, sizeof greeting, "pull request");
    return printf("%s %d\\n", greeting, ${version}) < 0;
}
END
gcc $RPM_OPT_FLAGS -o whistle whistle.c -lgreet
%install
install -D whistle %{buildroot}%{_bindir}/whistle
%check
./whistle
%files
%{_bindir}/whistle
`;

interface CheckRun {
  readonly name: string;
  readonly status: string;
  readonly conclusion: string | null;
  readonly output: { readonly title: string; readonly summary: string };
}
interface Proposed {
  readonly head: string;
  readonly number: number;
  /** The pull request's own project, without its owner. */
  readonly sandbox: string;
}

let home: Awaited<ReturnType<typeof makeHome>>;
let service: ServiceUnderTest;
let browser: Browser;
/** Knows the repository of the project alone, and keeps what it has installed from one test to the next. */
let user: DnfClient;
let proposed: Proposed;

beforeAll(async () => {
  home = await makeHome();
  service = await startService(home.folder);
  await waitFor('the example to be built', 300, async () => service.output().includes('Coppice is running'));
  browser = await openBrowser();
  user = await makeDnfClient(service.endpoint.url);
  await user.addRepository('tools', signedRepository('tools'));
});

afterAll(async () => {
  await user?.remove();
  await browser?.close();
  await service?.end('SIGTERM');
  if (home) expect(leftovers(home.folder)).toEqual([]);
  await home?.remove();
});

/** What a careful user writes down for a repository: packages and metadata have to be signed. */
function signedRepository(project: string) {
  const base = `${service.endpoint.url}/results/acme/${project}`;
  const signed = { gpgcheck: '1', repo_gpgcheck: '1', gpgkey: `${base}/pubkey.gpg` };
  return { name: project, baseurl: `${base}/${chroot}/`, ...signed, metadata_expire: '1' };
}

async function write(folder: string, path: string, change: string | ((before: string) => string)): Promise<void> {
  const file = join(folder, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, typeof change === 'string' ? change : change(await readFile(file, 'utf8')));
}

/** A pull request of `builder`, who may build the project and not change it. */
async function propose(branch: string, change: (folder: string) => Promise<void>): Promise<Proposed> {
  const head = await service.push('maintainer', `Change for ${branch}`, change, branch);
  const asked = { title: branch, head: branch, base: 'main' };
  const { number } = await service.github<{ number: number }>('builder', 'POST', 'pulls', asked);
  return { head, number, sandbox: sandboxOf('tools', number) };
}

async function checksOf(commit: string): Promise<readonly CheckRun[]> {
  const path = `commits/${commit}/check-runs?per_page=100`;
  return (await service.github<{ check_runs: CheckRun[] }>('maintainer', 'GET', path)).check_runs;
}

/** The check runs of a commit by name, once these packages have theirs and all are complete. */
async function verdicts(commit: string, ...packages: string[]): Promise<Readonly<Record<string, CheckRun>>> {
  const names = ['coppice / config', ...packages.map((name) => `acme/tools: ${name} (${chroot})`)];
  return await waitFor(`the check runs of ${commit}`, 240, async () => {
    const runs = await checksOf(commit);
    const there = names.every((name) => runs.some((run) => run.name === name));
    const complete = runs.every(({ status }) => status === 'completed');
    return there && complete && Object.fromEntries(runs.map((run) => [run.name, run]));
  });
}

async function buildsOf(project: string): Promise<readonly BuildSummary[]> {
  return (await service.builds()).filter((build) => build.project === project);
}
/**
 * What the public list says of a project's builds, once all have ended: it is written a little after the check runs.
 */
async function ended(project: string): Promise<readonly string[]> {
  const builds = await waitFor(`the builds of ${project} to end`, 60, async () => {
    const found = await buildsOf(project);
    return found.every(({ endedAt }) => endedAt !== null) && found;
  });
  return builds.map((build) => `${build.package} ${build.state}`).sort();
}

/** The record of the last build of a package, and the folder that it is in. */
async function lastOf(project: string, name: string): Promise<Result & { readonly folder: string }> {
  const repository = join(home.folder, 'published/results/acme', project, chroot);
  const folder = (await readdir(repository))
    .filter((each) => new RegExp(`^\\d+-${name}$`).test(each))
    .sort()
    .at(-1);
  const text = await readFile(join(repository, folder ?? '', 'result.json'), 'utf8');
  return { ...resultSchema.parse(JSON.parse(text)), folder: join(repository, folder ?? '') };
}

/** What each package holds, whoever signed it: file → digests of its header and payload. */
async function contentOf({ folder, artifacts }: Awaited<ReturnType<typeof lastOf>>): Promise<readonly string[]> {
  const files = artifacts.map(({ file }) => join(folder, file)).sort();
  const format = '%{NEVRA} %{SHA256HEADER} %{PAYLOADDIGEST}\n';
  const { stdout } = await execa('rpm', ['-qp', '--nosignature', '--qf', format, ...files]);
  return stdout.trim().split('\n');
}

/** The packages of the project's last build are those of the sandbox's, and no builder had anything to do with it. */
async function wasPromoted(sandbox: string, name: string): Promise<void> {
  const [tested, published] = [await lastOf(sandbox, name), await lastOf('tools', name)];
  expect(published).toMatchObject({
    state: 'succeeded',
    builder: null,
    promotedFrom: { project: sandbox, id: tested.id },
  });
  expect(published.phases.map((phase) => phase.name)).not.toContain('build');
  expect(await contentOf(published)).toEqual(await contentOf(tested));
  expect(published.id).toBeGreaterThan(tested.id);
}

async function merge({ number, head }: Proposed, method: 'merge' | 'squash' | 'rebase'): Promise<string> {
  const asked = { merge_method: method, sha: head };
  const done = await service.github<{ sha: string }>('maintainer', 'PUT', `pulls/${number}/merge`, asked);
  return done.sha;
}

/** All that the page of a project says to who reads it. */
async function read(project: string): Promise<{ readonly status: number | undefined; readonly text: string }> {
  const page = await browser.newPage();
  try {
    const answer = await page.goto(`${service.endpoint.url}/acme/${project}/`);
    return { status: answer?.status(), text: (await page.locator('body').innerText()) ?? '' };
  } finally {
    await page.close();
  }
}

async function installed(client: DnfClient, command: 'install' | 'upgrade', ...packages: string[]): Promise<void> {
  const ended = await client.dnf(command, ...packages);
  expect(ended, ended.output).toMatchObject({ exitCode: 0 });
}
async function says(client: DnfClient, program: string): Promise<string> {
  const ended = await client.run(`/usr/bin/${program}`);
  expect(ended, ended.output).toMatchObject({ exitCode: 0 });
  return ended.output;
}

test('a new package and a changed one are checked and built in a sandbox, beside what the project has', async () => {
  proposed = await propose('whistle', async (folder) => {
    await write(folder, `${tools}/whistle/whistle.spec`, whistleSpec(1));
    const stated = '  whistle:\n    source: { type: dir }\n    needs: [libgreet]\n';
    await write(folder, 'projects/acme/tools.yaml', (before) => before.replace('packages:\n', `packages:\n${stated}`));
    await write(folder, `${tools}/hello/hello.spec`, (before) => before.replace(/^(Version: *)1\.0$/m, '$12.0'));
  });
  const checks = await verdicts(proposed.head, 'hello', 'whistle');
  for (const { name, conclusion } of Object.values(checks)) expect(`${name}: ${conclusion}`).toContain(': success');
  expect(checks['coppice / config']?.output.summary).toContain(`acme/${proposed.sandbox}`);
  expect(await ended(proposed.sandbox)).toEqual(['hello succeeded', 'whistle succeeded']);
  expect(await ended('tools')).toEqual(['hello succeeded', 'libgreet succeeded', 'motd succeeded']);
});

test('what another pull request builds sees nothing of the sandbox', async () => {
  const other = await propose('kazoo', async (folder) => {
    const spec = whistleSpec(1).replaceAll('whistle', 'kazoo').replace('libgreet-devel', 'libgreet-devel whistle');
    await write(folder, `${tools}/kazoo/kazoo.spec`, spec);
    const stated = '  kazoo:\n    source: { type: dir }\n';
    await write(folder, 'projects/acme/tools.yaml', (before) => before.replace('packages:\n', `packages:\n${stated}`));
  });
  const kazoo = (await verdicts(other.head, 'kazoo'))[`acme/tools: kazoo (${chroot})`];
  expect(kazoo?.output).toMatchObject({ title: expect.stringContaining('failed (dependencies)') });
  expect(kazoo?.output.summary).toContain('whistle');
  await service.github('builder', 'PATCH', `pulls/${other.number}`, { state: 'closed' });
});

test('who tries the pull request installs from its signed repository; who uses the project gets nothing of it', async () => {
  const tester = await makeDnfClient(service.endpoint.url);
  try {
    // As its check says: whistle needs libgreet, which the project has and the sandbox has not.
    const named = `acme/${proposed.sandbox}`;
    const enabled = await tester.dnf('copr', 'enable', '--hub', service.endpoint.url, named, chroot);
    expect(enabled, enabled.output).toMatchObject({ exitCode: 0 });
    await installed(tester, 'install', 'whistle', 'hello');
    expect(await says(tester, 'whistle')).toBe('Hello, pull request! 1');
    expect((await tester.run('/usr/bin/hello')).output).toBe('Hello, wood!');
    const from = await tester.dnf('repoquery', '--installed', '--qf', '%{name}-%{version} %{from_repo}', 'hello');
    expect(from.output).toMatch(/hello-2\.0 copr:[^:]+:acme:tools:pr:\d+$/m);
    // The stock plugin knows it by its name, and takes it away again.
    const hub = ['--hub', service.endpoint.url];
    expect((await tester.dnf('repolist')).output).toContain(`:acme:${proposed.sandbox}`);
    const removed = await tester.dnf('copr', 'remove', ...hub, named);
    expect(removed, removed.output).toMatchObject({ exitCode: 0 });
    expect((await tester.dnf('repolist')).output).not.toContain(':pr:');
  } finally {
    await tester.remove();
  }
  await installed(user, 'install', 'hello');
  const refused = await user.dnf('install', 'whistle');
  expect(refused.exitCode, refused.output).not.toBe(0);
  expect((await read('tools')).text).not.toContain('whistle');
});

test('merged, its packages are signed for the project as they were tested, and dnf installs and upgrades to them', async () => {
  const merged = await merge(proposed, 'merge');
  const checks = await verdicts(merged, 'hello', 'whistle');
  for (const { name, conclusion } of Object.values(checks)) expect(`${name}: ${conclusion}`).toContain(': success');
  for (const name of ['hello', 'whistle']) {
    await wasPromoted(proposed.sandbox, name);
    const { summary } = checks[`acme/tools: ${name} (${chroot})`]?.output ?? {};
    expect(summary).toMatch(/^Not built again: these are the packages of build \d+ of acme\/tools:pr:\d+/);
  }
  expect(checks['coppice / config']?.output.summary).toContain('Nothing is built: the packages that were tested in');
  await installed(user, 'install', 'whistle');
  expect(await says(user, 'whistle')).toBe('Hello, pull request! 1');
  await installed(user, 'upgrade', 'hello');
  const now = await user.dnf('repoquery', '--installed', '--qf', '%{name}-%{version} %{from_repo}', 'hello', 'whistle');
  expect(now.output).toContain('hello-2.0 tools');
  expect(now.output).toContain('whistle-1 tools');
});

test('the page of the project shows what came with it', async () => {
  // The pages follow a build that has ended.
  const rows = [/^whistle\s+1-1\.sap12\s+succeeded\b/im, /^hello\s+2\.0-1\.sap12\s+succeeded\b/im];
  await waitFor('the page to show both as built', 60, async () => {
    const { text } = await read('tools');
    return rows.every((row) => row.test(text));
  });
});

test('the page of a build says from which build of the sandbox its packages are', async () => {
  const { id, promotedFrom } = await lastOf('tools', 'whistle');
  const page = await browser.newPage();
  try {
    await page.goto(`${service.endpoint.url}/acme/tools/build/${id}/`);
    expect(await page.locator('body').innerText()).toContain(
      `as it was tested in build ${promotedFrom?.id} of acme/${proposed.sandbox}, and signed with the project's key`,
    );
  } finally {
    await page.close();
  }
});

test('a service that is killed while a merge is under way publishes what was tested, once', async () => {
  const next = await propose('hello-3', (folder) =>
    write(folder, `${tools}/hello/hello.spec`, (before) => before.replace(/^(Version: *)2\.0$/m, '$13.0')),
  );
  await verdicts(next.head, 'hello');
  const before = (await buildsOf('tools')).length;
  const merged = await merge(next, 'rebase');
  // Not before: the local GitHub, which has to remember the merge, is killed too.
  await waitFor('the merge to be planned', 60, async () => (await buildsOf('tools')).length > before);
  await service.end('SIGKILL');
  // Its users go on where it was.
  service = await startService(home.folder, { COPPICE_PORT: new URL(service.endpoint.url).port });
  await verdicts(merged, 'hello');
  await wasPromoted(next.sandbox, 'hello');
  const folders = await readdir(join(home.folder, 'published/results/acme/tools', chroot));
  // The first of the example, the one of the pull request before, and this one.
  expect(folders.filter((each) => each.endsWith('-hello'))).toHaveLength(3);
});

test('its sandbox stays for as long as the policy says, and is then swept', async () => {
  const results = join(home.folder, 'published/results/acme', proposed.sandbox);
  expect(existsSync(results)).toBe(true);
  expect((await read(proposed.sandbox)).status).toBe(200);
  await service.push('maintainer', 'Keep no sandbox', (folder) =>
    write(folder, 'coppice.yaml', (before) => `${before}\nretention: { pullRequests: 1s }\n`),
  );
  await waitFor('the sandbox to go', 60, async () => !existsSync(results));
  const page = await waitFor('its page to go', 60, async () => {
    const seen = await read(proposed.sandbox);
    return seen.status === 404 && seen;
  });
  expect(page.text).not.toContain('whistle');
  // What was merged is the project's now.
  await installed(user, 'install', '--refresh', 'whistle');
  expect(await ended('tools')).toContain('whistle succeeded');
});

test('from a fork: refused until a maintainer approves, built in a sandbox, squashed when the fork is gone, and swept', async () => {
  const { apiUrl } = service.endpoint.github;
  await service.github('outsider', 'POST', 'forks', {});
  const change = (folder: string) => write(folder, `${tools}/whistle/whistle.spec`, whistleSpec(2));
  const head = await service.push('outsider', 'Whistle twice', change, 'whistle-2', 'outsider/packages');
  const asked = { title: 'whistle-2', head: 'outsider:whistle-2', base: 'main' };
  const { number } = await service.github<{ number: number }>('outsider', 'POST', 'pulls', asked);
  const sandbox = sandboxOf('tools', number);
  expect((await verdicts(head))['coppice / config']).toMatchObject({ conclusion: 'action_required' });
  await service.github('maintainer', 'POST', `issues/${number}/comments`, { body: `/approve ${head}` });
  const built = (await verdicts(head, 'whistle'))[`acme/tools: whistle (${chroot})`];
  expect(built?.output.summary).toMatch(
    new RegExp(`coprs/acme/tools:pr:${number}/repo/.*\ndnf install whistle\n`, 's'),
  );
  expect(await ended(sandbox)).toEqual(['whistle succeeded']);
  const tester = await makeDnfClient(service.endpoint.url);
  try {
    await tester.addRepository('tools', signedRepository('tools'));
    await tester.addRepository('sandbox', signedRepository(sandbox));
    await installed(tester, 'install', 'whistle');
    expect(await says(tester, 'whistle')).toBe('Hello, pull request! 2');
  } finally {
    await tester.remove();
  }
  await askRepository(apiUrl, 'outsider/packages')('outsider', 'DELETE', '');
  const merged = await merge({ number, head, sandbox }, 'squash');
  expect(merged).not.toBe(head);
  await verdicts(merged, 'whistle');
  await installed(user, 'upgrade', 'whistle');
  expect(await says(user, 'whistle')).toBe('Hello, pull request! 2');
  const results = join(home.folder, 'published/results/acme', sandbox);
  // It is looked for what time has ended every hour, and behind whatever is worked off.
  await service.github('maintainer', 'POST', 'issues/1/comments', { body: '/status' });
  await waitFor('the sandbox to go', 60, async () => !existsSync(results));
});
