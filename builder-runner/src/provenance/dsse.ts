// DSSE envelopes, https://github.com/secure-systems-lab/dsse/blob/master/{protocol,envelope}.md. A signature is a
// detached OpenPGP signature of the encoding that DSSE signs, for the project's key is one of OpenPGP. Pure but for the
// signing.
import { parseJsonAs } from '@coppice/config';
import { z } from 'zod';

/** Who signs: a project's key. */
export interface EnvelopeSigner {
  /**
   * The detached OpenPGP signature of these bytes, not armored, and the long fingerprint of the key that it is by,
   * upper-case hexadecimal: the key may have followed another one since.
   */
  readonly sign: (bytes: Buffer) => Promise<{ readonly signature: Buffer; readonly fingerprint: string }>;
}

/** The media type of in-toto statements. */
export const statementType = 'application/vnd.in-toto+json';

/** Standard or URL-safe, as DSSE allows. */
const base64 = z.string().regex(/^[A-Za-z0-9+/_-]*={0,2}$/, 'not base64');

const envelopeSchema = z.object({
  payloadType: z.string(),
  payload: base64,
  signatures: z
    .array(z.object({ keyid: z.string().optional(), sig: base64 }))
    .min(1)
    .max(8),
});

/** What an envelope holds, and who says so; nothing of it has been checked. */
export interface Envelope {
  readonly payloadType: string;
  readonly payload: Buffer;
  /** Detached OpenPGP signatures of `preAuthEncoding`. */
  readonly signatures: readonly Buffer[];
}

/** The bytes that are signed: DSSE's PAE. */
export function preAuthEncoding(payloadType: string, payload: Buffer): Buffer {
  const head = `DSSEv1 ${Buffer.byteLength(payloadType)} ${payloadType} ${payload.length} `;
  return Buffer.concat([Buffer.from(head), payload]);
}

/** A signed envelope around a statement, as one line of JSON with its line end. Throws what `sign` does. */
export async function sealStatement(statement: unknown, signer: EnvelopeSigner): Promise<string> {
  const payload = Buffer.from(JSON.stringify(statement));
  const { signature, fingerprint } = await signer.sign(preAuthEncoding(statementType, payload));
  const envelope: z.infer<typeof envelopeSchema> = {
    payloadType: statementType,
    payload: payload.toString('base64'),
    signatures: [{ keyid: fingerprint, sig: signature.toString('base64') }],
  };
  return `${JSON.stringify(envelope)}\n`;
}

/** The one envelope in the text of a file, or why there is none: a phrase to stand behind its name. */
export function parseEnvelope(text: string): Envelope | string {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  if (lines.length !== 1) return `holds ${lines.length} lines, where one envelope is expected`;
  const read = parseJsonAs(lines[0] ?? '', envelopeSchema);
  if (read.kind === 'broken') return `is no DSSE envelope: ${read.why}`;
  const { payloadType, payload, signatures } = read.value;
  return {
    payloadType,
    payload: Buffer.from(payload, 'base64'),
    signatures: signatures.map(({ sig }) => Buffer.from(sig, 'base64')),
  };
}
