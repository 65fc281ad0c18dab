// For tests: the bot with a real queue, real Git and the local GitHub behind a real HTTP server. No runner: tests move
// the builds.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { openJournaledStore, openQueue, type Queue } from '@coppice/builder-runner/queue';
import { type Log, runnerProjects } from '@coppice/builder-runner/runner';
import {
  type ChrootName,
  published,
  type QueuedBuild,
  type Result,
  type Settings,
  settingsSchema,
} from '@coppice/config';
import { execa } from 'execa';
import { type LocalGithub, startLocalGithub } from '../local-github/start.ts';
import type { FaultReport } from '../src/answers/faults/standing-faults.ts';
import { type Bot, createBot } from '../src/bot.ts';
import { createConfigInForce } from '../src/config-repo/config-in-force.ts';
import { appRegistration } from '../src/github/app-permissions.ts';
import { applyToBotState, type BotOperation, type BotState, initialBotState } from '../src/vocabulary/bot-state.ts';
import { type AskRepository, askRepository, type ListRepository, listRepository } from './ask-github.ts';

const chroot = 'sapling-12-x86_64' as ChrootName;
const repository = 'acme/packages';

export const exampleFiles: Readonly<Record<string, string>> = {
  'coppice.yaml': `admins: [maintainer]\nchroots: [${chroot}]\n`,
  'projects/acme/tools.yaml': `description: Small tools
maintainers: [maintainer]
builders: [builder]
chroots: [${chroot}]
packages:
  libgreet:
    source: { type: dir }
  hello:
    source: { type: dir }
    needs: [libgreet]
`,
  'packages/acme/tools/libgreet/libgreet.spec': 'Name: libgreet\n',
  'packages/acme/tools/hello/hello.spec': 'Name: hello\n',
};

export interface Comment {
  readonly id: number;
  readonly body: string;
  readonly user: { readonly login: string };
}

export interface CheckRunJson {
  readonly id: number;
  readonly name: string;
  readonly external_id: string;
  readonly status: string;
  readonly conclusion: string | null;
  readonly details_url: string;
  readonly output: { readonly title: string; readonly summary: string; readonly annotations_count: number };
}

export interface TestService {
  readonly github: LocalGithub;
  readonly queue: Queue;
  readonly published: string;
  readonly home: string;
  /** What was logged as a warning or an error. */
  readonly complaints: string[];
  /** From now on the bot's clock is ahead by so much more. */
  passTime(seconds: number): void;
  readonly configChanges: string[];
  bot(): Bot;
  /** Ends the bot and begins another on the same home, as a restart does. */
  restart(between?: () => Promise<void>): Promise<void>;
  /** Takes the numbers of open answers and checks out of the bot's state; for `restart`. */
  forgetNumbers(): Promise<void>;
  readonly webhookUrl: string;
  /** Asks GitHub's REST API as a person. */
  readonly ask: AskRepository;
  readonly list: ListRepository;
  comment(login: string, body: string, issue?: number): Promise<Comment>;
  comments(issue?: number): Promise<readonly Comment[]>;
  checks(commit: string): Promise<readonly CheckRunJson[]>;
  reactions(comment: number): Promise<readonly string[]>;
  /** Commits and pushes files with real Git (null removes one); resolves to the commit. */
  push(login: string, files: Readonly<Record<string, string | null>>): Promise<string>;
  /** Takes the next task of the queue: makes the SRPM, or ends the chroot as told, with its record. */
  step(outcome?: Partial<Outcome>): Promise<QueuedBuild | undefined>;
  stop(): Promise<void>;
}

export interface Outcome {
  readonly state: 'succeeded' | 'failed' | 'canceled' | 'skipped';
  readonly reason: Result['reason'];
  readonly message: string | null;
  readonly excerpt: readonly string[];
}

export interface TestServiceOptions {
  /** Keys of the settings' `github` that are not the fixture's: throttle, webhooks, pollSeconds … */
  readonly github?: Partial<Settings['github']>;
  /** Files of the config repo's first commit. Default: exampleFiles. */
  readonly files?: Readonly<Record<string, string>>;
  /** Something between the bot and GitHub's API: its address, given GitHub's own. */
  readonly apiUrl?: (apiUrl: string) => string | Promise<string>;
  /** Between two edits of one comment; tests that are not about it need not wait. Default: 200. */
  readonly editMilliseconds?: number;
  /** What of the service is at fault. Default: nothing. */
  readonly faults?: () => readonly FaultReport[];
}

