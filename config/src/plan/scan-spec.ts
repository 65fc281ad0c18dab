// What a spec says of itself, read without running it: enough to put packages in order. RPM alone knows the truth, in a
// sandbox: here conditions are decided by what a build asks for and the chroot is called, and both sides count of those
// that cannot be.
import { decideCondition } from './spec-condition.ts';
import { SpecMacros, type SpecView, unknown } from './spec-macros.ts';

/** Names only: versions are left out. */
export interface ScannedSpec {
  /** Null when the spec has no `Name:` that can be read. */
  readonly name: string | null;
  readonly buildRequires: readonly string[];
  /** The name, those of the subpackages (`%package`), and what `Provides:` say. */
  readonly provides: readonly string[];
  /** `[epoch:]version` of its packages, null where that cannot be told; never the release, which macros make. */
  readonly version: string | null;
}

/** A spec is read up to here, in characters. Few are longer, and those by their changelogs. */
const maximumCharacters = 1_000_000;
/** Names of each kind; more than any spec has. */
const maximumNames = 5_000;
const maximumNameLength = 128;

const tagPattern = /^\s{0,20}(Name|Epoch|Version|BuildRequires|Provides)(?:\([a-z,]{0,40}\))?\s{0,20}:(.*)$/i;
const packagePattern = /^%package\s{1,20}(-n\s{1,20})?(\S+)/;
const globalPattern = /^\s{0,20}%(?:global|define)\s{1,20}([A-Za-z_]\w{2,63})(?:\s{1,20}(\S.*?))?\s{0,20}$/;
const undefinePattern = /^\s{0,20}%undefine\s{1,20}([A-Za-z_]\w{2,63})/;
const bcondPattern = /^\s{0,20}%(bcond_with|bcond_without|bcond)\s{1,20}(\w{1,64})(?:\s{1,20}(\S.*))?$/;
const conditionPattern = /^\s{0,20}%(if|ifarch|ifnarch|ifos|ifnos|elif|elifarch|elifos|else|endif)\b(.*)$/;
/** Sections that are not made of tags: https://rpm-software-management.github.io/rpm/manual/spec.html */
const otherSection =
  /^%(?:description|prep|generate_buildrequires|conf|build|install|check|clean|pre|post|preun|postun|pretrans|posttrans|preuntrans|postuntrans|verify|verifyscript|trigger[a-z]*|filetrigger[a-z]*|transfiletrigger[a-z]*|files|changelog|sepolicy|sourcelist|patchlist)(?:\s|$)/;
