// How long a comment waits for its answer, with Octokit's throttling off and as in production.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readAnswerMark } from '../../src/reply/answer-mark.ts';
import { makeHome, type ServiceUnderTest, startService } from '../service-under-test.ts';
import { waitFor } from '../wait-for.ts';
import { duration, type Figure, median } from './figure.ts';

const comments = 15;
const throttledComments = 5;
const exchanges = 10;

/** `comment.answer` and `comment.answer-throttled`: from the comment's acceptance until its answer can be read. */
export async function answerFigures(): Promise<readonly Figure[]> {
  return [
    ...(await measure('comment.answer', false, comments)),
    ...(await measure('comment.answer-throttled', true, throttledComments)),
  ];
}

async function measure(name: string, throttle: boolean, n: number): Promise<readonly Figure[]> {
  const home = await makeHome();
  const settings = join(home.folder, 'settings.yaml');
  await writeFile(settings, `github: { throttle: ${throttle} }\n`);
  const service = await startService(home.folder, { COPPICE_SETTINGS: settings });
  try {
    await waitFor('the example to be built', 300, async () => service.output().includes('Coppice is running'));
    const waits: number[] = [];
    for (let index = 0; index < n; index += 1) waits.push(await answerWait(service));
    const bare: number[] = [];
    for (let index = 0; index < exchanges; index += 1) bare.push(await bareExchange(service));
    return [duration(name, waits, 'ms', 'one comment and two requests that answer it, sent by hand', median(bare))];
  } finally {
    await service.end('SIGTERM');
    await home.remove();
  }
}

/** Milliseconds from the answer to POST until the bot's comment is in the list. */
async function answerWait(service: ServiceUnderTest): Promise<number> {
  const { id } = await service.github<{ id: number }>('maintainer', 'POST', 'issues/1/comments', { body: '/status' });
  const started = performance.now();
  for (;;) {
    const listed = await service.github<{ body: string }[]>(
      'maintainer',
      'GET',
      `issues/1/comments?per_page=100&since=${encodeURIComponent(new Date(Date.now() - 60_000).toISOString())}`,
    );
    if (listed.some(({ body }) => readAnswerMark(body)?.to === id)) return performance.now() - started;
    if (performance.now() - started > 60_000) throw new Error('No answer within 60 s.');
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** The least that any bot does for an answer: a reaction and a comment. */
async function bareExchange(service: ServiceUnderTest): Promise<number> {
  const { id } = await service.github<{ id: number }>('maintainer', 'POST', 'issues/1/comments', {
    body: 'no command',
  });
  const started = performance.now();
  await service.github('maintainer', 'POST', `issues/comments/${id}/reactions`, { content: 'eyes' });
  await service.github('maintainer', 'POST', 'issues/1/comments', { body: 'an answer by hand' });
  return performance.now() - started;
}
