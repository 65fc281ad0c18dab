// INI text as Python 2's ConfigParser reads it (https://docs.python.org/2/library/configparser.html), which read
// copr-be.conf.

/** One `key = value`, with the number of its line (from 1). Names of keys are in lower case. */
export interface IniEntry {
  readonly section: string;
  readonly key: string;
  readonly value: string;
  readonly line: number;
}

/** The entries in their order, and the lines that are none. */
export interface Ini {
  readonly entries: readonly IniEntry[];
  readonly faults: readonly { readonly line: number; readonly message: string }[];
}

/**
 * Every entry, those that are stated twice included. A line that begins with a space continues the value above it; a
 * comment is a line that begins with `#` or `;`, or what follows ` ;` on a line. `%(name)s` is left as it is.
 */
export function parseIni(text: string): Ini {
  const entries: (IniEntry & { value: string })[] = [];
  const faults: { line: number; message: string }[] = [];
  let section: string | undefined;
  let open: (IniEntry & { value: string }) | undefined;
  for (const [index, raw] of text
    .replace(/^\ufeff/, '')
    .split(/\r\n|\r|\n/)
    .entries()) {
    const line = index + 1;
    if (raw.trim() === '' || /^[#;]/.test(raw)) continue;
    if (/^\s/.test(raw) && open !== undefined) {
      if (!/^\s*[#;]/.test(raw)) open.value = `${open.value}\n${raw.trim()}`.trim();
      continue;
    }
    const header = /^\s*\[([^\]]+)\]/.exec(raw)?.[1];
    if (header !== undefined) {
      section = header;
      open = undefined;
      continue;
    }
    const stated = /^\s*([^:=\s][^:=]*?)\s*[:=]\s*(.*)$/.exec(raw);
    if (stated === null) faults.push({ line, message: 'this is neither a section, a key with a value nor a comment' });
    else if (section === undefined) faults.push({ line, message: 'a key stands before the first section' });
    else {
      const [, key = '', value = ''] = stated;
      const bare = value.replace(/\s;.*$/, '').trim();
      open = { section, key: key.toLowerCase(), value: bare === '""' ? '' : bare, line };
      entries.push(open);
    }
  }
  return { entries, faults };
}
