// What `.gitmodules` says: which submodule stands where and comes from which address. Anybody may have written it.
// Pure.
import { gitUrl } from '@coppice/config';

/** A submodule as `.gitmodules` states it; everything else that stands there (`update`, `branch`) is not read. */
export interface StatedSubmodule {
  readonly name: string;
  readonly path: string;
  readonly url: string;
}

/**
 * From what `git config --null --list` prints of the file: `submodule.NAME.KEY\nVALUE\0`. The last of one key counts.
 */
export function parseGitmodules(listed: string): readonly StatedSubmodule[] {
  const found = new Map<string, { path?: string; url?: string }>();
  for (const entry of listed.split('\0')) {
    const [, name, key, value] = /^submodule\.([^\n]+)\.(path|url)\n(.*)$/s.exec(entry) ?? [];
    if (name === undefined || value === undefined) continue;
    found.set(name, { ...found.get(name), [key as 'path' | 'url']: value });
  }
  return [...found].flatMap(([name, { path, url }]) =>
    path === undefined || url === undefined ? [] : [{ name, path: path.replace(/\/+$/, ''), url }],
  );
}

/**
 * The address of a submodule: one that begins with `./` or `../` is relative to that of its repository, as git has it.
 * A sentence without its full stop where it is none that can be asked without a key.
 */
export function submoduleUrl(url: string, of: string): { readonly url: string } | { readonly why: string } {
  if (/^\.\.?\//.test(url)) return relativeTo(url, of);
  const ssh = /^(?:ssh:\/\/)?[\w.-]+@([\w.-]+)(?::\d+)?[:/](.+)$/.exec(url);
  if (ssh !== null && !/^https?:/.test(url))
    return { why: `has an SSH address, and the service has no key; let it be https://${ssh[1]}/${ssh[2]}` };
  if (!url.startsWith('https://'))
    return { why: `has the address ${JSON.stringify(url.slice(0, 200))}, which is not https` };
  const { username, password } = URL.canParse(url) ? new URL(url) : {};
  if (username || password) return { why: 'has a user name or a password in its address' };
  // The rule that an address in the config repo is held against.
  return gitUrl.safeParse(url).success
    ? { url }
    : { why: `has the address ${JSON.stringify(url.slice(0, 200))}, which no source may have` };
}

function relativeTo(url: string, of: string): { readonly url: string } | { readonly why: string } {
  const fault = { why: `has the address ${JSON.stringify(url.slice(0, 200))}, which leads out of the server` };
  if (!URL.canParse(of) || !/^https?:\/\//.test(of)) return fault;
  const { origin, pathname } = new URL(of);
  const at = pathname.split('/').filter((part) => part !== '');
  for (const part of url.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') at.push(part);
    else if (at.pop() === undefined) return fault;
  }
  return { url: `${origin}/${at.join('/')}` };
}

/** Whether a path of a tree may be a folder of a work tree: git refuses the same of files. */
export function isFolderPath(path: string): boolean {
  const parts = path.split('/');
  // NTFS's and HFS+'s other names of `.git`, as git's own check has them.
  const isGit = (part: string) =>
    /^\.git[. ]*$|^git~1$/i.test(part.replace(/[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/g, ''));
  return path.length <= 1000 && parts.every((part) => part !== '' && part !== '.' && part !== '..' && !isGit(part));
}
