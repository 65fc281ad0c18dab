// A local GitHub with a receiver for its webhooks, and small clients for tests: REST by token, git by token.
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { signAppJwt } from '../local-github/answers/tokens.ts';
import { gitIn } from '../local-github/git/git-in.ts';
import { type LocalGithub, startLocalGithub } from '../local-github/start.ts';

// biome-ignore lint/suspicious/noExplicitAny: tests look into JSON of many shapes and assert what they find.
export type LooseJson = any;

export interface Received {
  readonly event: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly text: string;
  readonly payload: Record<string, LooseJson>;
}

export interface Reply {
  readonly status: number;
  readonly body: LooseJson;
}

export async function openTestGithub() {
  const folder = await mkdtemp(path.join(tmpdir(), 'coppice-github-'));
  const received: Received[] = [];
  const waiting = new Set<() => void>();
  const receiver = http.createServer((incoming, outgoing) => {
    const parts: Buffer[] = [];
    incoming.on('data', (part: Buffer) => parts.push(part));
    incoming.on('end', () => {
      const text = Buffer.concat(parts).toString('utf8');
      const event = String(incoming.headers['x-github-event']);
      received.push({ event, headers: incoming.headers, text, payload: JSON.parse(text) });
      outgoing.end('ok');
      for (const look of waiting) look();
    });
  });
  receiver.listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  const webhook = { url: `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`, secret: 'hush' };
  let github: LocalGithub = await startLocalGithub({ folder, webhook });
  const key = github.privateKeyPem;

  // By hand, not by Octokit: what is tested is the HTTP itself, with bad tokens, statuses and bodies as they are sent.
  const rest = async (token: string | undefined, method: string, place: string, body?: unknown): Promise<Reply> => {
    const answer = await fetch(github.apiUrl + place, {
      method,
      headers: token ? { authorization: `Bearer ${token}` } : {},
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, body: text === '' ? undefined : JSON.parse(text) };
  };
  return {
    folder,
    received,
    rest,
    github: () => github,
    appJwt: () => signAppJwt(github.appId, key, Date.now() / 1000),
    async installationToken(): Promise<string> {
      const jwt = signAppJwt(github.appId, key, Date.now() / 1000);
      return (await rest(jwt, 'POST', '/app/installations/1/access_tokens')).body.token;
    },
    /** The first webhook, past or to come, that fits. */
    async webhook(
      event: string,
      fits: (payload: Record<string, LooseJson>) => boolean = () => true,
    ): Promise<Received> {
      const look = () => received.find((one) => one.event === event && fits(one.payload));
      const deadline = AbortSignal.timeout(50_000);
      for (;;) {
        const found = look();
        if (found) return found;
        await new Promise<void>((resolve, reject) => {
          waiting.add(resolve);
          deadline.addEventListener('abort', () => reject(new Error(`no webhook ${event} came`)));
        });
        waiting.clear();
      }
    },
    /** Puts files on a branch by a real push in somebody's name; gives the commit, or throws what git says. */
    async push(login: string, repository: string, branch: string, files: Readonly<Record<string, string>>) {
      const work = await mkdtemp(path.join(tmpdir(), 'coppice-push-'));
      try {
        const url = github.url.replace('://', `://x:token-${login}@`);
        const git = gitIn(path.join(work, '.git'), {
          workTree: work,
          protocols: ['http'],
          config: [
            ['user.name', login],
            ['user.email', `${login}@example.test`],
          ],
        });
        await git.text(['init', '-q', '-b', branch]);
        await git.text(['remote', 'add', 'origin', `${url}/${repository}.git`]);
        await git.text(['fetch', '-q', 'origin']);
        const base = (await git.text(['branch', '-r'])).includes(`origin/${branch}`) ? branch : 'main';
        await git.text(['reset', '-q', '--hard', `origin/${base}`]).catch(() => undefined);
        for (const [name, text] of Object.entries(files)) {
          await mkdir(path.dirname(path.join(work, name)), { recursive: true });
          await writeFile(path.join(work, name), text);
        }
        await git.text(['add', '-A']);
        await git.text(['commit', '-qm', 'Change']);
        await git.text(['push', '-q', 'origin', `HEAD:refs/heads/${branch}`]);
        return await git.text(['rev-parse', 'HEAD']);
      } finally {
        await rm(work, { recursive: true, force: true });
      }
    },
    async restart() {
      await github.stop();
      github = await startLocalGithub({ folder, webhook, app: { privateKeyPem: key } });
    },
    async close() {
      await github.stop();
      receiver.close();
      receiver.closeAllConnections();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export type TestGithub = Awaited<ReturnType<typeof openTestGithub>>;
