// `npm start` as the first thing that somebody does with Coppice: in a clean copy of what this repository's HEAD holds,
// with a clean home. Only what was downloaded before is not downloaded again.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { buildsJsonSchema } from '@coppice/config';
import { execa } from 'execa';
import { afterAll, afterEach, beforeAll, expect, onTestFailed, test } from 'vitest';
import { makeDnfClient } from '../testing/dnf-client.ts';
import { leftovers } from '../testing/service-leftovers.ts';
import { sourceFolder } from '../testing/service-under-test.ts';
import { waitFor } from '../testing/wait-for.ts';

const chroot = 'sapling-12-x86_64';
const ended = 'Ctrl-C ends everything.';
/**
 * A minute or two on an idle machine, most of it for the distribution that is made. A slow machine is not a failure.
 */
const startSeconds = 900;
const limit = { timeout: 1_200_000 };

let scratch: string;
let copy: string;
let home: string;
let environment: Record<string, string>;
let started: Started | undefined;

interface Started {
  readonly npm: ChildProcess;
  /** Resolves with how npm ended: its exit code, or the signal. */
  readonly end: Promise<number | string>;
  output(): string;
}

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'coppice-start-'));
  copy = join(scratch, 'coppice');
  home = join(scratch, 'home');
  await mkdir(copy);
  // A checkout that another user made is as good.
  const head = ['-c', `safe.directory=${sourceFolder.replace(/\/$/, '')}`, '-C', sourceFolder, 'archive', 'HEAD'];
  await execa('git', [...head, `--output=${join(scratch, 'head.tar')}`]);
  await execa('tar', ['--extract', `--file=${join(scratch, 'head.tar')}`, `--directory=${copy}`]);
  await mkdir(join(home, 'cache'), { recursive: true });
  const debs = join(sourceFolder, 'var/cache/debs');
  await access(debs); // `npm test` has filled it
  await symlink(debs, join(home, 'cache/debs'));
  environment = cleanEnvironment();
});

afterEach(async () => {
  if (started === undefined || !isRunning(started.npm)) return;
  process.kill(-(started.npm.pid ?? 0), 'SIGTERM'); // the test failed: the service is to take its builders along
  await started.end;
});

afterAll(async () => {
  await rm(scratch, { recursive: true, force: true });
});

/** What a shell has in which nobody runs npm yet: neither npm's own variables nor the programs of this checkout. */
function cleanEnvironment(): Record<string, string> {
  const own = Object.entries(process.env).filter(
    ([name]) => !/^(npm_|COPPICE_|VITEST|NODE_(ENV|OPTIONS|PATH)$|INIT_CWD$)/i.test(name),
  );
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => !folder.includes('node_modules'));
  return {
    ...(Object.fromEntries(own) as Record<string, string>),
    PATH: folders.join(delimiter),
    npm_config_prefer_offline: 'true',
    COPPICE_HOME: home,
    COPPICE_PORT: '0',
    COPPICE_GITHUB_PORT: '0',
  };
}

const isRunning = ({ exitCode, signalCode }: ChildProcess) => exitCode === null && signalCode === null;

