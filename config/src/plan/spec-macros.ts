// The macros of a spec as far as they can be told without rpm: those that it defines with plain words, those that the
// package asks for, and those by which distributions are told apart. Pure.
import type { Buildroot } from '../words/buildroot.ts';
import { parseChroot } from '../words/chroot.ts';
import { distributionMacro } from '../words/chroot-macros.ts';

/** A chroot that is built for, and what the package asks for in it. */
export interface SpecView {
  readonly chroot: string;
  readonly buildroot: Pick<Buildroot, 'macros' | 'with' | 'without'>;
}

/** Stands where nobody knows what rpm would put. */
export const unknown = '\u0001';

const maximumDepth = 8;
const maximumLength = 20_000;
/** Uses of macros that are followed in one spec; real ones have some thousands. What is longer is not told. */
const maximumUses = 20_000;
const ix86 = 'i386 i486 i586 i686 pentium3 pentium4 athlon geode';

/** What is known while a spec is read from its beginning to its end. */
export class SpecMacros {
  readonly #view: SpecView | undefined;
  /** Null: defined, but nobody knows as what. */
  readonly #defined = new Map<string, string | null>();
  readonly #gone = new Set<string>();
  #uses = 0;

  /** Without a view only what the spec itself defines is known. */
  constructor(view: SpecView | undefined) {
    this.#view = view;
  }

  define(name: string, value: string | null): void {
    this.#gone.delete(name);
    this.#defined.set(name, value?.includes(unknown) === true ? null : value);
  }

  undefine(name: string): void {
    this.#defined.delete(name);
    this.#gone.add(name);
  }

  /** Null: there surely is no such macro; undefined: nobody knows. */
  get(name: string): string | null | undefined {
    const own = this.#defined.get(name);
    if (own !== undefined) return own ?? undefined;
    if (this.#gone.has(name)) return null;
    if (this.#view === undefined) return undefined;
    const { chroot, buildroot } = this.#view;
    if (Object.hasOwn(buildroot.macros, name)) {
      const asked = buildroot.macros[name] ?? '';
      return asked.includes('%') ? undefined : asked;
    }
    if (name.startsWith('_with_')) return buildroot.with.includes(name.slice(6)) ? `--with-${name.slice(6)}` : null;
    if (name.startsWith('_without_'))
      return buildroot.without.includes(name.slice(9)) ? `--without-${name.slice(9)}` : null;
    if (name.startsWith('with_')) return null;
    if (name === 'ix86') return ix86;
    if (name === '_target_cpu' || name === '_arch') return parseChroot(chroot)?.architecture;
    return distributionMacro(chroot, name);
  }

  /**
   * `%bcond_with NAME`, `%bcond_without NAME`:
   * https://rpm-software-management.github.io/rpm/manual/conditionalbuilds.html
   */
  defineCondition(name: string, isOn: boolean | undefined): void {
    const asked = this.get(isOn === true ? `_without_${name}` : `_with_${name}`);
    const other = this.get(isOn === true ? `_with_${name}` : `_without_${name}`);
    if (asked === undefined || other === undefined || isOn === undefined) this.define(`with_${name}`, null);
    else if ((asked === null) === isOn) this.define(`with_${name}`, '1');
    else this.undefine(`with_${name}`);
  }

  /** Text with its macros expanded; `unknown` stands where that cannot be told. */
  expand(text: string, depth = 0): string {
    if (!text.includes('%')) return text;
    if (depth > maximumDepth || this.#uses >= maximumUses) return unknown;
    let expanded = '';
    for (let at = 0; at < text.length && expanded.length < maximumLength && this.#uses < maximumUses; ) {
      const percent = text.indexOf('%', at);
      if (percent < 0) return expanded + text.slice(at);
      expanded += text.slice(at, percent);
      this.#uses += 1;
      const macro = macroAt(text, percent);
      expanded += macro === undefined ? '%' : this.#expandOne(macro, depth);
      at = percent + (macro?.length ?? 1);
    }
    return this.#uses < maximumUses ? expanded : unknown;
  }

  #expandOne({ word, flags, rest }: MacroUse, depth: number): string {
    if (word === '%') return '%';
    if (word === '') return unknown;
    if (flags === '' && rest !== undefined && ['with', 'without', 'defined', 'undefined'].includes(word)) {
      const value = this.get(word.startsWith('with') ? `with_${rest.trim()}` : rest.trim());
      if (value === undefined) return unknown;
      return (value === null) === (word === 'without' || word === 'undefined') ? '1' : '0';
    }
    const value = this.get(word);
    const isTest = flags.includes('?');
    if (value === undefined) return isTest && rest !== undefined ? unknown + this.expand(rest, depth + 1) : unknown;
    if (!isTest) return value === null ? unknown : this.expand(value, depth + 1);
    const isGiven = (value !== null) !== flags.includes('!');
    if (!isGiven) return '';
    return rest === undefined ? (value ?? '') : this.expand(rest, depth + 1);
  }
}

interface MacroUse {
  /** Characters of all of it. */
  readonly length: number;
  /** '' where it is none that is read here: `%(…)`, `%[…]`, `%{lua:…}`. */
  readonly word: string;
  /** `?`, `!`. */
  readonly flags: string;
  /** What follows `:` or a space in the braces. */
  readonly rest: string | undefined;
}

function macroAt(text: string, percent: number): MacroUse | undefined {
  const next = text[percent + 1] ?? '';
  if (next === '%') return { length: 2, word: '%', flags: '', rest: undefined };
  if (next === '{' || next === '(' || next === '[') {
    const end = closingOf(text, percent + 1);
    const inside = next === '{' ? text.slice(percent + 2, end) : '';
    const [, flags = '', word = '', , rest] = /^([?!]{0,4})([A-Za-z_]\w{0,63})(?:([:\s])(.*))?$/s.exec(inside) ?? [];
    return { length: end + 1 - percent, word, flags, rest };
  }
  const [whole, flags = '', word = ''] =
    /^([?!]{0,4})([A-Za-z_]\w{2,63})/.exec(text.slice(percent + 1, percent + 72)) ?? [];
  return whole === undefined ? undefined : { length: whole.length + 1, word, flags, rest: undefined };
}

const closings: Readonly<Record<string, string>> = { '{': '}', '(': ')', '[': ']' };

/** Where what opens at `start` ends; the end of the text where it does not. */
function closingOf(text: string, start: number): number {
  const opening = text[start] ?? '';
  const closing = closings[opening];
  let depth = 0;
  const limit = Math.min(text.length, start + 4000);
  for (let at = start; at < limit; at += 1) {
    if (text[at] === opening) depth += 1;
    else if (text[at] === closing) depth -= 1;
    if (depth === 0) return at;
  }
  return text.length;
}
