// Files of the config repo that go into the metadata of repositories: whether the programs of users can read them.
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import type { MetadataFile } from '@coppice/config';
import sax from 'sax';
import { BoundedMemory } from './bounded-memory.ts';

/** As it lies in the config repo; a whole distribution's groups take a quarter of it. */
const maximumBytes = 4 * 1024 * 1024;
/** Unpacked: it is read while others wait. */
const maximumOpenBytes = 8 * 1024 * 1024;
/** All files of one commit that were not known before. */
const maximumNewBytes = 32 * 1024 * 1024;
const maximumDepth = 64;

/** A file in a commit. */
export interface ContentFile {
  readonly path: string;
  /** Git's object id of its content. */
  readonly id: string;
  readonly bytes: number;
}

const unpack = promisify(gunzip);
const pack = promisify(gzip);

/** What a file holds, unpacked. Rejects when it is no gzip, or holds too much. */
export async function openContent(path: string, content: Buffer): Promise<Buffer> {
  return path.endsWith('.gz') ? await unpack(content, { maxOutputLength: maximumOpenBytes }) : content;
}

/** The file as clients get it: packed, whether it lies packed in the config repo or not. */
export async function packContent(path: string, content: Buffer): Promise<Buffer> {
  return path.endsWith('.gz') ? content : await pack(content);
}

/** `read` gives contents by path. The function that it returns says what is in each; what it said is remembered. */
export function createMetadataLook<T extends ContentFile>(
  read: (files: readonly T[]) => Promise<ReadonlyMap<string, Buffer>>,
): (files: readonly T[]) => Promise<ReadonlyMap<string, MetadataFile>> {
  const known = new BoundedMemory<MetadataFile>(1024 * 1024);
  return async (files) => {
    const found = new Map<string, MetadataFile>();
    const wanted: T[] = [];
    let bytes = 0;
    for (const file of files) {
      const before = known.get(`${file.id} ${file.path.endsWith('.gz')}`);
      if (before !== undefined) found.set(file.path, before);
      else if (file.bytes > maximumBytes)
        found.set(file.path, { fault: `is larger than ${maximumBytes / 2 ** 20} MiB` });
      else if (bytes + file.bytes > maximumNewBytes) found.set(file.path, { fault: 'is one of too many' });
      else {
        bytes += file.bytes;
        wanted.push(file);
      }
    }
    const contents = await read(wanted);
    for (const { path, id } of wanted) {
      const said = await lookInto(path, contents.get(path) ?? Buffer.alloc(0));
      known.set(`${id} ${path.endsWith('.gz')}`, said, 100);
      found.set(path, said);
    }
    return found;
  };
}

async function lookInto(path: string, content: Buffer): Promise<MetadataFile> {
  let open: Buffer;
  try {
    open = await openContent(path, content);
  } catch (error) {
    const isLarge = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
    return { fault: isLarge ? `is larger than ${maximumOpenBytes / 2 ** 20} MiB unpacked` : 'is no gzip' };
  }
  try {
    return readXml(new TextDecoder('utf-8', { fatal: true }).decode(open));
  } catch (error) {
    if (!(error instanceof NotWellFormed)) return { fault: 'is not in UTF-8', hint: 'save it in UTF-8' };
    return { fault: error.message, ...(error.hint === undefined ? {} : { hint: error.hint }) };
  }
}

class NotWellFormed extends Error {
  readonly hint: string | undefined;

  constructor(message: string, hint?: string) {
    super(message);
    this.hint = hint;
  }
}

