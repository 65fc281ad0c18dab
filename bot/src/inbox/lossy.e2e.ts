// Two hundred random histories, played twice against the local GitHub: once every webhook arrives, once they are
// dropped, doubled, delayed, shuffled and withheld while the bot is restarted. What comes of them must be the same.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import type { Channel } from '../../local-github/delivery/webhooks.ts';
import { type CheckRunJson, startTestService, type TestService } from '../../testing/bot-fixture.ts';
import { commitStream, drawHistories, firstFiles, nameOf, randomNumbers, type Step } from '../../testing/histories.ts';
import { readAnswerMark } from '../reply/answer-mark.ts';

const histories = Number(process.env.COPPICE_HISTORIES ?? 200);
const seed = Number(process.env.COPPICE_SEED ?? Math.floor(Math.random() * 2 ** 31));

interface EndState {
  /** By history: the texts of the answers to each of its comments, without numbers. */
  readonly answers: Readonly<Record<string, readonly (readonly string[])[]>>;
  /** Every build that was asked for, by whom, and how it ended. */
  readonly builds: readonly string[];
  /** Every check run of a build, with its conclusion, and what is said of each pull request's head. */
  readonly checks: readonly string[];
  /** What is said of the config at the head of the default branch. */
  readonly head: readonly string[];
}

/**
 * A channel that loses about a third, and may repeat or delay the rest. `release` sends what it has kept to the end.
 */
function lossyChannel(random: () => number): { readonly channel: Channel; release(): Promise<void> } {
  const underWay: Promise<void>[] = [];
  const kept: (() => Promise<void>)[] = [];
  return {
    channel: (_delivery, send) => {
      const luck = random();
      const later = () => underWay.push(sleep(random() * 1500).then(send));
      if (luck < 0.35) return;
      if (luck < 0.45) kept.push(send);
      else if (luck < 0.7) later();
      else underWay.push(send());
      // Twice, and the second one out of its turn.
      if (luck > 0.6) later();
    },
    async release() {
      await Promise.all(underWay);
      await Promise.all(kept.map((send) => send()));
    },
  };
}

async function openService(steps: readonly Step[]): Promise<TestService> {
  const service = await startTestService({
    files: firstFiles(steps),
    github: { reconcileSeconds: 3 },
    editMilliseconds: 500,
  });
  while ((await service.step()) !== undefined);
  await service.bot().settled();
  return service;
}

