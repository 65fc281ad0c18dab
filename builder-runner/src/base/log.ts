// The function with which all of the runner writes to the service's log.

/** Writes one line of the service's log. Fields hold plain data, never a secret. */
export type Log = (
  level: 'info' | 'warn' | 'error',
  message: string,
  fields?: Readonly<Record<string, unknown>>,
) => void;
