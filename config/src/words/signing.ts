// The keys that sign a project's packages and metadata: their kinds, their terms, and what is told of them.
import { z } from 'zod';

/** As gpg names them. The rpm of EL 8 and older reads no ed25519. */
export const keyKinds = ['rsa4096', 'ed25519'] as const;
export type KeyKind = (typeof keyKinds)[number];

/** How the next key of a project is made. */
export interface SigningTerms {
  readonly kind: KeyKind;
  /** After so many seconds it ends. */
  readonly lifeSeconds: number;
  /** For so many seconds it is published beside the one before it, which still signs. */
  readonly overlapSeconds: number;
}

const daySeconds = 86_400;

/** The terms of a project's next key, from what the policy and the project state. */
export function termsOf(
  policy: { readonly signing: Omit<SigningTerms, 'kind'> },
  project: { readonly keyKind: KeyKind },
): SigningTerms {
  return { ...policy.signing, kind: project.keyKind };
}

/** Where nothing is stated. */
export const defaultTerms: SigningTerms = {
  kind: 'rsa4096',
  lifeSeconds: 730 * daySeconds,
  overlapSeconds: 7 * daySeconds,
};

/** A signing key that ends sooner is told of: users of the packages have to get the next one in time. */
export const keyWarningSeconds = 60 * daySeconds;

/** One key of a project, as pages and answers tell it. */
export const keyNoteSchema = z.strictObject({
  /** Long fingerprint, upper-case hexadecimal. */
  fingerprint: z.string(),
  /** As gpg names it; keys that somebody else made may be of other kinds than ours. */
  kind: z.string(),
  /** `next` is published and will sign; `former` has signed packages that are still there. */
  role: z.enum(['signing', 'next', 'former']),
  /** ISO 8601 UTC, null: it never ends. */
  endsAt: z.iso.datetime().nullable(),
  /** When a `next` one begins to sign, null for others. */
  signsFrom: z.iso.datetime().nullable(),
});
export type KeyNote = z.infer<typeof keyNoteSchema>;
