// What a spec says of itself, read without running it: enough to put packages in order. RPM alone knows the truth, in a
// sandbox: macros are not run but for `%{name}`, `%{version}` and plain `%global`s, and both sides of each `%if` count.

/** Names only: versions are left out. */
export interface ScannedSpec {
  /** Null when the spec has no `Name:` that can be read. */
  readonly name: string | null;
  readonly buildRequires: readonly string[];
  /** The name, those of the subpackages (`%package`), and what `Provides:` say. */
  readonly provides: readonly string[];
}

/** A spec is read up to here, in characters. Few are longer, and those by their changelogs. */
const maximumCharacters = 1_000_000;
/** Names of each kind; more than any spec has. */
const maximumNames = 5_000;
const maximumNameLength = 128;

const tagPattern = /^\s{0,20}(Name|Version|BuildRequires|Provides)(?:\([a-z,]{0,40}\))?\s{0,20}:(.*)$/i;
const packagePattern = /^%package\s{1,20}(-n\s{1,20})?(\S+)/;
const globalPattern = /^\s{0,20}%(?:global|define)\s{1,20}([A-Za-z_]\w{2,63})\s{1,20}(\S+)\s{0,20}$/;
/** Sections that are not made of tags: https://rpm-software-management.github.io/rpm/manual/spec.html */
const otherSection =
  /^%(?:description|prep|generate_buildrequires|conf|build|install|check|clean|pre|post|preun|postun|pretrans|posttrans|preuntrans|postuntrans|verify|verifyscript|trigger[a-z]*|filetrigger[a-z]*|transfiletrigger[a-z]*|files|changelog|sepolicy|sourcelist|patchlist)(?:\s|$)/;

/** Best effort; never throws, whatever the text is, in time that grows with its length alone. */
export function scanSpec(text: string): ScannedSpec {
  const macros = new Map<string, string>();
  const buildRequires = new Set<string>();
  const provides = new Set<string>();
  let inTags = true;
  for (const line of text.slice(0, maximumCharacters).split('\n')) {
    const subpackage = packagePattern.exec(line);
    if (subpackage !== null) {
      inTags = true;
      const [, own, stated = ''] = subpackage;
      add(provides, [expand(own === undefined ? `%{name}-${stated}` : stated, macros)]);
    } else if (otherSection.test(line)) inTags = false;
    if (!inTags) continue;
    const [, macro, value] = globalPattern.exec(line) ?? [];
    if (macro !== undefined && value !== undefined) define(macros, macro, expand(value, macros));
    const [, tag, rest = ''] = tagPattern.exec(line) ?? [];
    switch (tag?.toLowerCase()) {
      case 'name':
      case 'version':
        define(macros, tag?.toLowerCase() ?? '', expand(rest.trim(), macros));
        break;
      case 'buildrequires':
        add(buildRequires, namesOf(expand(rest, macros)));
        break;
      case 'provides':
        add(provides, namesOf(expand(rest, macros)));
        break;
    }
  }
  const name = macros.get('name') ?? null;
  return {
    name,
    buildRequires: [...buildRequires],
    provides: [...new Set([...(name === null ? [] : [name]), ...provides])],
  };
}

/** What still holds a macro, or is no word, defines nothing: `%{foo}` then stays as it is. The first `Name:` counts. */
function define(macros: Map<string, string>, name: string, value: string): void {
  if (isName(value) && !(macros.has(name) && name === 'name')) macros.set(name, value);
}

/** `%{x}`, `%x` and `%{?x}` where x is known; an unknown `%{?x}` is nothing, another unknown one stays. */
function expand(text: string, macros: ReadonlyMap<string, string>): string {
  if (!text.includes('%')) return text;
  return text.replaceAll(
    /%(?:\{(\??)([A-Za-z_]\w{2,63})\}|([A-Za-z_]\w{2,63}))/g,
    (whole, optional, braced, bare) => macros.get(braced ?? bare) ?? (optional === '?' ? '' : whole),
  );
}

const comparisons: ReadonlySet<string> = new Set(['<', '<=', '=', '==', '>=', '>']);
/** Of rich dependencies: https://rpm-software-management.github.io/rpm/manual/boolean_dependencies.html */
const operators: ReadonlySet<string> = new Set(['and', 'or', 'if', 'else', 'with', 'without', 'unless']);

/** `gcc >= 12, (clang or gcc-c++), pkgconfig(zlib)` → the names in it. */
function namesOf(list: string): string[] {
  const names: string[] = [];
  let version = false;
  let depth = 0;
  for (const [word] of list.matchAll(/[^\s,]+/g)) {
    const opened = word.length - word.replace(/^\(+/, '').length;
    depth += opened;
    const closed = Math.min(depth, closersTooMany(word.slice(opened)));
    depth -= closed;
    const name = word.slice(opened, word.length - closed);
    if (comparisons.has(name)) version = true;
    else if (version) version = false;
    else if (!operators.has(name)) names.push(name);
  }
  return names;
}

/** How many of the brackets at the end of a word have no opening one in it: they end rich dependencies. */
function closersTooMany(word: string): number {
  const last = word.length - word.replace(/\)+$/, '').length;
  return last === 0 ? 0 : Math.max(0, Math.min(last, word.split(')').length - word.split('(').length));
}

function add(found: Set<string>, names: readonly string[]): void {
  for (const name of names) if (found.size < maximumNames && isName(name)) found.add(name);
}

function isName(text: string): boolean {
  return text.length <= maximumNameLength && /^[A-Za-z0-9_/][\x21-\x24\x26-\x7e]*$/.test(text);
}
