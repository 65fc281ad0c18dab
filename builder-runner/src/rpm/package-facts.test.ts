import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { makeRpms } from '../../testing/make-rpms.ts';
import { packageFactsOf, readPackageFacts } from './package-facts.ts';
import { RpmHeaderError } from './rpm-header.ts';

test('a header says of itself what rpm does', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'coppice-facts-'));
  try {
    const preamble = `Vendor: Größe & Co\nPackager: Pat <pat@example.org>\nURL: https://example.org/\nEpoch: 3
Requires: zlib >= 1:1.2, a < 2~rc1, b = 1-1, /bin/sh, (c if d), zlib >= 1:1.2`;
    await makeRpms(folder, 'said', '1.0', { preamble });
    const path = join(folder, 'said-1.0-1.noarch.rpm');
    const facts = await readPackageFacts(path);
    expect(facts).toMatchObject({
      nevra: { name: 'said', epoch: 3, version: '1.0', release: '1', architecture: 'noarch' },
      ...{ sourceRpm: 'said-1.0-1.src.rpm', summary: 'Tiny', license: 'Apache-2.0', url: 'https://example.org/' },
      ...{ vendor: 'Größe & Co', packager: 'Pat <pat@example.org>', requiresLeft: 0 },
    });
    const { stdout } = await execa('rpm', ['-qp', '--requires', '--nosignature', path]);
    const ofRpm = stdout.split('\n').filter((line) => !line.startsWith('rpmlib('));
    expect(facts.requires.toSorted()).toEqual([...new Set(ofRpm)].sort());
  } finally {
    await rm(folder, { recursive: true });
  }
}, 20_000);

const nevra = Buffer.from('n\x001\x00x\x00');
const named = [1000, 1001, 1002, 1022].map((tag) => [tag, { type: 6, offset: 0, count: 1 }] as const);

test('of a header that holds far too much, the first part is told, on one line', () => {
  const many = Buffer.from(Array.from({ length: 700 }, (_, index) => `r${index}\0`).join(''));
  const long = Buffer.from(`${'ä\n'.repeat(100_000)}\0`);
  const places = new Map([
    ...named,
    [1049, { type: 8, offset: nevra.length, count: 2 ** 32 - 1 }],
    [1004, { type: 9, offset: nevra.length + many.length, count: 1 }],
  ]);
  const { requires, requiresLeft, summary } = packageFactsOf({ store: Buffer.concat([nevra, many, long]), places });
  expect([requires.length, requires[499], requiresLeft]).toEqual([500, 'r499', 201]);
  expect(summary).toMatch(/^[ä ]{499,500}$/);
});

test('whatever bytes and places a header has, what is told is bounded, printable text', () => {
  const place = fc.record({ type: fc.nat(10), offset: fc.nat(400), count: fc.nat(2 ** 32 - 1) });
  const tag = fc.constantFrom(1004, 1011, 1014, 1015, 1020, 1048, 1049, 1050);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.array(fc.tuple(tag, place)), (bytes, more) => {
      const header = { store: Buffer.concat([nevra, bytes]), places: new Map([...named, ...more]) };
      try {
        const { requires, requiresLeft, ...facts } = packageFactsOf(header);
        const texts = [facts.summary, facts.license, facts.vendor, facts.packager, facts.url, ...requires];
        for (const text of texts) {
          // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
          expect(text ?? '').not.toMatch(/[\u0000-\u001f\u007f]/);
          expect((text ?? '').length).toBeLessThanOrEqual(500);
          expect((text ?? '').isWellFormed()).toBe(true);
        }
        expect(requiresLeft).toBeGreaterThanOrEqual(0);
      } catch (error) {
        if (!(error instanceof RpmHeaderError)) throw error;
      }
    }),
  );
});
