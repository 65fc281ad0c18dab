// The first line of a connection through the port that is lent to a builder: whose sandbox of a pull request it may
// see. The control host writes it itself, before all that comes from the builder. Pure.
import { readSandbox } from '@coppice/config';

const word = 'COPPICE-SANDBOX ';
/** No line is longer: an owner and a project of 100 characters each, with the number of a pull request. */
export const maximumPrefaceBytes = 300;

/** For a builder that is `project`'s, `owner/name`; '' for one of no sandbox. */
export function sandboxPreface(project: string | undefined): string {
  const name = project?.split('/')[1] ?? '';
  return readSandbox(name) === undefined ? '' : `${word}${project}\n`;
}

/** What a builder sends first and begins like that line poses as the control host: HTTP never begins so. */
export function posesAsPreface(first: Buffer): boolean {
  return first[0] === word.charCodeAt(0);
}

/** What begins a connection. `incomplete`: it may become such a line; undefined: it is none. */
export function readSandboxPreface(
  bytes: Buffer,
): { readonly project: string; readonly bytes: number } | 'incomplete' | undefined {
  const text = bytes.toString('latin1', 0, maximumPrefaceBytes);
  if (!text.startsWith(word)) return word.startsWith(text) ? 'incomplete' : undefined;
  const end = text.indexOf('\n');
  if (end < 0) return text.length < maximumPrefaceBytes ? 'incomplete' : undefined;
  return { project: text.slice(word.length, end), bytes: end + 1 };
}
