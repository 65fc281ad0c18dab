// The emulated GitHub behind the bridge: people, issues, comments, labels, pull requests and checks live in it.
// It holds no Git objects: the bare repositories are the truth for those (see git-answers.ts).
import { once } from 'node:events';
import { createServer } from 'node:net';
import { createEmulator } from 'emulate';
import type { ApiAnswer } from './answers/api.ts';
import { MERGE_QUEUE_LOGIN } from './answers/merge-queue.ts';
import { createHttpCaller } from './delivery/http-call.ts';
import { ORGANIZATION, tokenOf, USERS } from './state/users.ts';

export interface EmulatorSettings {
  /** The address in the answers' links: the bridge's `/api/v3`. */
  readonly apiUrl: string;
  readonly appId: number;
  readonly slug: string;
  readonly privateKeyPem: string;
  readonly installationId: number;
}

export interface EmulatedGithub {
  /** `path` starts with a slash and may have a query; `token` is passed as it is. */
  call(method: string, path: string, token: string | undefined, body?: unknown): Promise<ApiAnswer>;
  close(): Promise<void>;
}

/** All: what an app may do is the bridge's to say, see app-permissions.ts. */
const APP_PERMISSIONS = {
  checks: 'write',
  contents: 'write',
  issues: 'write',
  metadata: 'read',
  pull_requests: 'write',
  statuses: 'write',
} as const;

const APP_EVENTS = ['check_run', 'create', 'delete', 'issue_comment', 'issues', 'pull_request', 'push'] as const;

/** The emulator refuses a token after 5,000 calls in an hour, and one request to the bridge may be many calls to it. */
const TOKENS_EACH = 100;

export async function startEmulator(settings: EmulatorSettings): Promise<EmulatedGithub> {
  const logins = Object.keys(USERS);
  const port = await freePort();
  const emulator = await createEmulator({
    service: 'github',
    port,
    baseUrl: settings.apiUrl,
    seed: {
      tokens: Object.fromEntries(
        logins.flatMap((login) =>
          Array.from({ length: TOKENS_EACH }, (_, at) => [
            `${tokenOf(login)}.${at}`,
            { login, scopes: ['repo', 'user', 'admin:org'] },
          ]),
        ),
      ),
      github: {
        users: [...logins, `${settings.slug}[bot]`, MERGE_QUEUE_LOGIN].map((login) => ({
          login,
          name: login,
          email: `${login}@example.test`,
        })),
        orgs: [{ login: ORGANIZATION, name: ORGANIZATION, members: [{ login: 'maintainer', role: 'admin' }] }],
        apps: [
          {
            app_id: settings.appId,
            slug: settings.slug,
            name: settings.slug,
            private_key: settings.privateKeyPem,
            permissions: APP_PERMISSIONS,
            events: APP_EVENTS,
            installations: [
              { installation_id: settings.installationId, account: ORGANIZATION, repository_selection: 'all' },
            ],
          },
        ],
      },
    },
  });
  const caller = createHttpCaller();
  const people = new Set(logins.map(tokenOf));
  let calls = 0;
  return {
    async call(method, path, given, body) {
      calls += 1;
      const token = given !== undefined && people.has(given) ? `${given}.${calls % TOKENS_EACH}` : given;
      const answer = await caller.call({
        method,
        url: `http://127.0.0.1:${port}${path}`,
        headers: {
          accept: 'application/vnd.github+json',
          ...(token ? { authorization: `Bearer ${token}` } : {}),
          ...(method === 'GET' ? {} : { 'content-type': 'application/json' }),
        },
        // The emulator refuses a POST or PUT without a body; GitHub does not.
        ...(method === 'GET' ? {} : { body: JSON.stringify(body ?? {}) }),
      });
      const text = answer.body.toString('utf8');
      const { link } = answer.headers;
      return {
        status: answer.status,
        body: text === '' ? undefined : JSON.parse(text),
        headers: typeof link === 'string' ? { link } : {},
      };
    },
    async close() {
      caller.close();
      await emulator.close();
    },
  };
}

/** The emulator says only the address in its links, never the port it took, so it is told one. */
async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port is free on 127.0.0.1');
  return address.port;
}
