// What is told of signing keys that end soon, or have ended. Pure.
import type { ProjectKeys } from '@coppice/builder-runner/runner';
import { keyWarningSeconds } from '@coppice/config';
import { code } from '../../reply/escape.ts';
import type { FaultReport } from './standing-faults.ts';

const key = 'signing-keys';
const maximumListed = 100;

/** One report for all projects; `now` in milliseconds. A key whose next one is on its way is none. */
export function keyFault(projects: readonly ProjectKeys[], now: number): FaultReport {
  if (projects.length === 0) return { key, state: 'unknown' };
  const ending = projects.flatMap(({ owner, name, keys }) => {
    const { endsAt } = keys.find(({ role }) => role === 'signing') ?? { endsAt: null };
    const isFollowed = keys.some(({ role }) => role === 'next');
    if (endsAt === null || isFollowed || Date.parse(endsAt) - now > keyWarningSeconds * 1000) return [];
    return [{ project: `${owner}/${name}`, endsAt, isOver: Date.parse(endsAt) <= now }];
  });
  if (ending.length === 0) return { key, state: 'over', closing: 'No signing key ends soon.' };
  ending.sort((one, other) => one.endsAt.localeCompare(other.endsAt));
  const lines = ending
    .slice(0, maximumListed)
    .map(({ project, endsAt, isOver }) => `- ${code(project)}: ${isOver ? 'ended' : 'ends'} on ${endsAt.slice(0, 10)}`);
  if (ending.length > lines.length) lines.push(`- and ${ending.length - lines.length} more`);
  const [first] = ending;
  const title =
    ending.length === 1
      ? `The signing key of ${first?.project} ${first?.isOver ? 'has ended' : 'ends soon'}`
      : `Signing keys of ${ending.length} projects end soon`;
  return {
    key,
    state: 'stands',
    title,
    body: `${lines.join('\n')}

A key that has ended signs nothing: builds of its project fail when they are to be signed, and dnf refuses metadata that it has signed. \
Let another key follow in good time, on the machine of the service:

    npx coppice rotate-key ${first?.project}

Users need to do nothing: dnf takes the next key from where it took this one, and asks before it does unless it is run with ${code('-y')}. \
A project whose next key is on its way is not listed here. This issue is closed when none is.
`,
  };
}
