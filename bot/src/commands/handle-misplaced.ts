// Works off text where no command is read, descriptions and reviews say: when it holds one, its writer is told where
// to put it.
import { misplaced } from '../reply/misplaced.ts';
import { type Handled, isAnswered } from '../vocabulary/bot-state.ts';
import type { Command } from '../vocabulary/command.ts';
import type { Job } from '../vocabulary/job.ts';
import type { ParsedComment } from './read/parse-comment.ts';
import { readComment } from './read/read-comment.ts';

/** An answer when the text asks for something that stood not there before, and none was given of it yet. */
export async function handleMisplaced(
  job: Extract<Job, { kind: 'misplaced' }>,
  state: Parameters<typeof isAnswered>[0],
): Promise<Handled> {
  const { place, id, on, actor } = job;
  if (isAnswered(state, `${place}/${id}`)) return { checks: [] };
  const asked = linesOf(await readComment(job.body));
  const before = linesOf(await readComment(job.before));
  const lines = asked.filter((line) => !before.includes(line));
  const [line] = lines;
  if (line === undefined) return { checks: [] };
  const sections = [{ kind: 'text', line, good: false, markdown: misplaced(place, lines) } as const];
  const where = 'issue' in on ? on : { issue: 0, commit: on.commit };
  return { checks: [], answer: { to: `${place}/${id}`, ...where, by: actor, sections, commentId: null } };
}

function linesOf(comment: ParsedComment | 'tangled'): readonly string[] {
  return comment === 'tangled' ? [] : comment.commands.filter(isMeant).map(({ line }) => line);
}

/** Text that mentions the bot and comes near no command is not told anything. */
function isMeant(command: Command): boolean {
  return command.kind !== 'mistake' || (command.suggestion !== undefined && command.suggestion !== '/help');
}
