// Faults of an import that end it, with a closed list of codes. What only cannot come over is a `Fate` instead.

export type ImportErrorCode =
  /** A file or folder cannot be read or written, or is there already. */
  | 'file'
  /** What was recorded or answered is not what Copr's API answers. */
  | 'answer'
  /** An address cannot be asked. */
  | 'address'
  /** Nothing that passes validation could be made. */
  | 'result';

/** Its message says what is wrong, where, and what to do next. */
export class ImportError extends Error {
  override readonly name = 'ImportError';
  readonly code: ImportErrorCode;

  constructor(code: ImportErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
