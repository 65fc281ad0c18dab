import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startEmbeddedGithub } from './embedded.ts';
import { readHome } from './home.ts';
import { startHttpServer } from './http-server.ts';
import { embeddedSecrets } from './secrets.ts';

let folder: string;
let taken: Server;
let port: number;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coppice-listen-'));
  taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  port = (taken.address() as AddressInfo).port;
});
afterAll(async () => {
  taken.close();
  await rm(folder, { recursive: true });
});

const serve = (host: string, at: number) =>
  startHttpServer({
    ...{ host, port: at, published: folder },
    health: () => ({ status: 'ok', ready: true }),
    metrics: async () => '',
  });

test('a port that is taken is told with the variable that names another one', async () => {
  await expect(serve('127.0.0.1', port)).rejects.toMatchObject({
    name: 'ServiceError',
    message: expect.stringMatching(/EADDRINUSE.*\. Is another service there\? COPPICE_PORT names another port\.$/),
  });
  const home = readHome({ COPPICE_HOME: folder });
  const github = startEmbeddedGithub(home, port, 'http://127.0.0.1:1/', await embeddedSecrets(home));
  await expect(github).rejects.toMatchObject({
    name: 'ServiceError',
    message: expect.stringMatching(
      /EADDRINUSE.*\. Is another service there\? COPPICE_GITHUB_PORT names another port\.$/,
    ),
  });
});

test.each(['nohost.invalid', '192.0.2.1'])(
  'a host that is none of this machine, %s, is told by its setting',
  async (host) => {
    const said = 'Let `listen.host` of the settings be an address of this machine.';
    await expect(serve(host, 0)).rejects.toThrow(said);
  },
);
