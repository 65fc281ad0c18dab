// The files that all pages share: one stylesheet and one script, each made of its parts in the order of their names,
// and pictures. Their names say their content, so that browsers may keep them for ever.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A file of `published/assets/`. */
export interface Asset {
  readonly name: string;
  readonly content: Buffer;
}

const folder = fileURLToPath(new URL('../../assets/', import.meta.url));

/** Rules that pages are made with, and that a part of the script goes on with: by the name of the part. */
const rules: Readonly<Record<string, readonly string[]>> = {
  'log.js': ['log-text.js', 'log-tones.js', 'log-sections.js'],
};

function parts(of: string): readonly string[] {
  return readdirSync(`${folder}${of}`)
    .sort()
    .map((name) => [...(rules[name] ?? []).map(readRule), readFileSync(`${folder}${of}/${name}`, 'utf8')].join('\n'));
}

/** A module of `view/` as it may stand within a part. */
function readRule(name: string): string {
  const text = readFileSync(fileURLToPath(new URL(`../view/${name}`, import.meta.url)), 'utf8');
  return text.replace(/^export /gm, '');
}

function named(name: string, content: Buffer): Asset {
  const hash = createHash('sha256').update(content).digest('hex').slice(0, 16);
  const end = extname(name);
  return { name: `${name.slice(0, name.length - end.length)}.${hash}${end}`, content };
}

const styles = named('coppice.css', Buffer.from(parts('styles').join('\n')));
/** Each part has names of its own. */
const scripts = named(
  'coppice.js',
  Buffer.from(
    parts('scripts')
      .map((part) => `{\n${part}}\n`)
      .join(''),
  ),
);
const pictures = new Map(
  readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => [name, named(name, readFileSync(`${folder}${name}`))]),
);

/** All of them. */
export const assets: readonly Asset[] = [styles, scripts, ...pictures.values()];

/** Addresses of the stylesheet and the script. */
export const stylesheet = `/assets/${styles.name}`;
export const script = `/assets/${scripts.name}`;

/** The address of a picture, by the name of its file in `site/assets/`. Throws RangeError for one that is not there. */
export function picture(name: string): string {
  const found = pictures.get(name);
  if (found === undefined) throw new RangeError(`there is no site/assets/${name}`);
  return `/assets/${found.name}`;
}
