// The local GitHub, put together: what a GitHub account is to others, this is to the embedded default and to the tests.
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { ApiAnswer, House, Json } from './api.ts';
import { openBareRepositories } from './bare-repositories.ts';
import { createBridge, type RecordedRequest } from './bridge.ts';
import { startEmulator } from './emulator.ts';
import { gitText, runGit } from './git-command.ts';
import { moveRefs } from './moved-refs.ts';
import { repairAnswer } from './repair-answers.ts';
import { HOUSE_IDENTITY, serveGet, serveRest } from './rest.ts';
import { createTokens } from './tokens.ts';
import { CONFIG_REPOSITORY, ORGANIZATION, tokenOf, USERS } from './users.ts';
import { type Channel, createWebhooks, type Delivery, type Webhook } from './webhooks.ts';

const INSTALLATION_ID = 1;
const KEPT_REQUESTS = 2000;

export interface LocalGithubOptions {
  /** Repositories and saved state live here; made when missing. */
  readonly folder: string;
  /** 127.0.0.1 by default. */
  readonly host?: string;
  /** 0, the default: any free one. */
  readonly port?: number;
  readonly webhook?: Webhook;
  readonly app?: { readonly id?: number; readonly privateKeyPem?: string; readonly slug?: string };
  readonly log?: (message: string) => void;
}

export interface NewRepository {
  /** Its files become the first commit on `main`, pushed by the maintainer. */
  readonly seedFolder?: string;
  readonly seedCommitMessage?: string;
}

export interface LocalGithub {
  readonly url: string;
  /** Octokit's baseUrl. */
  readonly apiUrl: string;
  readonly port: number;
  readonly appId: number;
  readonly privateKeyPem: string;
  readonly installationId: number;
  readonly webhookSecret: string;
  setWebhook(url: string, secret: string): void;
  /** Makes `acme/name` unless it is there. Gives the commit of `main`, undefined while it is empty. */
  createRepository(fullName: string, options?: NewRepository): Promise<string | undefined>;
  deliveries(): readonly Delivery[];
  /** The REST requests since the start, oldest first. */
  requests(): readonly RecordedRequest[];
  setChannel(channel: Channel | undefined): void;
  /** Ends everything; nothing is left running. */
  stop(): Promise<void>;
}

