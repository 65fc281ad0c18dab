// What the rooms of the runner write to the log of the service with.

/** One line of the service's log. Fields never hold secrets. */
export type Log = (level: 'info' | 'warn' | 'error', message: string, fields?: Record<string, unknown>) => void;
