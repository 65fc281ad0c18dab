// Says in public how long sandboxes stay: `api/v1/sandboxes.json`, for their pages.
import { join } from 'node:path';
import { readRegularFile } from '@coppice/builder-runner/regular-file';
import { replaceFile } from '@coppice/builder-runner/replace-file';
import { published, type SandboxesJson } from '@coppice/config';
import type { KnownPull } from '../vocabulary/known-pull.ts';

/** Which sandboxes end when, if the policy keeps them for so long after their pull requests were closed. Pure. */
function sandboxesJson(pulls: readonly KnownPull[], keptSeconds: number): SandboxesJson {
  const closed = pulls.flatMap(({ number, closedAt }) => {
    if (closedAt === null) return [];
    return [{ pull: number, deleteAt: new Date(Date.parse(closedAt) + keptSeconds * 1000).toISOString() }];
  });
  return { keptSeconds, closed };
}

/** Writes it where it does not say that already; resolves with whether it did. */
export async function tellSandboxes(
  publishedFolder: string,
  pulls: readonly KnownPull[],
  keptSeconds: number,
): Promise<boolean> {
  const path = join(publishedFolder, published.sandboxesJson);
  const text = `${JSON.stringify(sandboxesJson(pulls, keptSeconds), null, 2)}\n`;
  const there = await readRegularFile(path, text.length * 4);
  if (there?.kind === 'text' && there.text === text) return false;
  await replaceFile(path, text, { sync: false });
  return true;
}
