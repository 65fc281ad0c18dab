import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseEnvelope, preAuthEncoding, sealStatement } from './dsse.ts';

test("what is signed is DSSE's own encoding, as its specification gives it", () => {
  expect(preAuthEncoding('http://example.com/HelloWorld', Buffer.from('hello world')).toString()).toBe(
    'DSSEv1 29 http://example.com/HelloWorld 11 hello world',
  );
  expect(preAuthEncoding('', Buffer.from('ä')).toString()).toBe('DSSEv1 0  2 ä');
});

test('an envelope is one line, is read back as it was written, and holds the signature of its own encoding', async () => {
  await fc.assert(
    fc.asyncProperty(fc.jsonValue(), async (statement) => {
      const signed: Buffer[] = [];
      const sign = async (bytes: Buffer) => {
        signed.push(bytes);
        return { signature: Buffer.from('signature'), fingerprint: 'F00' };
      };
      const line = await sealStatement(statement, { sign });
      expect(line.split('\n')).toEqual([expect.any(String), '']);
      const read = parseEnvelope(line);
      if (typeof read === 'string') throw new Error(read);
      expect(read.payload.toString()).toBe(JSON.stringify(statement));
      expect(read.signatures.map(String)).toEqual(['signature']);
      expect(signed).toEqual([preAuthEncoding(read.payloadType, read.payload)]);
    }),
    { numRuns: 50 },
  );
});

test('whatever stands in the file, it is an envelope or there is a phrase that says why not', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      const read = parseEnvelope(text);
      if (typeof read === 'string') expect(read).toMatch(/^(holds|is no)/);
    }),
  );
});
