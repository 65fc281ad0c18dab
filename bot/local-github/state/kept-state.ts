// What the local GitHub remembers beside Git: the writes that the emulator took, and what the bridge keeps itself.
// One JSON file, replaced as a whole; writes that come while it is replaced share the next replacement.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { replaceFile } from '@coppice/builder-runner/replace-file';

export interface Reaction {
  readonly id: number;
  readonly repository: string;
  readonly on: 'issue' | 'comment';
  /** The number or the comment's id. */
  readonly subject: number;
  readonly content: string;
  readonly login: string;
  readonly createdAt: string;
}

export interface CommitStatus {
  readonly id: number;
  readonly repository: string;
  readonly sha: string;
  readonly state: string;
  readonly context: string;
  readonly description: string | null;
  readonly targetUrl: string | null;
  readonly login: string;
  readonly createdAt: string;
}

export interface CommitComment {
  readonly id: number;
  readonly repository: string;
  readonly sha: string;
  readonly body: string;
  readonly login: string;
  readonly createdAt: string;
}

/** A public SSH key of a person. */
export interface KeptUserKey {
  readonly id: number;
  readonly login: string;
  /** `<kind> <base64>`. */
  readonly key: string;
  readonly title: string;
  readonly createdAt: string;
}

export interface KeptCheckRun {
  readonly id: number;
  readonly repository: string;
  readonly sha: string;
  readonly startedAt: string;
  annotations: Record<string, unknown>[];
  actions: { label: string; description: string; identifier: string }[];
}

export interface KeptPull {
  readonly repository: string;
  readonly number: number;
  /** Where its head branch is, when that is not the repository itself: a fork, also when that is gone. */
  readonly headRepository?: string;
  /** Which of `forks` that is. */
  readonly fork?: number;
  readonly headRef: string;
  baseRef: string;
  headSha: string;
  baseSha: string;
  open: boolean;
  mergeSha: string | null;
}

/** A person's own repository, mostly a copy of another. */
export interface KeptFork {
  /** owner/name, free for another when this one is gone. */
  readonly fullName: string;
  /** Null: it was made new. */
  readonly parent: string | null;
  /** Only its owner sees it. */
  private: boolean;
  gone: boolean;
}

/** One write that the emulator took, to be taken again at the next start. */
export interface KeptCall {
  readonly method: string;
  readonly path: string;
  body: Record<string, unknown>;
  /** A login, or `app` for the installation. */
  readonly as: string;
}

export interface KeptState {
  readonly version: 1;
  nextId: number;
  readonly reactions: Reaction[];
  readonly statuses: CommitStatus[];
  readonly commitComments: CommitComment[];
  readonly checkRuns: KeptCheckRun[];
  readonly pulls: KeptPull[];
  readonly forks: KeptFork[];
  readonly userKeys: KeptUserKey[];
  readonly calls: KeptCall[];
  /** When things were made and closed, by their API path: a replayed call would make them young again. */
  readonly times: Record<string, Record<string, string | null>>;
}

export interface StateFile {
  readonly state: KeptState;
  /** Resolves when what the state holds now is saved, so that a service that is killed then remembers it. */
  changed(): Promise<void>;
  /** Saves now, and ends. */
  close(): Promise<void>;
}

const EMPTY: KeptState = {
  version: 1,
  nextId: 1,
  reactions: [],
  statuses: [],
  commitComments: [],
  checkRuns: [],
  pulls: [],
  forks: [],
  userKeys: [],
  calls: [],
  times: {},
};

export async function openStateFile(folder: string, log: (message: string) => void): Promise<StateFile> {
  const file = path.join(folder, 'state.json');
  const state = await readState(file);
  let saving: Promise<void> = Promise.resolve();
  let next: Promise<void> | undefined;
  const write = (sync: boolean) => replaceFile(file, JSON.stringify(state), { sync, mode: 0o600 });
  return {
    state,
    changed() {
      next ??= saving.then(async () => {
        next = undefined;
        saving = write(false).catch((error: Error) =>
          log(`the local GitHub's state could not be saved: ${error.message}`),
        );
        await saving;
      });
      return next;
    },
    async close() {
      await next;
      await saving;
      await write(true);
    },
  };
}

async function readState(file: string): Promise<KeptState> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return structuredClone(EMPTY);
  return { ...structuredClone(EMPTY), ...(JSON.parse(text) as KeptState) };
}
