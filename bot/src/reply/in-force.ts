// Said before the answers to commands that are about the config, while it is not the newest commit that counts, and
// while projects are leaving. Pure.
import type { Leaving, RefusedCommit } from '../vocabulary/leaving.ts';
import { code, codeBlock } from './escape.ts';
import { time } from './fates.ts';

export interface InForce {
  /** The commit in force, null when there is none yet. */
  readonly goodCommit: string | null;
  readonly refused: RefusedCommit | null;
  readonly leaving: readonly Leaving[];
}

const maximumLeaving = 10;

/** `repositoryUrl` is that of the config repo. Empty when all is as people expect it. */
export function inForceNote({ goodCommit, refused, leaving }: InForce, repositoryUrl: string): string {
  const link = (commit: string) => `[\`${commit.slice(0, 10)}\`](${repositoryUrl}/commit/${commit})`;
  const parts: string[] = [];
  if (refused !== null) {
    const { commit, problems, first } = refused;
    const counts =
      goodCommit === null ? 'No config is in force' : `The config of ${link(goodCommit)} is in force, not the newest`;
    const has = problems === 1 ? 'a problem' : `${problems} problems`;
    const more = problems > first.length ? ` The first ${first.length} are these; its` : ' Its';
    parts.push(
      `${counts}: the newest commit ${link(commit)} was refused, for it has ${has}.${more} check "coppice / config" says each on its line.\n\n${codeBlock(first)}`,
    );
  }
  const [only, ...others] = leaving;
  if (only !== undefined && others.length === 0) parts.push(leavingNote(only, link(only.leftAt)));
  else if (only !== undefined) parts.push(leavingList(leaving));
  return parts.join('\n\n');
}

/** `commit`: the one without it, as Markdown. */
function leavingNote({ project, by, deleteAt }: Leaving, commit: string): string {
  const file = code(`projects/${project}.yaml`);
  return `${code(project)} is leaving: commit ${commit} by ${code(by)} took ${file} away. What it has published is deleted at ${time(deleteAt)}, unless the file is put back; ${code(`/delete project ${project}`)} deletes it at once.`;
}

/** One line each. */
function leavingList(leaving: readonly Leaving[]): string {
  const lines = leaving
    .slice(0, maximumLeaving)
    .map(({ project, deleteAt }) => `- ${code(project)}, deleted at ${time(deleteAt)}`);
  const more = leaving.length - maximumLeaving;
  const rest = more > 0 ? [`- and ${more} more`] : [];
  const keep = 'What they have published goes with them, unless their files are put back before:';
  return [`${leaving.length} projects are leaving. ${keep}`, '', ...lines, ...rest].join('\n');
}

/** To somebody who wants something else of a project that is leaving. */
export function isLeaving({ project, deleteAt }: Leaving): string {
  return `${code(project)} is leaving: its file was taken away, and what it has published is deleted at ${time(deleteAt)}. Put ${code(`projects/${project}.yaml`)} back first, or write ${code(`/delete project ${project}`)} to delete it at once.`;
}
