import { createHmac } from 'node:crypto';
import { appendFile, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CoppiceEvent, eventTypes } from '@coppice/config';
import fc from 'fast-check';
import { expect, onTestFinished, test, vi } from 'vitest';
import { type OutgoingHook, type OutgoingOptions, pauseAfter, startOutgoingWebhooks } from './outgoing-webhooks.ts';

interface Got {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A receiver; `answer` is asked for the status of each request by its number from 0, undefined: it never answers. */
async function receiver(answer: (index: number) => number | undefined = () => 204, port = 0) {
  const got: Got[] = [];
  const listener: RequestListener = (request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      const status = answer(got.length);
      got.push({ headers: request.headers, body });
      if (status !== undefined) response.writeHead(status, { location: '/elsewhere' }).end('thanks');
    });
  };
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const close = () => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
  onTestFinished(async () => void (await close()));
  const address = server.address() as AddressInfo;
  const ids = () => got.map(({ headers }) => headers['x-coppice-delivery']);
  return { url: `http://127.0.0.1:${address.port}/hook`, port: address.port, got, ids, close };
}

async function sender() {
  const home = await mkdtemp(join(tmpdir(), 'coppice-hooks-'));
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  const folder = join(home, 'events');
  await mkdir(folder);
  const listeners = new Set<() => void>();
  const lines: string[] = [];
  const tell = async (...numbers: readonly number[]) => {
    const text = numbers.map((number) => `${JSON.stringify(event(number))}\n`).join('');
    await appendFile(join(folder, '2026-01-01.jsonl'), text);
    for (const listener of listeners) listener();
  };
  const onLines = (listener: () => void) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  };
  const start = async (hooks: readonly OutgoingHook[], options: Partial<OutgoingOptions> = {}) => {
    const started = await startOutgoingWebhooks({
      ...{ hooks, events: { folder, onLines }, folder: join(home, 'hooks'), now: () => new Date() },
      log: (level, message, fields) => lines.push(`${level} ${message} ${JSON.stringify(fields)}`),
      times: { answer: 5, firstPause: 0.02, longestPause: 0.1, fault: 0 },
      ...options,
    });
    onTestFinished(() => started.stop());
    return started;
  };
  return { home, tell, start, lines };
}

const hookTo = (url: string, events: OutgoingHook['events'] = eventTypes): OutgoingHook => ({
  ...{ url, secret: 's3cret', events },
});

/** Odd ones are starts of builds, even ones of workers. */
function event(number: number): CoppiceEvent {
  const common = { schemaVersion: 1, id: `e-${number}`, at: new Date().toISOString() } as const;
  if (number % 2 === 0) return { ...common, type: 'worker.create', worker: 'w' };
  const build = { id: number, owner: 'o', project: 'p', package: 'ü', requestedBy: 'x', request: 'r', url: 'u' };
  return { ...common, type: 'build.start', build };
}

test('an event arrives signed as it was written, with its name and its type', async () => {
  const { url, got } = await receiver();
  const { start, tell } = await sender();
  await start([hookTo(url)]);
  await tell(1);
  await vi.waitUntil(() => got.length === 1, { timeout: 50_000 });
  const [{ headers, body }] = got as [Got];
  expect(JSON.parse(body)).toMatchObject({ id: 'e-1', type: 'build.start', build: { package: 'ü' } });
  const signature = `sha256=${createHmac('sha256', 's3cret').update(Buffer.from(body)).digest('hex')}`;
  expect(headers).toMatchObject({
    'x-coppice-event': 'build.start',
    'x-coppice-delivery': 'e-1',
    'x-coppice-signature-256': signature,
    'content-type': 'application/json',
  });
});

test('one that fails gets each event again until it takes it, in their order; others do not wait for it', async () => {
  const broken = await receiver((index) => [500, 302, 404][index] ?? 200);
  const silent = await receiver(() => undefined);
  const good = await receiver();
  const { start, tell, lines } = await sender();
  const hooks = await start([broken, silent, good].map(({ url }) => hookTo(url)));
  await tell(1, 2, 3);
  await vi.waitUntil(() => good.got.length === 3, { timeout: 50_000 });
  await vi.waitUntil(() => broken.got.length === 6, { timeout: 50_000 });
  expect(broken.ids()).toEqual(['e-1', 'e-1', 'e-1', 'e-1', 'e-2', 'e-3']);
  expect(good.ids()).toEqual(['e-1', 'e-2', 'e-3']);
  expect(silent.ids()).toEqual(['e-1']);
  expect(lines.filter((line) => line.includes('it answers 302'))).toHaveLength(1);
  expect(lines.join()).not.toContain('/hook');
  await hooks.stop();
});

