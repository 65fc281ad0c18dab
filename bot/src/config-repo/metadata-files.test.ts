import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { createMetadataLook, openContent, packContent } from './metadata-files.ts';

const comps =
  '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE comps PUBLIC "-//Red Hat, Inc.//DTD Comps info//EN" "comps.dtd">\n<comps><group/></comps>\n';
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
    { fault: 'declares entities or elements of its own in line 1', hint: 'delete the DOCTYPE' },
  ],
  [
    'other letters',
    'comps.xml',
    Buffer.from([0x3c, 0x61, 0x3e, 0xff]),
    { fault: 'is not in UTF-8', hint: 'save it in UTF-8' },
  ],
  ['what is not packed', 'a.xml.gz', '<components/>', { fault: 'is no gzip' }],
  ['a bomb', 'a.xml.gz', gzipSync(Buffer.alloc(9 * 2 ** 20, ' ')), { fault: 'is larger than 8 MiB unpacked' }],
  ['a deep one', 'comps.xml', '<a>'.repeat(100), { fault: 'has elements more than 64 deep' }],
])('%s', async (_what, path, content, expected) => {
  expect(await lookInto(path, content)).toEqual(expected);
  // The same content is not read again.
  expect(reads).toEqual([path]);
});

test.each([
  ['a control character', '<comps>\n\x1b</comps>', 'is no XML: it holds the character U+001B in line 2'],
  ['one that is not allowed to be', '<comps>\ufffe</comps>', 'is no XML: it holds the character U+FFFE in line 1'],
  ['one that is written as a number', '<comps>&#1;</comps>', 'is no XML: Invalid character entity in line 1'],
  ['another encoding', '<?xml version="1.0" encoding="UTF-16"?><comps/>', 'declares the encoding UTF-16 in line 1'],
  ['no declaration', '<?xml encoding="UTF-8"?><comps/>', 'is no XML: a declaration that is not understood in line 1'],
  [
    'a declaration behind the beginning',
    '\n<?xml version="1.0"?><comps/>',
    'is no XML: a declaration `<?xml …?>` that is not its very beginning in line 2',
  ],
  [
    'a file of the machine',
    '\n<!DOCTYPE comps SYSTEM "file:///etc/passwd"><comps/>',
    'names another document by its DOCTYPE in line 2',
  ],
  [
    'a document elsewhere',
    '<!DOCTYPE comps PUBLIC "-//Red Hat, Inc.//DTD Comps info//EN" "http://a.example/x.dtd"><comps/>',
    'names another document by its DOCTYPE in line 1',
  ],
  ['two elements', '<comps/>\n<comps/>', 'is no XML: a second element that is in no other in line 2'],
  ['an attribute twice', '<comps a="1" a="2"/>', 'is no XML: an attribute that is given twice in line 1'],
  ['an attribute with an element', '<comps\na="<b>"/>', 'is no XML: an element that is not understood in line 1'],
  ['what ends nothing', '<comps>]]></comps>', 'is no XML: it holds a `]]>`'],
])('%s is refused with its line', async (_what, text, fault) => {
  expect(await lookInto('comps.xml', text)).toMatchObject({ fault });
});

test.each([
  `\ufeff${comps}`,
  "<?xml version='1.0' encoding='utf-8' standalone='yes'?>\n<!DOCTYPE comps>\n<comps/>\n",
  '<?xml version="1.0"?><!-- ]]> --><?style a?><!--\u{1f4e6}--><comps a="]]>" b=\'"\'>\t<![CDATA[<x>]]>]]&gt;\r\n</comps>',
])('what clients read is taken: %j', async (text) => {
  expect(await lookInto('comps.xml', text)).toEqual({ root: 'comps' });
});

test('what is long is read once', async () => {
  const [blanks, as] = [' '.repeat(1_000_000), 'a'.repeat(1_000_000)];
  const texts = [`<comps${blanks}/>`, `<comps a${blanks}="${blanks}"${blanks}/>`, `<comps ${as}="<!--"${blanks}/>`];
  const bodies = [
    `<comps>${'<!-- > --><?a "?><b>]]&gt;</b>'.repeat(30_000)}</comps>`,
    `<comps>${blanks}]]&gt;</comps>`,
  ];
  for (const text of [...texts, ...bodies]) {
    const said = await lookInto('comps.xml', text);
    expect(said).toEqual(
      text.includes('"<') ? { fault: expect.stringContaining('not understood') } : { root: 'comps' },
    );
  }
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
