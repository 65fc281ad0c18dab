// Random histories of a config repo: what people push, propose and say, drawn from a seed so that they can be played
// twice.
import { exampleFiles } from './bot-fixture.ts';

const chroot = 'sapling-12-x86_64';

/** What one person does in one history, in order. */
export type HistoryEvent =
  | { readonly kind: 'comment'; readonly login: string; readonly body: string; readonly answered: boolean }
  /** The last comment of this history gets another text. */
  | { readonly kind: 'edit'; readonly body: string }
  /** The default branch moves on to the commit that adds this history's second project. */
  | { readonly kind: 'push' }
  /** A branch that changes the first package is proposed. */
  | { readonly kind: 'pull' };

export interface Step {
  readonly history: number;
  readonly event: HistoryEvent;
  /** How many builds move on after it. */
  readonly moves: number;
}

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
export function randomNumbers(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

export const nameOf = (history: number) => `h${String(history).padStart(3, '0')}`;

/** One to four events of every history, each history in its own order, mixed with those of all the others. */
export function drawHistories(count: number, random: () => number): readonly Step[] {
  const histories = Array.from({ length: count }, (_, history) => drawHistory(nameOf(history), random));
  const steps: Step[] = [];
  for (;;) {
    const left = histories.flatMap((events, history) => (events.length > 0 ? [history] : []));
    const history = left[Math.floor(random() * left.length)];
    const event = history === undefined ? undefined : histories[history]?.shift();
    if (history === undefined || event === undefined) return steps;
    steps.push({ history, event, moves: Math.floor(random() * 3) });
  }
}

function drawHistory(name: string, random: () => number): HistoryEvent[] {
  const events: HistoryEvent[] = [];
  const said = (login: string, body: string): HistoryEvent => ({ kind: 'comment', login, body, answered: true });
  const wishes: readonly [number, readonly HistoryEvent[]][] = [
    [0.2, [said('builder', `Please:\n\n/build ${name}`)]],
    [0.12, [{ kind: 'push' }]],
    [0.03, [{ kind: 'pull' }]],
    [0.2, [said('outsider', '/build shared')]],
    [0.2, [said('outsider', `/build ${name}x`)]],
    [
      0.1,
      [
        { kind: 'comment', login: 'builder', body: 'I like it.', answered: false },
        { kind: 'edit', body: '/build shared' },
      ],
    ],
  ];
  for (const [likely, wish] of wishes) if (random() < likely) events.splice(events.length, 0, ...wish);
  return events.length > 0 ? events : [said('outsider', '/help')];
}

/** The first commit: a project for each history that builds something of its own. */
export function firstFiles(steps: readonly Step[]): Record<string, string> {
  const files: Record<string, string> = { 'coppice.yaml': exampleFiles['coppice.yaml'] ?? '' };
  const builds = steps.flatMap(({ history, event }) => {
    const builder = event.kind === 'comment' && event.login === 'builder' && event.answered;
    return builder || event.kind === 'pull' ? [nameOf(history)] : [];
  });
  for (const name of ['shared', ...builds]) {
    files[`projects/acme/${name}.yaml`] = projectFile([name]);
    files[`packages/acme/${name}/${name}/${name}.spec`] = `Name: ${name}\n`;
  }
  return files;
}

function projectFile(packages: readonly string[]): string {
  const list = packages.map((name) => `  ${name}: { source: { type: dir } }\n`).join('');
  return `description: One\nmaintainers: [maintainer]\nbuilders: [builder]\nchroots: [${chroot}]\npackages:\n${list}`;
}

/**
 * A stream for `git fast-import`: branch `upcoming` with a commit for each push in its order, branch `pull-<name>` for
 * each pull request, all on `main`. Each branch carries what its history adds.
 */
export function commitStream(steps: readonly Step[], main: string): string {
  const branches = new Set<string>();
  const commit = (at: number, branch: string, files: Readonly<Record<string, string>>): string => {
    const who = `maintainer <maintainer@example.test> ${1_700_000_000 + at} +0000`;
    const message = `Change ${at}`;
    const from = branches.has(branch) ? '' : `from ${main}\n`;
    branches.add(branch);
    const changes = Object.entries(files).map(
      ([path, text]) => `M 100644 inline ${path}\ndata ${text.length}\n${text}\n`,
    );
    const head = `commit refs/heads/${branch}\nauthor ${who}\ncommitter ${who}\ndata ${message.length}\n${message}\n`;
    return `${head}${from}${changes.join('')}\n`;
  };
  const commits = steps.flatMap(({ history, event }, at) => {
    const name = nameOf(history);
    const second = `${name}-second`;
    if (event.kind === 'push')
      return commit(at, 'upcoming', {
        [`projects/acme/${second}.yaml`]: projectFile([second]),
        [`packages/acme/${second}/${second}/${second}.spec`]: `Name: ${second}\n`,
      });
    if (event.kind === 'pull')
      return commit(at, `pull-${name}`, {
        [`packages/acme/${name}/${name}/${name}.spec`]: `Name: ${name}\nVersion: 9\n`,
      });
    return [];
  });
  return `${commits.join('')}done\n`;
}