test('the end waits for no answer and for no pause', async () => {
  const silent = await receiver(() => undefined);
  const broken = await receiver(() => 500);
  const { start, tell, lines } = await sender();
  // Whoever waited would wait for longer than a test may take.
  const times = { answer: 100_000, firstPause: 100_000, longestPause: 100_000 };
  const hooks = await start([hookTo(silent.url), hookTo(broken.url)], { times });
  await tell(1, 2);
  await vi.waitUntil(() => silent.got.length === 1 && lines.some((line) => line.includes('sent again in 100000 s')), {
    timeout: 50_000,
  });
  await hooks.stop();
  expect([silent.ids(), broken.ids()]).toEqual([['e-1'], ['e-1']]);
});

test('it gets only the types that it wants', async () => {
  const { url, ids } = await receiver();
  const { start, tell } = await sender();
  await start([hookTo(url, ['build.start'])]);
  await tell(1, 2, 3, 4, 5);
  await vi.waitUntil(() => ids().length === 3, { timeout: 50_000 });
  expect(ids()).toEqual(['e-1', 'e-3', 'e-5']);
});

test('what happened while either side was away arrives later, and nothing arrives twice', async () => {
  const first = await receiver();
  const { start, tell, home } = await sender();
  await tell(1);
  const hooks = await start([hookTo(first.url)]);
  await tell(2);
  await vi.waitUntil(() => first.got.length === 1, { timeout: 50_000 });
  await first.close();
  await tell(3);
  await vi.waitUntil(() => hooks.states()[0]?.fault !== undefined, { timeout: 50_000 });
  expect(hooks.states()).toMatchObject([
    { host: first.url.replace('/hook', ''), fault: { message: expect.stringContaining('ECONNREFUSED') } },
  ]);
  await hooks.stop();
  await tell(4);
  const again = await receiver(undefined, first.port);
  const later = await start([hookTo(first.url)]);
  await vi.waitUntil(() => again.got.length === 2, { timeout: 50_000 });
  expect([...first.ids(), ...again.ids()], 'a new receiver is not told what was before').toEqual(['e-2', 'e-3', 'e-4']);
  await vi.waitUntil(() => later.states()[0]?.takenAt !== undefined, { timeout: 50_000 });
  expect(later.states()[0]?.fault).toBeUndefined();
  await later.stop();
  await start([]);
  expect(await readdir(join(home, 'hooks'))).toEqual([]);
});

test('an event that is not taken for too long is given up, the next ones are sent', async () => {
  const { url, ids } = await receiver((index) => (index < 3 ? 503 : 200));
  const { start, tell, lines } = await sender();
  await start([hookTo(url)], { times: { answer: 5, firstPause: 0.05, longestPause: 0.05, giveUp: 0.1 } });
  await tell(1);
  await vi.waitUntil(() => lines.some((line) => line.includes('not sent any more')), { timeout: 50_000 });
  await tell(2);
  await vi.waitUntil(() => ids().includes('e-2'), { timeout: 50_000 });
  expect(lines.filter((line) => line.startsWith('error')).join()).toContain('"event":"e-1"');
});

test('each try of an event waits twice as long as the one before, up to the longest pause; the next event begins anew', async () => {
  const story: (string | number)[] = [];
  const { url } = await receiver((index) => {
    const isTaken = index === 6 || index === 8;
    story.push(isTaken ? 'taken' : 'failed');
    return isTaken ? 200 : 503;
  });
  const { start, tell } = await sender();
  const times = { answer: 5, firstPause: 2, longestPause: 20 };
  await start([hookTo(url)], { times, pause: async (seconds) => void story.push(seconds) });
  await tell(1, 2);
  await vi.waitUntil(() => story.filter((one) => one === 'taken').length === 2, { timeout: 50_000 });
  const [first, second] = [
    ['failed', 2, 'failed', 4, 'failed', 8, 'failed', 16, 'failed', 20, 'failed', 20],
    ['failed', 2],
  ];
  expect(story).toEqual([...first, 'taken', ...second, 'taken']);
});

test('the rule of the pauses never goes beyond the longest, after however many failures', () => {
  const times = { firstPause: 1, longestPause: 3600 };
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 10_000 }), (failures) => {
      const [pause, next] = [pauseAfter(failures, times), pauseAfter(failures + 1, times)];
      return pause >= 1 && pause <= next && next <= 3600;
    }),
  );
  expect([1, 2, 3].map((failures) => pauseAfter(failures, times))).toEqual([1, 2, 4]);
});