/** What XML 1.0 has no place for, however it is written: https://www.w3.org/TR/xml/#charsets. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: it finds these.
const noCharacter = /[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/;
const declarationForm =
  /^version\s*=\s*(?:"1\.0"|'1\.0')(?:\s+encoding\s*=\s*(?:"([\w.-]+)"|'([\w.-]+)'))?(?:\s+standalone\s*=\s*(?:"(?:yes|no)"|'(?:yes|no)'))?\s*$/;
/** The one that real files of groups name, and that no program fetches. */
const knownDoctype = /^\s+\w+(?:\s+PUBLIC\s+"-\/\/Red Hat, Inc\.\/\/DTD Comps info\/\/EN"\s+"comps\.dtd")?\s*$/;
const nameForm = /<[^\s<>="'/]+/y;
const attributeForm = /\s+([^\s=/>"'<]+)\s*=\s*(?:"[^<"]*"|'[^<']*')/y;
const endForm = /\s*\/?>$/y;
const markup = /<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>|<(?:[^<>"']|"[^"]*"|'[^']*')*>/gs;

/**
 * Well-formed XML without declarations of its own: those of entities are how a small file becomes an endless one. The
 * parser lets pass what those of clients do not; that is looked for besides.
 */
function readXml(text: string): MetadataFile {
  const stray = noCharacter.exec(text);
  if (stray !== null) {
    const code = stray[0].charCodeAt(0).toString(16).toUpperCase().padStart(4, '0');
    const message = `is no XML: it holds the character U+${code} in line ${lineAt(text, stray.index)}`;
    throw new NotWellFormed(message, 'delete that character');
  }
  const parser = sax.parser(true, { strictEntities: true } as sax.SAXOptions);
  let root: string | undefined;
  let depth = 0;
  const refuse = (what: string, hint?: string): never => {
    throw new NotWellFormed(`${what} in line ${lineAt(text, parser.startTagPosition - 1)}`, hint);
  };
  const raw = () => text.slice(parser.startTagPosition - 1, parser.position);
  parser.onerror = ({ message }) => {
    throw new NotWellFormed(`is no XML: ${message.split('\n')[0]} in line ${parser.line + 1}`);
  };
  parser.ondoctype = (declared) => {
    if (String(declared).includes('[')) refuse('declares entities or elements of its own', 'delete the DOCTYPE');
    if (!raw().startsWith('<!DOCTYPE') || !knownDoctype.test(String(declared)))
      refuse('names another document by its DOCTYPE', 'delete the DOCTYPE');
  };
  parser.onsgmldeclaration = () => refuse('is no XML: a declaration stands outside of a DOCTYPE');
  parser.onprocessinginstruction = ({ name, body }) => {
    if (name.toLowerCase() !== 'xml') return;
    if (parser.startTagPosition !== 1 || name !== 'xml')
      refuse('is no XML: a declaration `<?xml …?>` that is not its very beginning', 'let the file begin with it');
    const [form, double, single] = declarationForm.exec(body) ?? [];
    const encoding = double ?? single ?? 'UTF-8';
    if (form === undefined)
      refuse('is no XML: a declaration that is not understood', 'write `<?xml version="1.0" encoding="UTF-8"?>`');
    if (encoding.toUpperCase() !== 'UTF-8') refuse(`declares the encoding ${encoding}`, 'write `encoding="UTF-8"`');
  };
  parser.onopentag = ({ name }) => {
    if (depth === 0 && root !== undefined) refuse('is no XML: a second element that is in no other');
    root ??= name;
    depth += 1;
    if (depth > maximumDepth) throw new NotWellFormed(`has elements more than ${maximumDepth} deep`);
    const said = attributesOf(raw());
    if (said === undefined) return refuse('is no XML: an element that is not understood');
    if (new Set(said).size < said.length) refuse('is no XML: an attribute that is given twice');
  };
  parser.onclosetag = () => {
    depth -= 1;
  };
  parser.write(text).close();
  // All that is opened is closed by now, so that this looks at each character once.
  if (text.replace(markup, '').includes(']]>'))
    throw new NotWellFormed('is no XML: it holds a `]]>`', 'write `]]&gt;`');
  return root === undefined ? { fault: 'holds nothing' } : { root: root.slice(0, 100) };
}

/** The names of the attributes of a tag, as they are written; undefined when it is none. It is read once, forwards. */
function attributesOf(tag: string): readonly string[] | undefined {
  let at = 0;
  const take = (form: RegExp) => {
    form.lastIndex = at;
    const found = form.exec(tag);
    if (found !== null) at = form.lastIndex;
    return found;
  };
  if (take(nameForm) === null) return undefined;
  const names: string[] = [];
  for (let one = take(attributeForm); one !== null; one = take(attributeForm)) names.push(one[1] ?? '');
  return take(endForm) === null ? undefined : names;
}

function lineAt(text: string, index: number): number {
  return text.slice(0, Math.max(0, index)).split('\n').length;
}
