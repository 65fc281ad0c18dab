// What a check says after a button on it was pressed that queued nothing. Pure.
import { code, list } from '../reply/escape.ts';

/** The end of a check whose subject is over: it is neither good nor bad. */
export interface Over {
  readonly title: string;
  readonly summary: string;
}

export function closedPull(number: number): Over {
  return {
    title: 'The pull request is closed',
    summary: `Pull request ${number} is closed, so nothing is built of it.`,
  };
}

export function notIntoDefault(number: number): Over {
  return {
    title: 'Not for the default branch',
    summary: `Pull request ${number} does not go into the default branch, so nothing is built of it.`,
  };
}

export function movedPull(number: number, head: string): Over {
  return {
    title: 'Replaced by a later push',
    summary: `The head of pull request ${number} is \`${head}\` now; the check there says what is built.`,
  };
}

export function buildGone(id: number): Over {
  return {
    title: 'Its build was deleted',
    summary: `Build ${id} is not there any more, so it cannot be built again. \`/build\` builds what is stated now.`,
  };
}

export function leftBranch(branch: string, inForce: string | null): Over {
  return {
    title: 'Not on the default branch any more',
    summary: `${code(branch)} does not hold this commit any more, so nothing is built of it. ${whatIsInForce(inForce)}`,
  };
}

export function replaced(inForce: string | null): Over {
  return {
    title: 'Replaced by a later push',
    summary: `It has no problems. ${whatIsInForce(inForce)}`,
  };
}

function whatIsInForce(commit: string | null): string {
  return commit === null
    ? 'No config is in force.'
    : `The config of \`${commit}\` is in force; the check there says what is built.`;
}

/** The external id names nothing: another version of the service made the check, or another app. */
export function unknownSubject(): Over {
  return {
    title: 'Not known any more',
    summary: 'What this check was about is not known any more. `/build` in a comment builds what is stated now.',
  };
}

export function planTitle(): string {
  return 'Valid; nothing was queued';
}

export function mayBuildNothing(actor: string): string {
  return `${code(actor)} asked for this check again and may not build any project, so nothing was queued. \`/request builder owner/name\` asks for rights.`;
}

/** What was pressed is refused: said first in the summary of the check. */
export function mayNot(actor: string, what: string, project: string, who: readonly string[]): string {
  const may = who.length === 0 ? 'Nobody may so far.' : `These may: ${list(who)}.`;
  return `${code(actor)} may not ${what} ${code(project)}. ${may}`;
}

export function endedBefore(actor: string, id: number): string {
  return `${code(actor)} pressed Cancel, and build ${id} had ended before.`;
}
