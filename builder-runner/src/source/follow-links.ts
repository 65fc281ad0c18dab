// Where the symbolic links of a hostile work tree lead, with its top as a border: the kernel would go on beyond it.
import { readlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { LinkFault } from '@coppice/config';

const maximumHops = 40; // as the kernel has it

/** Relative to the tree, no link on its way; nothing need be there. */
export type FollowEnd = { readonly path: string } | { readonly fault: LinkFault };

/** Follows a path of the tree, its last part too. */
export async function followInTree(tree: string, path: string): Promise<FollowEnd> {
  const at: string[] = [];
  let ahead = path.split('/');
  for (let hops = 0; ahead.length > 0; ) {
    const [part = '', ...rest] = ahead;
    ahead = rest;
    if (part === '' || part === '.') continue;
    if (part === '..') {
      if (at.pop() === undefined) return { fault: 'outside' };
      continue;
    }
    // What git itself keeps there is nobody's source.
    if (part.toLowerCase() === '.git') return { fault: 'outside' };
    const text = await readlink(join(tree, ...at, part)).catch(() => undefined);
    if (text === undefined) at.push(part);
    else if (text.startsWith('/')) return { fault: 'absolute' };
    else {
      hops += 1;
      if (hops > maximumHops) return { fault: 'circle' };
      ahead = [...text.split('/'), ...rest];
    }
  }
  return { path: at.join('/') };
}
