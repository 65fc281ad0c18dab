// What the rooms of the runner write to the log of the service with.

/** Writes one line of the service's log. Fields hold plain data, never a secret. */
export type Log = (
  level: 'info' | 'warn' | 'error',
  message: string,
  fields?: Readonly<Record<string, unknown>>,
) => void;
