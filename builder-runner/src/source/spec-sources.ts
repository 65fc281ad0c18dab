// Which sources and patches a spec names: what rpm made of its preamble → addresses and file names, and how the spec
// itself has them. Pure.

/** A source or patch as the spec names it. */
export interface NamedSource {
  /** `Source0`, `Patch`, `%sourcelist`: as the spec has it. */
  readonly tag: string;
  /** The whole text: an address or a file name. */
  readonly value: string;
  /** The name that rpm looks for among the sources: what follows the last slash (also of `https://…#/name`). */
  readonly file: string;
}

/** Sections that are not a preamble; `%package` begins another one. */
const otherSections =
  /^%(description|prep|generate_buildrequires|conf|build|install|check|clean|files|changelog|pre|post|preun|postun|pretrans|posttrans|preuntrans|postuntrans|verifyscript|triggerprein|triggerin|triggerun|triggerpostun|filetriggerin|filetriggerun|filetriggerpostun|transfiletriggerin|transfiletriggerun|transfiletriggerpostun)\b/;

/** Every source and patch of a spec that `rpmspec -P` has expanded, in its order. */
export function parseSpecSources(expanded: string): readonly NamedSource[] {
  const found: NamedSource[] = [];
  let list: string | undefined;
  let section: 'preamble' | 'list' | 'other' = 'preamble';
  for (const line of expanded.split('\n')) {
    list = /^%(?:sourcelist|patchlist)\b/.exec(line)?.[0] ?? list;
    if (/^%(sourcelist|patchlist)\b/.test(line)) section = 'list';
    else if (/^%package\b/.test(line)) section = 'preamble';
    else if (otherSections.test(line)) section = 'other';
    else {
      const [, tag, text] = sourceTag.exec(line) ?? [];
      const value = (section === 'list' ? line : (text ?? '')).trim();
      if (section !== 'other' && value !== '' && !value.startsWith('#'))
        found.push({ tag: (section === 'list' ? list : tag) ?? '', value, file: fileOf(value) });
    }
  }
  return found;
}

const sourceTag = /^\s*((?:Source|Patch)\d*)\s*:\s*(\S.*)$/i;

/**
 * How the spec, as it was written, has the source of this address or file name: of those that may expand to it the one
 * that says most of it. Undefined when none can be told.
 */
export function asWritten(spec: string, value: string): Pick<NamedSource, 'tag' | 'value'> | undefined {
  const macros = plainMacros(spec);
  let best: { readonly source: NamedSource; readonly plain: number; readonly isAlone: boolean } | undefined;
  for (const source of parseSpecSources(spec)) {
    const whole = piecesAround(withMacros(source.value, macros));
    const pieces = value.includes('://') ? whole : ofFileName(whole);
    if (!fits(pieces, value)) continue;
    const plain = pieces.join('').length;
    if (plain === best?.plain && source.value !== best.source.value) best = { ...best, isAlone: false };
    else if (plain > (best?.plain ?? -1)) best = { source, plain, isAlone: true };
  }
  return best?.isAlone === true ? best.source : undefined;
}

const longestExpanded = 2000;

/** What the spec itself says of macros, where it says it once. */
function plainMacros(spec: string): ReadonlyMap<string, string> {
  const macros = new Map<string, string | undefined>();
  const stated =
    /^[ \t]*(?:(name|version|release)[ \t]*:|%(?:global|define)[ \t]+(\w{1,100})(?=[ \t]))[ \t]*(\S.*)$/gim;
  for (const [, tag, macro = '', text = ''] of spec.matchAll(stated)) {
    const name = tag?.toLowerCase() ?? macro;
    macros.set(name, macros.has(name) ? undefined : text.trim());
  }
  return new Map(
    [...macros].flatMap(([name, text]) => (text === undefined || text.length > 200 ? [] : [[name, text]])),
  );
}

/** Two deep: a version that is made of a macro is usual. */
function withMacros(text: string, macros: ReadonlyMap<string, string>): string {
  let expanded = text;
  for (let depth = 0; depth < 2 && expanded.length <= longestExpanded; depth += 1)
    expanded = expanded.replaceAll(
      /%(?:\{\??(\w+)\}|(\w+))/g,
      (whole, braced, bare) => macros.get(braced ?? bare) ?? whole,
    );
  return expanded;
}

/** What stands after the last slash. */
function ofFileName(pieces: readonly string[]): readonly string[] {
  const last = pieces.findLastIndex((piece) => piece.includes('/'));
  return last < 0 ? pieces : [fileOf(pieces[last] ?? ''), ...pieces.slice(last + 1)];
}

/** Whether the pieces stand in the text, in their order, the first at its beginning and the last at its end. */
function fits(pieces: readonly string[], text: string): boolean {
  const [first = '', ...others] = pieces;
  const last = others.pop();
  if (last === undefined) return text === first;
  if (!text.startsWith(first)) return false;
  let at = first.length;
  for (const piece of others) {
    const found = text.indexOf(piece, at);
    if (found < 0) return false;
    at = found + piece.length;
  }
  return at <= text.length - last.length && text.endsWith(last);
}

/** The plain text before, between and after macros: `%{a}`, `%a`, `%(a)`, `%[a]`; brackets of one kind may nest. */
function piecesAround(written: string): readonly string[] {
  const pieces: string[] = [];
  let plain = '';
  for (let at = 0; at < written.length; ) {
    const rest = written.slice(at, at + 500);
    const macro = macroStart.exec(rest)?.[0];
    if (macro === undefined) {
      plain += written[at] ?? '';
      at += 1;
      continue;
    }
    pieces.push(plain);
    plain = '';
    const closing = closings[macro.at(-1) ?? ''];
    at +=
      macro.length + (closing === undefined ? 0 : lengthToEnd(rest.slice(macro.length), macro.at(-1) ?? '', closing));
  }
  return [...pieces, plain];
}

const macroStart = /^%(?:[{([]|[?!]*[A-Za-z_]\w*)/;
const closings: Readonly<Record<string, string>> = { '{': '}', '(': ')', '[': ']' };

function lengthToEnd(text: string, opening: string, closing: string): number {
  let depth = 1;
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === opening) depth += 1;
    if (text[at] === closing) depth -= 1;
    if (depth === 0) return at + 1;
  }
  return text.length;
}

function fileOf(value: string): string {
  return value.slice(value.lastIndexOf('/') + 1);
}

/** Whether a spec, as it was written, may name sources that are not plain file names: only then rpm has to be asked. */
export function mayNameAddresses(spec: string): boolean {
  return (
    /^[ \t]*(?:source|patch)\d*[ \t]*:.*(?::\/\/|%)/im.test(spec) ||
    /%\{?\??(?:include|load|sourcelist|patchlist|lua)\b/i.test(spec)
  );
}

/** Whether a spec, as it was written, may name other sources in other chroots although all are plain file names. */
export function mayDependOnChroot(spec: string): boolean {
  return /^[ \t]*%if/m.test(spec) && /^[ \t]*(?:source|patch)\d*[ \t]*:/im.test(spec);
}
