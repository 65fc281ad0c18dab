// Windows line ends in what a shell or make reads: each carriage return becomes part of a command.
import { constants } from 'node:fs';
import { open, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { type Failure, fail } from '../base/outcome.ts';
import { inQuotes } from '../base/sentence-parts.ts';
import type { MakeableSource } from './srpm-plan.ts';

type Kind = 'spec' | 'script' | 'makefile';

/** More than any spec, script or Makefile of ours is looked at. */
const maximumBytes = 1024 * 1024;

/** Sections and scriptlets that a shell runs. Source: https://rpm-software-management.github.io/rpm/manual/spec.html */
const shellSection =
  /^%(?:prep|generate_buildrequires|conf|build|install|check|clean|pre|post|preun|postun|pretrans|posttrans|verifyscript|trigger\w*|filetrigger\w*|transfiletrigger\w*)(?:\s|$)/;
const otherSection = /^%(?:description|package|files|changelog|sourcelist|patchlist|sepolicy|preamble|end)(?:\s|$)/;

/** The first line, from 1, whose carriage return a shell or make would take for text; undefined: none. Pure. */
export function findReturn(text: string, kind: Kind): number | undefined {
  if (!text.includes('\r\n')) return undefined;
  const lines = text.split('\n');
  if (kind === 'script') return /^#!.*\r$/.test(lines[0] ?? '') ? 1 : undefined;
  let isShell = kind === 'makefile';
  const index = lines.findIndex((line) => {
    if (kind === 'spec' && shellSection.test(line)) {
      isShell = !/\s-p\s/.test(line);
      return false;
    }
    if (kind === 'spec' && otherSection.test(line)) isShell = false;
    return isShell && line.endsWith('\r') && !/^\s*#|^%(?:if|el|endif|global|define|undefine|dnl)/.test(line);
  });
  return index === -1 ? undefined : index + 1;
}

/** What is said of it; `line` is the first that matters. */
function describeReturn(file: string, text: string, line: number): string {
  const first = text.slice(0, text.indexOf('\r\n')).split('\n').length;
  return `${inQuotes(file)} has the line ends of Windows (CRLF; the first in line ${first}), and from line ${line} on they are read as part of commands: save it with those of Unix (LF), as \`dos2unix\` does.`;
}

/** Why no good source package can come of a source whose spec, script or Makefile has such line ends. */
export async function findReturnFault(source: MakeableSource): Promise<Failure | undefined> {
  for (const [path, kind] of filesOf(source)) {
    const text = await readInside(source.folder, path);
    const line = text === undefined ? undefined : findReturn(text, kind);
    if (text !== undefined && line !== undefined) return fail('source', describeReturn(path, text, line)).failure;
  }
  return undefined;
}

function filesOf(source: MakeableSource): readonly (readonly [path: string, kind: Kind])[] {
  if (source.kind === 'script') return [[source.script, 'script']];
  if (source.kind !== 'tree') return [];
  if (source.method === 'spec') return [[source.spec, 'spec']];
  const spec = source.spec === undefined ? [] : [[join(source.subdirectory ?? '.', source.spec), 'spec'] as const];
  return source.method === 'make_srpm' ? [['.copr/Makefile', 'makefile'], ...spec] : spec;
}

/** A small regular file below `folder`, whatever else stands there; a tree of strangers may lead anywhere. */
async function readInside(folder: string, path: string): Promise<string | undefined> {
  const [top, found] = await Promise.all([realpath(folder), realpath(join(folder, path)).catch(() => undefined)]);
  if (found === undefined || !found.startsWith(`${top}${sep}`)) return undefined;
  const file = await open(found, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
    () => undefined,
  );
  try {
    const status = await file?.stat();
    return status?.isFile() && status.size <= maximumBytes ? await file?.readFile('utf8') : undefined;
  } finally {
    await file?.close();
  }
}
