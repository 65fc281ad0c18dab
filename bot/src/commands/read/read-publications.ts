// What /publish and /rollback want after their names: words and options → a command, or the mistake in them. Pure.
import { parseChroot } from '@coppice/config';
import { mistake, type Read, type Words } from './read-options.ts';
import { isProject, withOwner } from './read-projects.ts';
import { lineOf } from './suggest.ts';

export function readPublish({ words, written, options }: Words): Read {
  const [word, ...more] = words;
  if (word !== undefined && (!isProject(word) || more.length > 0)) {
    return mistake(
      '`/publish` wants nothing, or a project (`owner/name`) and `--chroot`.',
      more.length > 0 ? undefined : asOption('publish', word, written),
    );
  }
  return { kind: 'publish', project: word ?? options.get('project')?.at(-1), chroots: chrootsOf(options) };
}

export function readRollback({ words, written, options }: Words): Read {
  const numbers = words.filter((word) => numberPattern.test(word));
  const [word, ...more] = words.filter((each) => !numbers.includes(each));
  const [number] = numbers;
  if (numbers.length > 1 || more.length > 0 || (word !== undefined && !isProject(word))) {
    return mistake(
      '`/rollback` wants nothing, or the number of one generation, a project (`owner/name`) and `--chroot`.',
      numbers.length > 1 || more.length > 0 || word === undefined ? undefined : asOption('rollback', word, written),
    );
  }
  const project = word ?? options.get('project')?.at(-1);
  return {
    kind: 'rollback',
    to: number === undefined ? undefined : Number(number),
    project,
    chroots: chrootsOf(options),
  };
}

const numberPattern = /^[1-9]\d{0,9}$/;

function chrootsOf(options: Words['options']): readonly string[] {
  const all = (options.get('chroot') ?? []).flatMap((list) => list.split(',')).map((one) => one.trim());
  return [...new Set(all)].filter((one) => one !== '');
}

/** A chroot that stands there by itself, or a project without its owner. */
function asOption(verb: 'publish' | 'rollback', word: string, written: readonly string[]): string | undefined {
  if (/^\d+$/.test(word)) return undefined;
  if (parseChroot(word) === undefined) return withOwner(verb, word, written);
  const at = written.indexOf(word);
  return at === -1 ? undefined : lineOf(verb, written.toSpliced(at, 1, '--chroot', word));
}
