// Which sources and patches a spec names: what rpm made of its preamble → addresses and file names. Pure.

/** A source or patch as the spec names it. */
export interface NamedSource {
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
  let section: 'preamble' | 'list' | 'other' = 'preamble';
  for (const line of expanded.split('\n')) {
    if (/^%(sourcelist|patchlist)\b/.test(line)) section = 'list';
    else if (/^%package\b/.test(line)) section = 'preamble';
    else if (otherSections.test(line)) section = 'other';
    else {
      const value =
        section === 'list' ? line.trim() : (/^\s*(?:Source|Patch)\d*\s*:\s*(\S.*)$/i.exec(line)?.[1] ?? '').trim();
      if (section !== 'other' && value !== '' && !value.startsWith('#')) found.push({ value, file: fileOf(value) });
    }
  }
  return found;
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
