import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type LocalGithub, startLocalGithub } from '../../local-github/start.ts';
import { comment } from '../cli/comment.ts';
import { writeEndpoint } from '../service/endpoint.ts';
import { readHome } from '../service/home.ts';
import { connectGithub, explainRefusal } from './octokit-client.ts';

let folder: string;
let github: LocalGithub;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coppice-client-'));
  github = await startLocalGithub({ folder: join(folder, 'github') });
});
afterAll(async () => {
  await github.stop();
  await rm(folder, { recursive: true });
});

const issue = { owner: 'acme', repo: 'packages', issue_number: 1 };
const failure = async (request: Promise<unknown>) => explainRefusal(await request.catch((error: unknown) => error));

test('a refusal and a silence become sentences with the address', async () => {
  const refused = connectGithub(github.apiUrl, 'ghp_guess').rest.issues.get(issue);
  expect(await failure(refused)).toMatchObject({
    code: 'unreachable',
    message: `${github.apiUrl}/repos/acme/packages/issues/1 answered 401: Bad credentials.`,
  });
  const silent = connectGithub('http://127.0.0.1:1', 'token-builder').rest.issues.get(issue);
  expect(await failure(silent)).toMatchObject({
    code: 'unreachable',
    message: 'http://127.0.0.1:1/repos/acme/packages/issues/1 does not answer.',
  });
  const other = new Error('something else');
  expect(explainRefusal(other)).toBe(other);
});

test.each([
  [500, {}],
  [429, { 'retry-after': '1' }],
  [403, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '0' }],
])('what is answered with %i is not asked again: a comment would be there twice', async (status, headers) => {
  let asked = 0;
  const server = http.createServer((request, response) => {
    asked += 1;
    request.resume();
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end('{"message":"no"}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { rest } = connectGithub(address, 'token-builder');
    const sentence = `${address}/repos/acme/packages/issues/1/comments answered ${status}: no.`;
    expect(await failure(rest.issues.createComment({ ...issue, body: 'x' }))).toMatchObject({ message: sentence });
    expect(asked).toBe(1);
  } finally {
    server.close();
    server.closeAllConnections();
  }
});

test('a comment that is refused ends with the reason, and one that nothing follows with its address', async () => {
  const home = readHome({ COPPICE_HOME: folder });
  await mkdir(home.state);
  const { apiUrl, url: webUrl } = github;
  const about = { mode: 'embedded' as const, apiUrl, webUrl, repository: 'acme/packages' };
  await writeEndpoint(home, { pid: process.pid, url: webUrl, github: about });
  const said: string[] = [];
  const terminal = { print: () => undefined, say: (text: string) => void said.push(text) };
  const options = { issue: 1, json: false, follow: false };
  const environment = { COPPICE_HOME: folder, COPPICE_TOKEN: 'ghp_guess' };
  await expect(comment(terminal, environment, '/help', options)).rejects.toThrow(
    `${apiUrl}/repos/acme/packages/issues/1/comments answered 401: Bad credentials.`,
  );
  expect(await comment(terminal, { COPPICE_HOME: folder }, '/help', options)).toBe(0);
  const commented = expect.stringMatching(/^Commented: http:.*\/acme\/packages\/issues\/1#issuecomment-\d+$/);
  expect(said.splice(0)).toEqual([commented]);
  // Nobody answers here: one that asks for nothing is not waited for.
  for (const text of ['hello', 'thanks, @coppice', '`/build`']) {
    expect(await comment(terminal, { COPPICE_HOME: folder }, text, { ...options, follow: true })).toBe(0);
    expect(said.splice(0)).toEqual([commented, expect.stringContaining('holds no command')]);
  }
});
