// The local GitHub, put together: what a GitHub account is to others, this is to the embedded default and to the tests.
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import type { MergeMethod } from './answers/merge-pull.ts';
import { createTokens, signAppJwt } from './answers/tokens.ts';
import { createBridge, type RecordedGit, type RecordedRequest } from './bridge.ts';
import { type Channel, createWebhooks, type Delivery, type Webhook } from './delivery/webhooks.ts';
import { createDoor } from './door.ts';
import { startEmulator } from './emulator.ts';
import { openBareRepositories } from './git/bare-repositories.ts';
import { type JoinedParts, joinParts } from './join-parts.ts';
import { renderPage } from './pages.ts';
import { replayWrites } from './replay.ts';
import { serveRest } from './rest.ts';
import { createConfigRepository, createRepository, type NewRepository } from './seed-repository.ts';
import { openStateFile } from './state/kept-state.ts';
import { createRegistry, type Grant, type Registration } from './state/registration.ts';

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
  /** By default app 1, `coppice`, with a new key, all permissions and all events. */
  readonly app?: Partial<Grant> & { readonly id?: number; readonly privateKeyPem?: string; readonly slug?: string };
  readonly log?: (message: string) => void;
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
  /** Puts another webhook in place, or switches it off. */
  changeWebhook(webhook: Webhook | undefined): void;
  /** What the app asks for, and what it was given. */
  registration(): Registration;
  /** Somebody edits the app or its installation; what that allows counts for tokens that are made from then on. */
  changeRegistration(next: Partial<Registration>): void;
  /** Gives a repository another name; who asks for the old one is sent on. */
  renameRepository(fullName: string, name: string): void;
  /** Nobody without a token sees it, or everybody does. */
  setPrivate(fullName: string, isPrivate: boolean): void;
  /** Ends all tokens of the installation before their time. */
  revokeTokens(): void;
  /** Makes `acme/name` unless it is there. Gives the commit of `main`, undefined while it is empty. */
  createRepository(fullName: string, seed?: NewRepository): Promise<string | undefined>;
  /** Somebody presses a button of a check run. Throws when the run has no such action. */
  requestAction(fullName: string, checkRunId: number, identifier: string, login: string): Promise<void>;
  /** What people do with a pull request by GitHub's pages alone. Throws when there is no such pull request. */
  enqueue(fullName: string, pull: number, login: string, method?: MergeMethod): Promise<{ ref: string; sha: string }>;
  dequeue(fullName: string, pull: number, login: string): Promise<void>;
  mergeWhenGreen(fullName: string, pull: number, login: string, method: MergeMethod): Promise<void>;
  /** The newest webhooks, oldest first. */
  deliveries(): readonly Delivery[];
  /** The newest REST requests with their answers, oldest first. */
  requests(): readonly RecordedRequest[];
  /** The newest requests of Git over HTTP, oldest first. */
  gitRequests(): readonly RecordedGit[];
  /** Puts a channel between the webhooks and their receiver, or takes it away. */
  setChannel(channel: Channel | undefined): void;
  /** Saves, and ends everything; nothing is left running. */
  stop(): Promise<void>;
}

export async function startLocalGithub(options: LocalGithubOptions): Promise<LocalGithub> {
  const log = options.log ?? (() => undefined);
  const host = options.host ?? '127.0.0.1';
  const appId = options.app?.id ?? 1;
  const slug = options.app?.slug ?? 'coppice';
  const privateKeyPem = options.app?.privateKeyPem ?? newPrivateKey();
  const webhookSecret = options.webhook?.secret ?? randomBytes(24).toString('hex');
  const repositoriesFolder = path.join(options.folder, 'repositories');
  await mkdir(repositoriesFolder, { recursive: true });

  const repositories = openBareRepositories(repositoriesFolder);
  const tokens = createTokens(appId, privateKeyPem, Date.now);
  const { permissions, events } = options.app ?? {};
  const door = createDoor();
  const registry = createRegistry({
    ...(permissions === undefined ? {} : { permissions }),
    ...(events === undefined ? {} : { events }),
  });
  const webhooks = createWebhooks(INSTALLATION_ID, registry.isTold, door.leave, log);
  const stateFile = await openStateFile(options.folder, log);
  const recorded: RecordedRequest[] = [];
  const recordedGit: RecordedGit[] = [];
  let joined: JoinedParts | undefined;
  const home = () => {
    if (!joined) throw new Error('the local GitHub is still starting');
    return joined;
  };

  const server = createBridge({
    tokens,
    repositoriesFolder,
    door,
    ready: () => joined !== undefined,
    rest: (request) => serveRest(home().rest, request),
    loginOf: (identity) => home().context.loginOf(identity),
    exists: (fullName, identity) =>
      repositories.folderOf(fullName) !== undefined && !home().rest.hides(fullName, identity),
    push: (fullName, login, receive) => home().move(fullName, login, receive),
    page: (place) => renderPage(home().context, stateFile.state, place),
    record: (request) => keepLast(recorded, request),
    recordGit: (request) => keepLast(recordedGit, request),
    log,
  });
  server.listen(options.port ?? 0, host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const url = `http://${host}:${port}`;
  const apiUrl = `${url}/api/v3`;

  const emulator = await startEmulator({ apiUrl, appId, slug, privateKeyPem, installationId: INSTALLATION_ID });
  const jwt = signAppJwt(appId, privateKeyPem, Date.now() / 1000);
  const own = await emulator.call('POST', `/app/installations/${INSTALLATION_ID}/access_tokens`, jwt);
  const { token } = own.body as { token: string };
  const installation = { kind: 'installation', token, permissions: registry.current().app.permissions } as const;
  await replayWrites(
    (method, place, body, as) => emulator.call(method, place, as && 'token' in as ? as.token : undefined, body),
    stateFile.state,
    installation,
  );
  joined = joinParts({
    ...{ url, apiUrl, appId, slug, registry, repositories, emulator, tokens, webhooks, stateFile, log },
  });
  const { context } = joined;
  await createConfigRepository(context);
  webhooks.set(options.webhook);

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
    changeWebhook: (webhook) => webhooks.set(webhook),
    registration: registry.current,
    changeRegistration: registry.change,
    renameRepository: door.rename,
    setPrivate: door.setPrivate,
    revokeTokens: tokens.revoke,
    createRepository: (fullName, seed) => createRepository(context, fullName, seed),
    requestAction: (fullName, id, identifier, login) => home().requestAction(fullName, id, identifier, login),
    enqueue: (fullName, number, login, method) =>
      home().mergeQueue.enqueue(home().pull(fullName, number), login, method),
    dequeue: (fullName, number, login) => home().mergeQueue.dequeue(home().pull(fullName, number), login),
    mergeWhenGreen: (fullName, number, login, method) =>
      home().mergeQueue.mergeWhenGreen(home().pull(fullName, number), login, method),
    deliveries: () => webhooks.deliveries(),
    requests: () => [...recorded],
    gitRequests: () => [...recordedGit],
    setChannel: (channel) => webhooks.setChannel(channel),
    async stop() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
      await home().idle();
      await webhooks.stop();
      await emulator.close();
      await stateFile.close();
    },
  };
}

function keepLast<T>(kept: T[], one: T): void {
  kept.push(one);
  if (kept.length > KEPT_REQUESTS) kept.shift();
}

function newPrivateKey(): string {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
}
