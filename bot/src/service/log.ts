// The service's log: one line an event, in words for people on a terminal, as JSON lines elsewhere (COPPICE_LOG=json).
import type { Log } from '@coppice/builder-runner/runner';
import { oneLine } from '../vocabulary/plain-text.ts';

/** A log that writes to `write`, one line an event. `form` is `text` or `json`. */
export function createLog(write: (line: string) => void, form: 'text' | 'json', now: () => Date): Log {
  return (level, message, fields = {}) => {
    const time = now().toISOString();
    if (form === 'json') return write(`${JSON.stringify({ time, level, message, ...plain(fields) })}\n`);
    const details = Object.entries(plain(fields)).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
    write(`${[time, level.padEnd(5), oneLine(message), ...details].join(' ')}\n`);
  };
}

function plain(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [key, value instanceof Error ? describe(value) : value]),
  );
}

/** An error with its causes, each said once, as one line. */
export function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? '' : describe(error.cause);
  // Many messages end with what caused them.
  if (cause === '' || error.message.includes(cause)) return error.message;
  return error.message.endsWith('.') ? `${error.message} (${cause})` : `${error.message}: ${cause}`;
}
