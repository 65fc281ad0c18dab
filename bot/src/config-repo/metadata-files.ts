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
    return { fault: error instanceof NotWellFormed ? error.message : 'is not in UTF-8' };
  }
}

class NotWellFormed extends Error {}

/** Well-formed XML without declarations of its own: those of entities are how a small file becomes an endless one. */
function readXml(text: string): MetadataFile {
  const parser = sax.parser(true, { strictEntities: true } as sax.SAXOptions);
  let root: string | undefined;
  let depth = 0;
  parser.onerror = ({ message }) => {
    throw new NotWellFormed(`is no XML: ${message.split('\n')[0]} in line ${parser.line + 1}`);
  };
  parser.ondoctype = (declared) => {
    if (String(declared).includes('[')) throw new NotWellFormed('declares entities or elements of its own');
  };
  parser.onopentag = ({ name }) => {
    root ??= name;
    depth += 1;
    if (depth > maximumDepth) throw new NotWellFormed(`has elements more than ${maximumDepth} deep`);
  };
  parser.onclosetag = () => {
    depth -= 1;
  };
  parser.write(text).close();
  return root === undefined ? { fault: 'holds nothing' } : { root: root.slice(0, 100) };
}
