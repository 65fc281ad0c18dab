// What carrying out a command is given, and what comes of it.
import type { DebugSessions, ProjectsPort } from '@coppice/builder-runner/runner';
import type { ConfigAtCommit } from '../../config-repo/config-in-force.ts';
import type { Committer } from '../../edits/commit-edit.ts';
import type { People } from '../../people/people.ts';
import type { PlanContext } from '../../planning/planner.ts';
import type { Section } from '../../vocabulary/answer.ts';
import type { Handled } from '../../vocabulary/bot-state.ts';
import type { BuildRef, BuildView } from '../../vocabulary/build-view.ts';
import type { Job } from '../../vocabulary/job.ts';
import type { Leaving } from '../../vocabulary/leaving.ts';

export interface CommandContext extends PlanContext {
  readonly url: string;
  readonly config: () => ConfigAtCommit | undefined;
  readonly view: (ref: BuildRef) => Promise<BuildView>;
  readonly people: Pick<People, 'why' | 'isOther' | 'trust'>;
  readonly commit: Committer;
  readonly projects: ProjectsPort;
  /** Deletes a project that is leaving; gives those that are left, to be noted. */
  readonly takeAway: (project: string) => Promise<readonly Leaving[]>;
  /** Undefined where nobody can look at builders. */
  readonly debug: DebugSessions | undefined;
  /** The public SSH keys that a person has on GitHub. */
  readonly keysOf: (login: string) => Promise<readonly string[]>;
  /** To be called when what is published has changed otherwise than by a build. */
  readonly published: () => unknown;
}

export type CommentJob = Extract<Job, { kind: 'comment' }>;

/** What one command came to: its section of the answer, and what else is to be noted with it. */
export interface Done extends Omit<Handled, 'answer'> {
  readonly section: Section;
}

export function text(line: string, good: boolean, markdown: string): Done {
  return { section: { kind: 'text', line, good, markdown }, checks: [] };
}
