// The line that was written, with what is known here put right: suggestions keep all the rest. Pure.
import { type ConfigRepo, nearest, projectKey } from '@coppice/config';

/** A longer line may have been cut. */
const maximumWhole = 199;

/** `line` with these words in place of those; undefined when it is not there as a whole. */
export function withWords(
  line: string,
  words: readonly (readonly [wrong: string, right: string])[],
): string | undefined {
  if (line.length > maximumWhole) return undefined;
  let changed = line;
  for (const [wrong, right] of words) {
    const parts = changed.split(/([\s"',=“”‘’]+)/);
    const at = parts.findIndex((part) => part.replace(/[.,;:!?…]+$/, '') === wrong);
    if (at === -1) return undefined;
    changed = parts.with(at, right).join('');
  }
  return changed;
}

/** `line` with an option that it has not yet, before its note. */
export function withMore(line: string, option: string): string | undefined {
  if (line.length > maximumWhole) return undefined;
  const [asked = ''] = line.split(/\s#(?!\d)/);
  return `${asked} ${option}${line.slice(asked.length)}`;
}

/** `line` with the value of an option that stands there once. */
export function withValue(line: string, option: string, value: string): string | undefined {
  if (line.length > maximumWhole) return undefined;
  const written = new RegExp(
    `(?:--|[–—])${option}(?:\\s+|=)(?:"[^"]*"|'[^']*'|[\\d.,]+\\s+[a-z]+(?=\\s|$)|\\S+)`,
    'gi',
  );
  return line.match(written)?.length === 1 ? line.replace(written, `--${option} ${value}`) : undefined;
}

/** A suggestion of the parser with this service's own names; undefined when one is needed and there is none. */
export function fillIn(suggestion: string | undefined, config: ConfigRepo | undefined): string | undefined {
  const projects = config?.projects ?? [];
  let isWhole = true;
  const filled = suggestion?.replace(/<(chroot|owner\/([\w.+-]+))>/g, (_, blank: string, name: string | undefined) => {
    const own = blank === 'chroot' ? chrootOf(config) : projectNamed(name, projects);
    if (own === undefined) isWhole = false;
    return own ?? '';
  });
  return isWhole ? filled : undefined;
}

function chrootOf(config: ConfigRepo | undefined): string | undefined {
  return config?.projects.find(({ chroots }) => chroots.length > 0)?.chroots[0] ?? config?.policy.chroots[0];
}

function projectNamed(name: string | undefined, projects: ConfigRepo['projects']): string | undefined {
  const keys = projects.map(projectKey);
  if (name === 'project') return keys[0];
  const same = projects.filter((one) => one.name === name);
  const [only] = same;
  if (only !== undefined) return same.length === 1 ? projectKey(only) : undefined;
  const near = nearest(
    name ?? '',
    projects.map((one) => one.name),
  );
  return keys.find((key) => key.endsWith(`/${near}`));
}
