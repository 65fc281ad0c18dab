import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isSourceFileName, parseSourcesFile } from './source-hashes.ts';

const sha512 = 'a'.repeat(128);

describe('the file `sources`', () => {
  test('has both forms; only strong hashes prove something', () => {
    expect(parseSourcesFile(`SHA512 (hello-1.0.tar.gz) = ${sha512}\n\n${'B'.repeat(32)}  old.tar.gz\r\n`)).toEqual([
      { file: 'hello-1.0.tar.gz', kind: 'sha512', hash: sha512, proof: 'sha512' },
      { file: 'old.tar.gz', kind: 'md5', hash: 'b'.repeat(32), proof: undefined },
    ]);
    expect(parseSourcesFile(`SHA1 (a) = ${'c'.repeat(40)}`)).toMatchObject([{ proof: undefined }]);
  });

  test.each([
    [`SHA512 (../../etc/passwd) = ${sha512}`, /line 1 .* names the file "..\/..\/etc\/passwd", which cannot be/],
    [`SHA512 (/etc/passwd) = ${sha512}`, /which cannot be/],
    [`SHA512 (..) = ${sha512}`, /which cannot be/],
    [`SHA512 (-o) = ${sha512}`, /which cannot be/],
    [`SHA512 (.ssh) = ${sha512}`, /which cannot be/],
    [`SHA512 (a\tb) = ${sha512}`, /which cannot be/],
    [`SHA512 (a) = ${'a'.repeat(64)}`, /is neither/],
    [`CRC32 (a) = ${'a'.repeat(8)}`, /is neither/],
    [`\nhello`, /line 2 .* is neither/],
    [`SHA512 (a) = ${sha512}\nSHA512 (a) = ${'b'.repeat(128)}`, /line 2 .* names a again with another hash/],
    ['\n'.repeat(2000), /has 2001 lines; 1000 at most/],
  ])('is refused with its line: %j', (text, message) => {
    expect(parseSourcesFile(text)).toMatch(message);
  });

  test('gives back what was written into it', () => {
    const file = fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9._+~-]{0,30}$/);
    const line = fc.record({ file, hash: fc.stringMatching(/^[0-9a-f]{128}$/) });
    fc.assert(
      fc.property(fc.uniqueArray(line, { selector: (each) => each.file, maxLength: 8 }), (lines) => {
        const text = lines.map((each) => `SHA512 (${each.file}) = ${each.hash}`).join('\n');
        const read = parseSourcesFile(text);
        expect(read).toEqual(lines.map((each) => ({ ...each, kind: 'sha512', proof: 'sha512' })));
      }),
    );
  });

  test('never gives a name that leaves its folder, whatever the text is', () => {
    const odd = fc.oneof(fc.string(), fc.constantFrom('\0', '\n', 'SHA512 (', `) = ${sha512}`));
    const piece = fc.oneof(
      { weight: 1, arbitrary: odd },
      { weight: 4, arbitrary: fc.constantFrom('..', '/', '.', '-', 'a', 'b') },
    );
    // Mostly lines of the right form: of random text alone none is ever read.
    const line = fc.array(piece, { maxLength: 3 }).map((pieces) => `SHA512 (${pieces.join('')}) = ${sha512}\n`);
    const seen = { refused: 0, read: 0 };
    fc.assert(
      fc.property(fc.array(fc.oneof({ weight: 9, arbitrary: line }, piece), { maxLength: 3 }), (lines) => {
        const read = parseSourcesFile(lines.join(''));
        if (typeof read === 'string') seen.refused += 1;
        else {
          seen.read += read.length;
          for (const { file } of read) expect(file).toMatch(/^[^./\0-][^/\0\n]*$/);
        }
      }),
      { numRuns: 2000 },
    );
    // A few of 2000 are read for sure; of a hundred there were runs with none.
    expect(Math.min(seen.refused, seen.read)).toBeGreaterThan(0);
  });
});

test('names of files are plain', () => {
  expect(['a', 'a-1.0~rc1+b^2.tar.gz', 'x@2.tgz'].every(isSourceFileName)).toBe(true);
  expect(['', '.', '..', 'a/b', '.a', '-a', 'a b', 'a\n', 'ä', 'a\\b'].some(isSourceFileName)).toBe(false);
});
