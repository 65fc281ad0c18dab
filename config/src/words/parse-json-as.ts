// Parses JSON and checks it against a schema. Pure.
import type { z } from 'zod';

export type JsonReading<T> =
  | { readonly kind: 'value'; readonly value: T }
  /** `why` begins in small letters, to stand behind the name of the file. */
  | { readonly kind: 'broken'; readonly why: string };

/** Tells the first thing that is wrong. */
export function parseJsonAs<T>(text: string, schema: z.ZodType<T>): JsonReading<T> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    return { kind: 'broken', why: `it is not JSON (${error instanceof Error ? error.message : String(error)})` };
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return { kind: 'value', value: parsed.data };
  const [issue] = parsed.error.issues;
  const place = issue?.path.map(String).join('.') || 'the document';
  return { kind: 'broken', why: `${place}: ${issue?.message ?? 'does not fit its schema'}` };
}
