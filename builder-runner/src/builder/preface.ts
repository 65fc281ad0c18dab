// The first line of a connection through the port that is lent to a builder: what of the repositories it sees. The
// control host writes it itself on each connection, before all that comes from the builder. Pure.
import { parseJsonAs, readSandbox } from '@coppice/config';
import { z } from 'zod';

const viewSchema = z.strictObject({
  /** `owner/project:pr:N`, the one sandbox of a pull request that is seen. Default: none is. */
  sandbox: z.string().optional(),
  /** `owner/project/chroot` → the one generation of it that is seen. Of all others the newest is. */
  generations: z.record(z.string(), z.int().positive()),
});
/** What a connection sees. */
export type View = z.infer<typeof viewSchema>;

const word = 'COPPICE ';
/** A line for more repositories than any build reads. */
const maximumPrefaceBytes = 1024 ** 2;

/** What a builder of `project`, `owner/name`, sees while a build there is bound to `generations`. */
export function viewOf(project: string | undefined, generations: View['generations']): View {
  const isSandbox = project !== undefined && readSandbox(project.split('/')[1] ?? '') !== undefined;
  return { ...(isSandbox ? { sandbox: project } : {}), generations };
}

/** The line, with its end. */
export function formatPreface(view: View): string {
  return `${word}${JSON.stringify(view)}\n`;
}

/**
 * What begins a connection: what it sees, and how many bytes that took. `incomplete`: it may become such a line;
 * undefined: it is none.
 */
export function readPreface(bytes: Buffer): { readonly view: View; readonly bytes: number } | 'incomplete' | undefined {
  const start = bytes.toString('latin1', 0, word.length);
  if (start !== word) return word.startsWith(start) ? 'incomplete' : undefined;
  const end = bytes.indexOf('\n');
  if (end < 0) return bytes.length < maximumPrefaceBytes ? 'incomplete' : undefined;
  const stated = parseJsonAs(bytes.toString('utf8', word.length, end), viewSchema);
  return stated.kind === 'value' ? { view: stated.value, bytes: end + 1 } : undefined;
}
