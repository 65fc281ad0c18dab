// The whole service: a build fails, its people look at it on a builder with /debug, and programs are told of all of it.
import { createHmac } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventIndexSchema, eventSchema } from '@coppice/config';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { leftovers } from '../../testing/service-leftovers.ts';
import { makeHome, type ServiceUnderTest, startService } from '../../testing/service-under-test.ts';
import { waitFor } from '../../testing/wait-for.ts';
import { connectGithub } from '../github/octokit-client.ts';
import { readAnswerMark } from '../reply/answer-mark.ts';

const chroot = 'sapling-12-x86_64';
const secret = 'what only the two of them know';
const spec = `Name: broken
Version: 1
Release: 1
Summary: Fails
License: MIT
BuildArch: noarch
%description
Fails.
%prep
%build
echo this stays > evidence
exit 7
%files
`;

let folder: string;
let home: Awaited<ReturnType<typeof makeHome>>;
let service: ServiceUnderTest;
let receiver: Server;
const received: { readonly signature: unknown; readonly body: string }[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coppice-debug-'));
  receiver = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => {
      body += text;
    });
    request.on('end', () => {
      received.push({ signature: request.headers['x-coppice-signature-256'], body });
      response.writeHead(202).end();
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  const { port } = receiver.address() as AddressInfo;
  await writeFile(join(folder, 'secret'), `${secret}\n`, { mode: 0o600 });
  const hooks = `webhooks: [{ url: 'http://127.0.0.1:${port}/', secretFile: ${join(folder, 'secret')} }]\n`;
  const pools = 'builders: { pools: [{ driver: local, loginsTrusted: true }] }\n';
  await writeFile(join(folder, 'settings.yaml'), hooks + pools);
  await execa('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, 'key')]);
  home = await makeHome();
  service = await startService(home.folder, { COPPICE_SETTINGS: join(folder, 'settings.yaml') });
}, 180_000);

afterAll(async () => {
  await service?.end('SIGTERM');
  receiver?.close();
  await home?.remove();
  await rm(folder, { recursive: true, force: true });
}, 60_000);

interface Comment {
  readonly id: number;
  readonly body: string;
}
const say = (login: string, body: string) => service.github<Comment>(login, 'POST', 'issues/1/comments', { body });
const answerTo = (comment: Comment, what: string, fits: (body: string) => boolean) =>
  waitFor(what, 180, async () => {
    const all = await service.github<Comment[]>('maintainer', 'GET', 'issues/1/comments?per_page=100');
    const body = all.find((one) => readAnswerMark(one.body)?.to === comment.id)?.body;
    return body !== undefined && fits(body) && body;
  });
const isFinal = (body: string) => readAnswerMark(body)?.state !== 'working';

const allEnded = async () => (await service.builds()).every(({ state }) => state === 'succeeded' || state === 'failed');
/** The lines of all days, as readers get them. */
const feed = async (): Promise<string[]> => {
  const address = `${service.endpoint.url}/events`;
  const { files } = eventIndexSchema.parse(await (await fetch(`${address}/index.json`)).json());
  const texts = await Promise.all(files.map(async (file) => (await fetch(`${address}/${file}`)).text()));
  return texts.join('').trimEnd().split('\n');
};

test('a failed build is opened to the keys of who asked and ended again; the feed and the webhook tell the same', async () => {
  await service.push('maintainer', 'Fail', async (checkout) => {
    await mkdir(join(checkout, 'packages/acme/broken/broken'), { recursive: true });
    await writeFile(join(checkout, 'packages/acme/broken/broken/broken.spec'), spec);
    const project = `description: d\nmaintainers: [maintainer]\nbuilders: [builder]\nchroots: [${chroot}]\n`;
    const packages = 'packages: { broken: { source: { type: dir } } }\n';
    await writeFile(join(checkout, 'projects/acme/broken.yaml'), project + packages);
  });
  const { id } = await waitFor('the build to fail', 300, async () =>
    (await service.builds()).find((build) => build.package === 'broken' && build.state === 'failed'),
  );

  const refused = await answerTo(await say('outsider', `/debug ${id}`), 'a refusal', isFinal);
  expect(refused).toMatch(/`outsider` may not debug builds of `acme\/broken`.*`builder`/s);
  const keyless = await answerTo(await say('builder', `/debug ${id}`), 'a question for keys', isFinal);
  expect(keyless).toContain('no SSH key on GitHub');

  const key = await readFile(join(folder, 'key.pub'), 'utf8');
  const { rest } = connectGithub(service.endpoint.github.apiUrl, 'token-builder');
  await rest.users.createPublicSshKeyForAuthenticatedUser({ title: 'laptop', key });
  const asked = await say('builder', `/debug ${id}`);
  const open = await answerTo(asked, 'the way in', (body) => body.includes('ssh -p') || isFinal(body));
  const [, port = '', place = ''] = /^ssh -p (\d+) (\S+@\S+)$/m.exec(open) ?? [];
  const [, build = ''] = /are in `(\/[^`]+)`/.exec(open) ?? [];
  expect([port, place, build], open).not.toContain('');
  expect(open).toContain('It failed again.');
  const options = [
    '-F',
    '/dev/null',
    '-o',
    'StrictHostKeyChecking=no',
    '-o',
    `UserKnownHostsFile=${join(folder, 'known')}`,
  ];
  const look = `mock -r ${build}/build.cfg --shell 'find /builddir -name evidence'`;
  const own = ['-o', 'IdentitiesOnly=yes', '-o', 'BatchMode=yes', '-i', join(folder, 'key'), '-p', port, place];
  const seen = await execa('ssh', [...options, ...own, look], { stdin: 'ignore', all: true, reject: false });
  expect(seen.all).toMatch(/\/builddir\/.*evidence/);
  const [, fingerprint = 'none'] = /`(SHA256:[^`]+)`/.exec(open) ?? [];
  expect((await execa('ssh-keygen', ['-l', '-f', join(folder, 'known')])).stdout).toContain(` ${fingerprint} `);

  expect(await answerTo(await say('maintainer', `/debug ${id} --end`), 'the end', isFinal)).toContain('is over');
  expect(await answerTo(asked, 'the answer to say so', isFinal)).toContain('Ended by maintainer.');
  const after = await execa('ssh', [...options, ...own, 'true'], { stdin: 'ignore', reject: false });
  expect(after.exitCode).toBe(255);

  await waitFor('all builds to end', 300, allEnded);
  const lines = await feed();
  const events = lines.map((line) => eventSchema.parse(JSON.parse(line)));
  expect(events.filter(({ type }) => type === 'worker.create').length).toBeGreaterThan(0);
  const ofBroken = events.filter((event) => event.id.startsWith(`${id}-`));
  expect(
    ofBroken.map(({ type }) => type),
    'a debug session is no build',
  ).toEqual(['build.start', 'chroot.start', 'chroot.end', 'build.end']);
  expect(ofBroken.at(-1)).toMatchObject({ state: 'failed' });
  await waitFor('the webhooks', 60, async () => received.length >= lines.length);
  expect(received.map(({ body }) => body)).toEqual(lines);
  for (const { body, signature } of received) {
    expect(signature).toBe(`sha256=${createHmac('sha256', secret).update(body).digest('hex')}`);
  }
}, 900_000);

test('a service that is killed in the middle of a build tells each event once, and the webhook misses none', async () => {
  const before = await feed();
  await say('builder', '/build hello');
  await waitFor('a chroot to begin', 120, async () => (await feed()).length >= before.length + 2);
  await service.end('SIGKILL');
  service = await startService(home.folder, { COPPICE_SETTINGS: join(folder, 'settings.yaml') });
  await waitFor(
    'the build to end',
    300,
    async () => (await feed()).at(-1)?.includes('"build.end"') && (await allEnded()),
  );
  const events = (await feed()).map((line) => eventSchema.parse(JSON.parse(line)));
  const ids = events.map(({ id }) => id);
  expect(ids).toEqual([...new Set(ids)]);
  const [, id = ''] = /^(\d+)-build-end$/.exec(ids.at(-1) ?? '') ?? [];
  const ofBuild = ids.filter((one) => one.startsWith(`${id}-`));
  // Killed while its builder fetched packages through the service, a build is begun anew: that is told as what it is.
  const starts = ofBuild.filter((one) => one.includes('-start-'));
  expect(starts.length).toBeLessThanOrEqual(2);
  expect(ofBuild, service.output()).toEqual([
    `${id}-build-start`,
    ...starts.map((_, index) => `${id}-${chroot}-start-${index + 1}`),
    `${id}-${chroot}-end`,
    `${id}-build-end`,
  ]);
  const names = () => new Set(received.map(({ body }) => (JSON.parse(body) as { id: string }).id));
  await waitFor('the webhooks', 60, async () => ids.every((one) => names().has(one)));
}, 600_000);

test('the end of the service leaves nothing', async () => {
  expect(await service.end('SIGTERM')).toBe(0);
  expect(leftovers(home.folder)).toEqual([]);
}, 120_000);
