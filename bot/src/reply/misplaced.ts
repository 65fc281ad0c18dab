// What is answered to commands that stand where none is read. Pure.
import type { MisplacedIn } from '../vocabulary/job.ts';
import { code } from './escape.ts';

const places: Readonly<Record<MisplacedIn, string>> = {
  'issue-description': 'the description of an issue',
  'pull-description': 'the description of a pull request',
  review: 'a review',
  'review-comment': 'a comment of a review',
  'commit-comment': 'a comment on a commit',
  'edited-comment': 'a comment that was edited',
};

const here: readonly MisplacedIn[] = [
  'issue-description',
  'pull-description',
  'edited-comment',
  'review',
  'review-comment',
];

/** `lines`: the commands as they were written. */
export function misplaced(place: MisplacedIn, lines: readonly string[]): string {
  const where = here.includes(place) ? 'here' : 'on an issue or pull request';
  const what = lines.map((line) => `- ${code(line, 200)}`).join('\n');
  return `I read commands in new comments only, and not in ${places[place]}, so nothing was done. Write ${lines.length === 1 ? 'it' : 'them'} as a new comment ${where}:\n\n${what}`;
}