/** Runs `npm start` as a terminal does, in a process group of its own, until it has said everything. */
async function npmStart(): Promise<Started> {
  const npm = spawn('npm', ['start'], {
    cwd: copy,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let output = '';
  for (const stream of [npm.stdout, npm.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  const end = once(npm, 'close').then(([code, signal]: (number | string)[]) => code ?? signal ?? 'nothing');
  started = { npm, end, output: () => output };
  await waitFor('npm start to say what to try', startSeconds, async () => {
    if (!isRunning(npm)) throw new Error(`npm start ended with ${await end}`);
    return output.includes(ended);
  });
  return started;
}

/** Runs a line as it is printed, in the folder in which `npm start` runs, as a second terminal would. */
async function asPrinted(line: string) {
  const all = await execa('sh', ['-c', line], {
    cwd: copy,
    env: environment,
    extendEnv: false,
    reject: false,
    all: true,
  });
  expect(all.exitCode, all.all).toBe(0);
  return all.all;
}

function showOutputWhenFailed(): void {
  onTestFailed(() => console.log(`npm start said:\n${started?.output()}`));
}

test(
  'it sets everything up, builds the example, says three things to try, which work, and ends with Ctrl-C',
  limit,
  async () => {
    showOutputWhenFailed();
    const { npm, end, output } = await npmStart();
    const words = output().slice(output().indexOf('Coppice is running'));
    const url = /^Coppice is running: (http:\S+)$/m.exec(words)?.[1] ?? '';
    const [page, comment, clone] = [1, 2, 3].map(
      (number) => new RegExp(`^ +${number}\\. [^:]+: +(.+)$`, 'm').exec(words)?.[1] ?? '',
    );
    expect(output()).toMatch(/set-up: \d+ npm packages to install/);

    expect(await (await fetch(`${url}/healthz`)).json()).toEqual({ status: 'ok', ready: true });
    const builds = async () => buildsJsonSchema.parse(await (await fetch(`${url}/api/v1/builds.json`)).json()).builds;
    const example = ['hello succeeded', 'libgreet succeeded', 'motd succeeded'];
    expect((await builds()).map((build) => `${build.package} ${build.state}`).sort()).toEqual(example);
    await expectPackage(url, 'hello');

    // 1. Look at what was built
    const shown = await fetch(page ?? '');
    expect(shown.status).toBe(200);
    const text = await shown.text();
    for (const name of ['hello', 'libgreet', 'motd']) expect(text).toContain(`>${name}</a>`);
    // 2. Ask for a build
    expect(comment).toContain('/build hello');
    expect(await asPrinted(comment ?? '')).toMatch(/succeeded/i);
    expect(await builds()).toHaveLength(example.length + 1);
    // 3. Change a package and push
    await asPrinted(`cd ${scratch} && ${clone}`);
    await access(join(scratch, 'packages/projects/acme/tools.yaml'));

    await followTutorial(url, /^git clone (http:\S+)\/acme\/packages\.git$/.exec(clone ?? '')?.[1] ?? '');

    process.kill(-(npm.pid ?? 0), 'SIGINT'); // to all of them, as a terminal does
    expect(await end).toBe(0);
    expect(leftovers(scratch)).toEqual([]);
  },
);

test('the next time it finds everything in place, and ends with SIGTERM', limit, async () => {
  showOutputWhenFailed();
  const { npm, end, output } = await npmStart();
  expect(output()).toContain('set-up: everything for `run` is in place');
  npm.kill('SIGTERM'); // to npm alone, as a service manager may
  expect(await end).toBe(0);
  expect(leftovers(scratch)).toEqual([]);
});

/** Runs every command of the tutorial, as its reader would, and sees that it comes to what the text says. */
async function followTutorial(url: string, githubUrl: string): Promise<void> {
  const text = await readFile(join(copy, 'site/content/docs/tutorial/first-package.md'), 'utf8');
  const commands = [...text.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block = '']) => block);
  const own = (block: string) =>
    block
      .replaceAll('http://localhost:8080', url)
      .replaceAll('http://maintainer:token-maintainer@localhost:4100', githubUrl);
  const builds = async () => {
    const all = buildsJsonSchema.parse(await (await fetch(`${url}/api/v1/builds.json`)).json()).builds;
    return all.filter((build) => build.package === 'friend').map(({ state, reason }) => reason ?? state);
  };
  const said: string[] = [];
  let pushes = 0;
  for (const block of commands) {
    said.push(await asPrinted(own(block)));
    if (!block.includes('push')) continue;
    pushes += 1;
    const wanted = pushes === 1 ? ['succeeded'] : ['packaging', 'succeeded', 'succeeded'];
    await waitFor(`push ${pushes} of the tutorial to be built`, 300, async () => {
      const now = await builds();
      return JSON.stringify(now) === JSON.stringify(wanted);
    });
  }
  expect(pushes).toBe(3);
  const all = said.join('\n');
  expect(all).toMatch(/friend-0:1\.0-1\S*\.noarch/); // dnf
  expect(all).toMatch(/friend.*succeeded/i); // the answer to the comment
  expect(await builds()).toEqual(['packaging', 'succeeded', 'succeeded']);
}

/**
 * That dnf finds a package in the example's repository, and that it is an RPM: lead of the file format, see rpm's
 * "Package format".
 */
async function expectPackage(url: string, name: string): Promise<void> {
  const client = await makeDnfClient(url);
  try {
    const base = `${url}/results/acme/tools`;
    await client.addRepository('tools', {
      ...{ name: 'tools', baseurl: `${base}/${chroot}/`, gpgkey: `${base}/pubkey.gpg`, repo_gpgcheck: '1' },
    });
    const found = await client.dnf('-q', 'repoquery', '--repo=tools', '--location', `${name}.x86_64`);
    expect(found, found.output).toMatchObject({ exitCode: 0 });
    const location = found.output.split('\n').find((line) => line.startsWith(base)) ?? found.output;
    const bytes = new Uint8Array(await (await fetch(location)).arrayBuffer());
    expect(Buffer.from(bytes.slice(0, 4)).toString('hex')).toBe('edabeedb');
  } finally {
    await client.remove();
  }
}