export async function startTestService(options: TestServiceOptions = {}): Promise<TestService> {
  const folder = await mkdtemp(join(tmpdir(), 'coppice-bot-'));
  const home = join(folder, 'home');
  const publishedFolder = join(home, 'published');
  await mkdir(publishedFolder, { recursive: true });
  const github = await startLocalGithub({ folder: join(folder, 'github'), app: appRegistration });
  const work = join(folder, 'work');
  const seed = join(folder, 'seed');
  await writeFiles(seed, options.files ?? exampleFiles);
  await github.createRepository(repository, { seedFolder: seed });
  await execa('git', ['clone', '--quiet', remote(github, 'maintainer'), work]);
  const queue = await openQueue({ folder: join(home, 'state/queue'), now: () => new Date() });
  const complaints: string[] = [];
  let aheadMilliseconds = 0;
  const configChanges: string[] = [];
  let bot: Bot | undefined;
  const server = http.createServer((request, response) => {
    if (bot === undefined) return response.writeHead(503).end();
    return void bot.middleware(request, response, () => response.writeHead(404).end());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  github.setWebhook(`${url}/api/github/webhooks`, github.webhookSecret);
  const apiUrl = (await options.apiUrl?.(github.apiUrl)) ?? github.apiUrl;
  const open = async () => {
    const log: Log = (level, message, fields) => {
      if (level !== 'info') complaints.push(`${message} ${String(fields?.error ?? '')}`);
    };
    const config = createConfigInForce({ publishedFolder, repository, keysOf: async () => [], log });
    const onPublished = () => configChanges.push('changed');
    config.onChange(onPublished);
    bot = await createBot({
      settings: settingsFor(github, { apiUrl, ...options.github }),
      editMilliseconds: options.editMilliseconds ?? 200,
      faults: options.faults ?? (() => []),
      queue,
      home,
      publishedFolder,
      url,
      now: () => new Date(Date.now() + aheadMilliseconds),
      log,
      secrets: { appId: github.appId, privateKey: github.privateKeyPem, webhookSecret: github.webhookSecret },
      config,
      onPublished,
      projects: runnerProjects({ home, url }, queue),
    });
    await bot.start();
  };
  await open();
  const ask = askRepository(github.apiUrl, repository);
  const list = listRepository(github.apiUrl, repository);
  const step = async (outcome: Partial<Outcome> = {}): Promise<QueuedBuild | undefined> => {
    const task = await queue.claim('test');
    if (task === undefined) return undefined;
    if (task.kind === 'srpm') {
      await queue.srpmDone(task.build.id, `${task.build.package}-1-1.src.rpm`);
      return task.build;
    }
    const closing = task.kind === 'close' ? { state: task.state, message: task.message } : {};
    const { excerpt, ...final } = {
      state: 'succeeded' as const,
      reason: null,
      message: null,
      excerpt: [],
      ...closing,
      ...outcome,
    };
    if (task.kind === 'chroot') await queue.setPhase(task.build.id, task.chroot.chroot, 'build', 'builder-1');
    await writeResult(publishedFolder, task.build, task.chroot.chroot, { ...final, excerpt });
    await queue.finish(task.build.id, task.chroot.chroot, final);
    return task.build;
  };
  return {
    github,
    queue,
    published: publishedFolder,
    home,
    complaints,
    passTime(seconds) {
      aheadMilliseconds += seconds * 1000;
    },
    configChanges,
    bot: () => bot as Bot,
    async restart(between) {
      const before = bot;
      bot = undefined;
      await before?.stop();
      await between?.();
      await open();
    },
    async forgetNumbers() {
      const store = await openJournaledStore<BotState, BotOperation, void>({
        folder: join(home, 'state/bot'),
        initial: initialBotState,
        apply: applyToBotState,
      });
      const { answers, checks } = structuredClone(store.state);
      await store.commit([
        ...answers.map(({ to }) => ({ kind: 'answered', to }) as const),
        ...checks.map(({ key }) => ({ kind: 'concluded', key }) as const),
        { kind: 'handled', id: '', checks: checks.map((check) => ({ ...check, checkRunId: null })) },
        ...answers.map(
          (answer) => ({ kind: 'handled', id: '', checks: [], answer: { ...answer, commentId: null } }) as const,
        ),
      ]);
      await store.close();
    },
    webhookUrl: `${url}/api/github/webhooks`,
    ask,
    list,
    comment: (login, body, issue = 1) => ask<Comment>(login, 'POST', `issues/${issue}/comments`, { body }),
    comments: (issue = 1) => list<Comment>(`issues/${issue}/comments`),
    checks: (commit) => list<CheckRunJson>(`commits/${commit}/check-runs`),
    reactions: async (comment) =>
      (await list<{ content: string }>(`issues/comments/${comment}/reactions`)).map(({ content }) => content),
    async push(login, files) {
      await execa('git', ['pull', '--quiet', '--rebase'], { cwd: work });
      await writeFiles(work, files);
      await execa('git', ['add', '--all'], { cwd: work });
      const author = ['-c', `user.name=${login}`, '-c', `user.email=${login}@example.test`];
      await execa('git', [...author, 'commit', '--quiet', '--message', 'Change'], { cwd: work });
      await execa('git', ['push', '--quiet', remote(github, login), 'HEAD:main'], { cwd: work });
      return (await execa('git', ['rev-parse', 'HEAD'], { cwd: work })).stdout;
    },
    step,
    async stop() {
      await bot?.stop();
      server.close();
      server.closeAllConnections();
      await github.stop();
      await queue.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function remote(github: LocalGithub, login: string): string {
  return `${github.url.replace('://', `://${login}:token-${login}@`)}/${repository}.git`;
}

function settingsFor(github: LocalGithub, stated: Partial<Settings['github']>): Settings {
  const { url: webUrl, appId } = github;
  return settingsSchema.parse({
    github: { webUrl, appId, repository, throttle: false, ...stated },
    git: { protocols: ['https', 'http'], mirrors: { 'https://github.com/': `${webUrl}/` } },
  });
}

async function writeFiles(folder: string, files: Readonly<Record<string, string | null>>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    const place = join(folder, path);
    if (text === null) await rm(place);
    else {
      await mkdir(dirname(place), { recursive: true });
      await writeFile(place, text);
    }
  }
}

function isBuilt({ state }: Outcome): boolean {
  return state === 'succeeded' || state === 'failed';
}

async function writeResult(
  folder: string,
  build: QueuedBuild,
  chrootName: ChrootName,
  outcome: Outcome,
): Promise<void> {
  const one = build.chroots.find((each) => each.chroot === chrootName);
  const at = new Date().toISOString();
  const { owner, project, requestedBy, request, requestedAt, batch, configCommit, source } = build;
  const place = join(folder, published.chrootBuild(build, chrootName));
  await mkdir(place, { recursive: true });
  const artifacts = outcome.state === 'succeeded' ? [await putPackage(build.package, place)] : [];
  const result: Result = {
    schemaVersion: 1,
    id: build.id,
    owner,
    project,
    package: build.package,
    chroot: chrootName,
    ...outcome,
    excerpt: [...outcome.excerpt],
    where: null,
    requestedBy,
    request,
    requestedAt,
    batch,
    configCommit,
    source,
    inputDigest: one?.inputDigest ?? '',
    attempts: 1,
    builder: 'builder-1',
    engine: null,
    // What was canceled or skipped never had a builder.
    phases: isBuilt(outcome) ? [{ name: 'build', startedAt: at, seconds: 0 }] : [],
    artifacts,
    startedAt: at,
    endedAt: at,
  };
  await writeFile(join(place, 'result.json'), JSON.stringify(result));
  // Nothing here makes metadata, which would name this build.
  for (const metadata of ['generations', 'repodata'])
    await rm(join(dirname(place), metadata), { recursive: true, force: true });
}

/** Puts a real package into the folder of a build. A binary package is not always called like its package. */
async function putPackage(name: string, place: string): Promise<Result['artifacts'][number]> {
  const top = await mkdtemp(join(tmpdir(), 'coppice-package-'));
  try {
    const nevra = `${name}-bin-1-1.x86_64`;
    const text = ['Summary: Tiny', 'License: MIT', '%description', 'Tiny.', '%files'].join('\n');
    await writeFile(join(top, 'tiny.spec'), `Name: ${name}-bin\nVersion: 1\nRelease: 1\n${text}\n`);
    const defines = [
      `_topdir ${top}`,
      `_rpmdir ${place}`,
      '_rpmfilename %%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm',
    ];
    const options = defines.flatMap((define) => ['--define', define]);
    await execa('rpmbuild', ['-bb', '--target', 'x86_64', ...options, join(top, 'tiny.spec')], { env: { HOME: top } });
    const content = await readFile(join(place, `${nevra}.rpm`));
    const sha256 = createHash('sha256').update(content).digest('hex');
    return { file: `${nevra}.rpm`, nevra, bytes: content.length, sha256 };
  } finally {
    await rm(top, { recursive: true, force: true });
  }
}

/** Waits until `found` gives a value; gives up after a minute with what was last seen. */
export async function until<T>(found: () => Promise<T | undefined | false>): Promise<T> {
  const deadline = performance.now() + 60_000;
  for (;;) {
    const value = await found();
    if (value !== undefined && value !== false) return value;
    if (performance.now() > deadline) throw new Error(`waited a minute in vain for: ${found}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
