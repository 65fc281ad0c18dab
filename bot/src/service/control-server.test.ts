import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { type ControlServer, controlAction, startControlServer } from './control-server.ts';

let server: ControlServer;
const asked: unknown[] = [];
const wish = z.strictObject({ dryRun: z.boolean() });

beforeAll(async () => {
  server = await startControlServer({
    '/prune': controlAction(wish, async (given) => {
      asked.push(given);
      return { done: true };
    }),
    '/early': controlAction(wish, async () => undefined),
    '/broken': controlAction(wish, () => Promise.reject(new Error('the disk is full'))),
  });
});
afterAll(() => server.close());

const ask = async (path: string, body: string) => {
  const headers = { Authorization: `Bearer ${server.token}` };
  const answer = await fetch(`http://127.0.0.1:${server.port}${path}`, { method: 'POST', headers, body });
  return [answer.status, await answer.json()];
};

test.each([
  ['', /it is not JSON/],
  ['{"dryRun":', /it is not JSON/],
  ['[]', /the document: .*expected object/],
  ['{"dryRun":"yes"}', /dryRun: .*expected boolean/],
  ['{"dryRun":true,"__proto__":{"a":1},"force":true}', /force/],
])('a body that cannot be used is answered 400 with a sentence: %s', async (body, why) => {
  const [status, said] = await ask('/prune', body);
  expect([status, said]).toEqual([400, { error: expect.stringMatching(why) }]);
  expect(said).toEqual({ error: expect.stringMatching(/^The body cannot be used: .*\.$/s) });
  expect(asked).toEqual([]);
});

test('does what is asked, and tells what it cannot do now or at all', async () => {
  expect(await ask('/prune', '{"dryRun":true}')).toEqual([200, { done: true }]);
  expect(asked).toEqual([{ dryRun: true }]);
  expect(await ask('/early', '{"dryRun":true}')).toEqual([503, { error: 'Starting: try again soon.' }]);
  expect(await ask('/broken', '{"dryRun":true}')).toEqual([500, { error: 'the disk is full' }]);
  expect(await ask('/prune', 'x'.repeat(100_001))).toEqual([413, { error: 'Too long.' }]);
});