/** Puts the commits of all pushes and pull requests on GitHub, where no branch that counts shows them yet. */
async function uploadCommits(service: TestService, steps: readonly Step[]): Promise<readonly string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'coppice-histories-'));
  const git = (args: readonly string[], input?: string) =>
    execa('git', args, { cwd: folder, ...(input === undefined ? { stdin: 'ignore' } : { input }) });
  try {
    const remote = `${service.github.url.replace('://', '://maintainer:token-maintainer@')}/acme/packages.git`;
    await git(['clone', '--quiet', '--bare', remote, '.']);
    const main = (await git(['rev-parse', 'main'])).stdout;
    await git(['fast-import', '--quiet', '--done'], commitStream(steps, main));
    await git(['push', '--quiet', 'origin', 'refs/heads/*:refs/heads/*']);
    return (await git(['rev-list', '--reverse', `main..upcoming`])).stdout.split('\n');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface Played {
  /** Comment id → its history and place in it. */
  readonly comments: Map<number, { readonly history: number; readonly at: number; readonly answered: boolean }>;
  readonly pullHeads: string[];
  readonly commits: readonly string[];
}

async function play(
  service: TestService,
  steps: readonly Step[],
  between: (at: number) => Promise<void>,
): Promise<Played> {
  const waiting = [...(await uploadCommits(service, steps))];
  const played: Played = { comments: new Map(), pullHeads: [], commits: [...waiting] };
  for (const [at, { history, event, moves }] of steps.entries()) {
    await between(at);
    const own = [...played.comments].filter(([, one]) => one.history === history);
    switch (event.kind) {
      case 'comment': {
        const { id } = await service.comment(event.login, event.body);
        played.comments.set(id, { history, at: own.length, answered: event.answered });
        break;
      }
      case 'edit': {
        const place = `issues/comments/${own.at(-1)?.[0]}`;
        const { created_at } = await service.ask<{ created_at: string }>('builder', 'GET', place);
        // GitHub tells times in whole seconds: what is edited in the second in which it was written looks as if it
        // never was.
        await sleep(Math.max(0, Date.parse(created_at) + 1000 - Date.now()));
        await service.ask('builder', 'PATCH', place, { body: event.body });
        break;
      }
      case 'push':
        await service.ask('maintainer', 'PATCH', 'git/refs/heads/main', { sha: waiting.shift() });
        break;
      case 'pull': {
        const branch = `pull-${nameOf(history)}`;
        const pull = { title: branch, head: branch, base: 'main' };
        played.pullHeads.push(
          (await service.ask<{ head: { sha: string } }>('builder', 'POST', 'pulls', pull)).head.sha,
        );
        break;
      }
    }
    for (let move = 0; move < moves; move += 1) await service.step();
  }
  return played;
}

/** All, not the newest of each name: which builds share a commit depends on when their comments were read. */
function everyCheck(service: TestService, commit: string): Promise<readonly CheckRunJson[]> {
  return service.list<CheckRunJson>(`commits/${commit}/check-runs?filter=all`);
}

/** Moves all builds to their ends until everything that must come has come, or for a minute. */
async function finish(service: TestService, { comments, pullHeads, commits }: Played): Promise<void> {
  const deadline = performance.now() + 60_000;
  const head = commits.at(-1) ?? '';
  for (;;) {
    while ((await service.step()) !== undefined);
    await service.bot().settled();
    if (service.queue.builds().length > 0) continue;
    const final = (await service.comments()).flatMap(({ body }) => {
      const mark = readAnswerMark(body);
      return mark === undefined || mark.state === 'working' ? [] : [mark.to];
    });
    const unanswered = [...comments].filter(([id, { answered }]) => answered && !final.includes(id));
    const unjudged: string[] = [];
    for (const commit of [head, ...pullHeads])
      if ((await everyCheck(service, commit)).length === 0) unjudged.push(commit);
    if (unanswered.length === 0 && unjudged.length === 0) return;
    if (performance.now() > deadline) return;
    await sleep(100);
  }
}

/** What is known when an answer is written depends on which of the last pushes was there already. */
const withoutNumbers = (text: string) =>
  text
    .replace(/^Known: .*$/gm, 'Known: some.')
    .replace(/build\/\d+|\[\d+\]|#\d+|127\.0\.0\.1:\d+|"to":\d+|to=\d+/g, 'N');

async function endState(
  service: TestService,
  { comments, pullHeads, commits }: Played,
  builds: readonly string[],
): Promise<EndState> {
  const answers: Record<string, string[][]> = {};
  for (const { history, at } of comments.values()) {
    const own = answers[nameOf(history)] ?? [];
    own[at] = [];
    answers[nameOf(history)] = own;
  }
  for (const { body } of await service.comments()) {
    const asked = comments.get(readAnswerMark(body)?.to ?? 0);
    if (asked !== undefined)
      answers[nameOf(asked.history)]?.[asked.at]?.push(withoutNumbers(body.replace(/^.*\n/, '')));
  }
  const head = commits.at(-1) ?? '';
  const first =
    (await service.ask<{ parents: { sha: string }[] }>('maintainer', 'GET', `commits/${commits[0]}`)).parents[0]?.sha ??
    '';
  const checks: string[] = [];
  for (const commit of [first, ...commits, ...pullHeads]) {
    for (const { name, conclusion } of await everyCheck(service, commit))
      if (name !== 'coppice / config' || pullHeads.includes(commit)) checks.push(`${name}: ${conclusion}`);
  }
  const said = (await everyCheck(service, head)).filter(({ name }) => name === 'coppice / config');
  return {
    answers,
    builds: [...builds].sort(),
    checks: checks.sort(),
    head: said.map(({ conclusion }) => String(conclusion)),
  };
}

async function run(steps: readonly Step[], lossy: (() => number) | undefined): Promise<EndState> {
  const service = await openService(steps);
  const builds: string[] = [];
  const unsubscribe = service.queue.onChange(({ build, gone }) => {
    const how = build.chroots.map(({ chroot, state }) => `${chroot} ${state}`).join();
    if (gone) builds.push(`${build.owner}/${build.project}/${build.package} for ${build.requestedBy}: ${how}`);
  });
  try {
    const channel = lossy === undefined ? undefined : lossyChannel(lossy);
    service.github.setChannel(channel?.channel);
    const restarts = lossy === undefined ? [] : [0.3, 0.7].map((share) => Math.floor(share * steps.length));
    const played = await play(service, steps, async (at) => {
      if (restarts.includes(at)) await service.restart();
    });
    await finish(service, played);
    await channel?.release();
    await finish(service, played);
    return await endState(service, played, builds);
  } finally {
    unsubscribe();
    await service.stop();
  }
}

test(`whatever becomes of the webhooks, the end of ${histories} histories is the same (COPPICE_SEED=${seed})`, async () => {
  const steps = drawHistories(histories, randomNumbers(seed));
  const [perfect, lossy] = [await run(steps, undefined), await run(steps, randomNumbers(seed + 1))];
  expect(Object.keys(perfect.answers).length).toBeGreaterThan(histories / 2);
  const answered = Object.values(perfect.answers)
    .flat()
    .filter((texts) => texts.length > 0);
  expect(answered.length).toBe(steps.filter(({ event }) => event.kind === 'comment' && event.answered).length);
  expect(perfect.head).toEqual(['success']);
  expect(lossy).toEqual(perfect);
});