const relevant = [
  ...[tagPattern, packagePattern, globalPattern, undefinePattern, bcondPattern, conditionPattern, otherSection],
  /^\s{0,20}%\{[?!].{0,200}:\s*(?:BuildRequires|Provides)/i,
];

/** The lines of a spec that `scanSpec` looks at: it says the same of both. */
export function outlineSpec(text: string): string {
  const lines = text.slice(0, maximumCharacters).split('\n');
  return lines.filter((line) => relevant.some((pattern) => pattern.test(line))).join('\n');
}

/**
 * Best effort; never throws, whatever the text is, in time that grows with its length alone. Without a view only what
 * the spec itself defines decides its conditions.
 */
export function scanSpec(text: string, view?: SpecView): ScannedSpec {
  const macros = new SpecMacros(view);
  const branches = new Branches();
  const buildRequires = new Set<string>();
  const provides = new Set<string>();
  let name: string | null = null;
  const versions = new StatedVersion();
  let inTags = true;
  let inSubpackage = false;
  for (const raw of text.slice(0, maximumCharacters).split('\n')) {
    const [, directive, condition = ''] = conditionPattern.exec(raw) ?? [];
    if (directive !== undefined) {
      branches.turn(directive, () => decide(directive, condition, macros));
      continue;
    }
    if (branches.isSkipped) continue;
    const line = /^\s{0,20}%\{[?!]/.test(raw) ? readable(raw, macros) : raw;
    const subpackage = packagePattern.exec(line);
    if (subpackage !== null) {
      inTags = true;
      inSubpackage = true;
      const [, own, stated = ''] = subpackage;
      add(provides, [readable(own === undefined ? `${name ?? ''}-${stated}` : stated, macros)]);
    } else if (otherSection.test(line)) inTags = false;
    defineMacro(line, macros, branches.isSure);
    if (!inTags) continue;
    const [, tag, rest = ''] = tagPattern.exec(line) ?? [];
    switch (tag?.toLowerCase()) {
      case 'name': {
        const stated = readable(rest, macros).trim();
        if (name === null && isName(stated)) name = stated;
        macros.define('name', name);
        break;
      }
      case 'version': {
        const stated = readable(rest, macros).trim();
        macros.define('version', isName(stated) ? stated : null);
        if (!inSubpackage) versions.version(macros.expand(rest).trim(), branches.isSure);
        break;
      }
      case 'epoch': {
        if (!inSubpackage) versions.epoch(macros.expand(rest).trim(), branches.isSure);
        break;
      }
      case 'buildrequires':
        add(buildRequires, namesOf(readable(rest, macros)));
        break;
      case 'provides':
        add(provides, namesOf(readable(rest, macros)));
        break;
    }
  }
  return {
    name,
    buildRequires: [...buildRequires],
    provides: [...new Set([...(name === null ? [] : [name]), ...provides])],
    version: versions.stated,
  };
}

/** Epoch and version as the tags before the first subpackage say them. */
class StatedVersion {
  #epoch: string | null = '0';
  #version: string | null = null;
  #times = 0;

  /** Not known for sure, it is not known. */
  epoch(text: string, isSure: boolean): void {
    this.#epoch = isSure && /^\d{1,10}$/.test(text) ? text : null;
  }

  version(text: string, isSure: boolean): void {
    this.#times += 1;
    this.#version = isSure && this.#times === 1 && /^[A-Za-z0-9][\w.+~^]{0,99}$/.test(text) ? text : null;
  }

  get stated(): string | null {
    if (this.#version === null || this.#epoch === null) return null;
    return this.#epoch === '0' ? this.#version : `${this.#epoch}:${this.#version}`;
  }
}

/** Macros are defined in any section. What may or may not have been defined has no value that is known. */
function defineMacro(line: string, macros: SpecMacros, isSure: boolean): void {
  const [, name, value = ''] = globalPattern.exec(line) ?? [];
  if (name !== undefined) macros.define(name, isSure ? macros.expand(value) : null);
  const [, gone] = undefinePattern.exec(line) ?? [];
  if (gone !== undefined) isSure ? macros.undefine(gone) : macros.define(gone, null);
  const [, kind, feature, byDefault = ''] = bcondPattern.exec(line) ?? [];
  if (feature === undefined) return;
  const isOn = kind === 'bcond' ? decideCondition(macros.expand(byDefault)) : kind === 'bcond_without';
  macros.defineCondition(feature, isSure ? isOn : undefined);
}

/** Text for names: what is not known of an optional part is nothing; another unknown part makes it no name. */
function readable(text: string, macros: SpecMacros): string {
  if (!text.includes('%')) return text;
  // `%{?_isa}` and its like: mostly empty, and never part of a name that is looked for.
  const optional = text.replaceAll(/%\{\?([A-Za-z_]\w{2,63})\}/g, (whole, name) =>
    macros.get(name) === undefined ? '' : whole,
  );
  const conditional = /%\{[?!]/.test(optional);
  const expanded = macros.expand(optional);
  return conditional ? expanded.replaceAll(unknown, '') : expanded;
}

function decide(directive: string, condition: string, macros: SpecMacros): boolean | undefined {
  const text = macros.expand(condition.trim());
  switch (directive) {
    case 'if':
    case 'elif':
      return decideCondition(text);
    case 'ifarch':
    case 'elifarch':
    case 'ifnarch': {
      const own = macros.get('_target_cpu');
      const names = text.split(/[\s,]+/);
      if (own === undefined || own === null) return undefined;
      const isNamed = names.includes(own) ? true : text.includes(unknown) ? undefined : false;
      return directive === 'ifnarch' && isNamed !== undefined ? !isNamed : isNamed;
    }
    case 'ifos':
    case 'elifos':
      return text.split(/[\s,]+/).includes('linux');
    default:
      return directive === 'ifnos' ? !text.split(/[\s,]+/).includes('linux') : undefined;
  }
}

type Branch = 'taken' | 'skipped' | 'unknown';

/** The `%if`s around a line. */
class Branches {
  /** `before`: whether an earlier branch of the same `%if` is taken; undefined: may be. */
  readonly #open: { now: Branch; before: boolean | undefined }[] = [];

  get isSkipped(): boolean {
    return this.#open.some(({ now }) => now === 'skipped');
  }

  get isSure(): boolean {
    return this.#open.every(({ now }) => now === 'taken');
  }

  turn(directive: string, decision: () => boolean | undefined): void {
    if (directive === 'endif') {
      this.#open.pop();
      return;
    }
    const top = this.#open.at(-1);
    if (directive.startsWith('if')) {
      // Conditions in what is skipped are not read: they may name what is not defined.
      const is = this.isSkipped ? false : decision();
      this.#open.push({ now: branchOf(is), before: is });
    } else if (top !== undefined) {
      const is = directive === 'else' ? true : decision();
      const { before } = top;
      top.now = before === true || is === false ? 'skipped' : before === false && is === true ? 'taken' : 'unknown';
      top.before = before === true || is === true ? true : is === false ? before : undefined;
    }
  }
}

function branchOf(is: boolean | undefined): Branch {
  return is === undefined ? 'unknown' : is ? 'taken' : 'skipped';
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
