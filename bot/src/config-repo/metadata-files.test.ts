import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { createMetadataLook, openContent, packContent } from './metadata-files.ts';

const comps =
  '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE comps PUBLIC "-//X//DTD//EN" "comps.dtd">\n<comps><group/></comps>\n';
let reads: string[] = [];
const lookInto = async (path: string, content: Buffer | string, bytes?: number) => {
  reads = [];
  const buffer = Buffer.from(content);
  const look = createMetadataLook(async (files) => {
    reads.push(...files.map((each) => each.path));
    return new Map(files.map((each) => [each.path, buffer]));
  });
  const files = [{ path, id: 'a1', bytes: bytes ?? buffer.length }];
  await look(files);
  return (await look(files)).get(path);
};

test.each<[string, string, Buffer | string, object]>([
  ['groups', 'comps.xml', comps, { root: 'comps' }],
  ['a packed catalogue', 'a.xml.gz', gzipSync('<components origin="a&amp;b"/>'), { root: 'components' }],
  ['nothing', 'comps.xml', '', { fault: 'holds nothing' }],
  [
    'what is not closed',
    'comps.xml',
    '<comps><group></comps>',
    { fault: expect.stringMatching(/^is no XML: .+ in line 1$/) },
  ],
  [
    'an entity that nobody knows',
    'comps.xml',
    '<comps>&eacute;</comps>',
    { fault: expect.stringMatching(/^is no XML/) },
  ],
  [
    'entities of its own',
    'comps.xml',
    '<!DOCTYPE a [<!ENTITY b "c">]><comps/>',
    { fault: 'declares entities or elements of its own' },
  ],
  ['other letters', 'comps.xml', Buffer.from([0x3c, 0x61, 0x3e, 0xff]), { fault: 'is not in UTF-8' }],
  ['what is not packed', 'a.xml.gz', '<components/>', { fault: 'is no gzip' }],
  ['a bomb', 'a.xml.gz', gzipSync(Buffer.alloc(9 * 2 ** 20, ' ')), { fault: 'is larger than 8 MiB unpacked' }],
  ['a deep one', 'comps.xml', '<a>'.repeat(100), { fault: 'has elements more than 64 deep' }],
])('%s', async (_what, path, content, expected) => {
  expect(await lookInto(path, content)).toEqual(expected);
  // The same content is not read again.
  expect(reads).toEqual([path]);
});

test('a file that is too large is not read at all', async () => {
  expect(await lookInto('comps.xml', comps, 5 * 2 ** 20)).toEqual({ fault: 'is larger than 4 MiB' });
  expect(reads).toEqual([]);
});

test('files are opened and packed once, whichever way they lie in the config repo', async () => {
  const packed = await packContent('comps.xml', Buffer.from(comps));
  expect((await openContent('comps.xml.gz', packed)).toString()).toBe(comps);
  expect(await packContent('comps.xml.gz', packed)).toBe(packed);
});