export async function startLocalGithub(options: LocalGithubOptions): Promise<LocalGithub> {
  const log = options.log ?? (() => undefined);
  const appId = options.app?.id ?? 1;
  const slug = options.app?.slug ?? 'coppice';
  const privateKeyPem = options.app?.privateKeyPem ?? newPrivateKey();
  const webhookSecret = options.webhook?.secret ?? randomBytes(24).toString('hex');
  const repositoriesFolder = path.join(options.folder, 'repositories');
  await mkdir(repositoriesFolder, { recursive: true });

  const tokens = createTokens(appId, privateKeyPem, Date.now);
  const webhooks = createWebhooks(INSTALLATION_ID, log);
  webhooks.set(options.webhook);
  const repositories = openBareRepositories(repositoriesFolder);
  const recorded: RecordedRequest[] = [];
  const underWay = new Set<Promise<void>>();

  const server = createBridge({
    tokens,
    repositoriesFolder,
    rest: (request) => serveRest(rest, request),
    exists: (fullName) => repositories.folderOf(fullName) !== undefined,
    push: (fullName, login, receive) => moveRefs(house, fullName, login, receive, async () => undefined),
    page: async () => undefined,
    record: (request) => {
      recorded.push(request);
      if (recorded.length > KEPT_REQUESTS) recorded.shift();
    },
    log,
  });
  server.listen(options.port ?? 0, options.host ?? '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const url = `http://${options.host ?? '127.0.0.1'}:${port}`;
  const apiUrl = `${url}/api/v3`;

  const emulator = await startEmulator({ apiUrl, appId, slug, privateKeyPem, installationId: INSTALLATION_ID });
  const house: House = {
    url,
    apiUrl,
    slug,
    repositories,
    ask: async (method, askedPath, body, as) => {
      const token =
        (as ?? HOUSE_IDENTITY).kind === 'anonymous' ? undefined : ((as ?? HOUSE_IDENTITY) as { token: string }).token;
      const answer = await emulator.call(method, askedPath, token, body);
      if (answer.status === 201 && /^\/app\/installations\/\d+\/access_tokens$/.test(askedPath)) {
        const made = answer.body as { token: string; expires_at: string };
        tokens.remember(made.token, Date.parse(made.expires_at));
      }
      return answer;
    },
    read: async (askedPath) => {
      const answer = await serveGet(rest, askedPath);
      if (answer.status !== 200) throw new Error(`GET ${askedPath} was answered with ${answer.status}`);
      return answer.body as Json;
    },
    emit: (event, payload) => webhooks.emit(event, payload),
    changed: () => undefined,
  };
  const rest = {
    house,
    routes: [],
    repair: async (request: Parameters<typeof repairAnswer>[1], answer: ApiAnswer) =>
      repairAnswer(house, request, answer),
    track: (work: Promise<void>) => {
      const told = work.catch((error: Error) => log(`a webhook could not be made: ${error.stack}`));
      underWay.add(told);
      void told.then(() => underWay.delete(told));
    },
  };

  async function createRepository(fullName: string, seed: NewRepository = {}): Promise<string | undefined> {
    const known = await house.ask('GET', `/repos/${fullName}`);
    if (known.status === 404) await registerRepository(house, fullName);
    const folder = repositories.folderOf(fullName) ?? (await repositories.create(fullName));
    const head = () => gitText(folder, ['rev-parse', '--verify', '--quiet', 'refs/heads/main']).catch(() => undefined);
    if (seed.seedFolder && (await head()) === undefined) {
      await pushFolder(`${url}/${fullName}.git`, seed.seedFolder, seed.seedCommitMessage ?? 'Start');
    }
    return head();
  }

  await createRepository(CONFIG_REPOSITORY);
  const issues = await house.ask('GET', `/repos/${CONFIG_REPOSITORY}/issues?state=all`);
  if ((issues.body as unknown[]).length === 0) {
    await house.ask('POST', `/repos/${CONFIG_REPOSITORY}/issues`, {
      title: 'Build requests',
      body: 'Ask for a build with a comment: `/build`, `/build hello`, `/status`, `/help`.',
    });
  }

  return {
    url,
    apiUrl,
    port,
    appId,
    privateKeyPem,
    installationId: INSTALLATION_ID,
    get webhookSecret() {
      return webhooks.current()?.secret ?? webhookSecret;
    },
    setWebhook: (to, secret) => webhooks.set({ url: to, secret }),
    createRepository,
    deliveries: () => webhooks.deliveries(),
    requests: () => [...recorded],
    setChannel: (channel) => webhooks.setChannel(channel),
    async stop() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
      await Promise.all(underWay);
      await webhooks.stop();
      await emulator.close();
    },
  };
}

function newPrivateKey(): string {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
}

/** Tells the emulator of a repository. Its first commit there stands for all of Git, which it never sees. */
async function registerRepository(house: House, fullName: string) {
  const [owner, name] = fullName.split('/');
  if (owner !== ORGANIZATION)
    throw new Error(`${fullName}: repositories of the local GitHub belong to ${ORGANIZATION}`);
  const made = await house.ask('POST', `/orgs/${ORGANIZATION}/repos`, { name, auto_init: true });
  if (made.status !== 201) throw new Error(`${fullName} could not be made: ${JSON.stringify(made.body)}`);
  for (const [login, permission] of Object.entries(USERS)) {
    if (permission !== 'write') continue;
    await house.ask('PUT', `/repos/${fullName}/collaborators/${login}`, { permission: 'push' });
  }
}

/** One commit of a folder's files, pushed with git as the maintainer. */
async function pushFolder(remote: string, seedFolder: string, message: string) {
  const work = await mkdtemp(path.join(tmpdir(), 'coppice-seed-'));
  try {
    await cp(seedFolder, work, { recursive: true, filter: (source) => path.basename(source) !== '.git' });
    const env = {
      GIT_AUTHOR_NAME: 'maintainer',
      GIT_AUTHOR_EMAIL: 'maintainer@example.test',
      GIT_COMMITTER_NAME: 'maintainer',
      GIT_COMMITTER_EMAIL: 'maintainer@example.test',
      // The token goes by the environment: arguments can be seen by everybody on the machine.
      GIT_CONFIG_COUNT: '1',
      GIT_CONFIG_KEY_0: 'http.extraHeader',
      GIT_CONFIG_VALUE_0: `Authorization: Basic ${Buffer.from(`maintainer:${tokenOf('maintainer')}`).toString('base64')}`,
    };
    await runGit(work, ['init', '--quiet', '--initial-branch=main']);
    await runGit(work, ['add', '--all']);
    await runGit(work, ['commit', '--quiet', '--allow-empty', '--message', message], { env });
    await runGit(work, ['push', '--quiet', remote, 'HEAD:refs/heads/main'], { env });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
