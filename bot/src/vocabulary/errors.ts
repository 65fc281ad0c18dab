// Faults of the service's own machinery, with a closed list of codes.

export type ServiceErrorCode =
  /** The port cannot be had. */
  | 'address'
  /** COPPICE_HOME cannot be written. */
  | 'home'
  /** A folder that a command was given is none. */
  | 'folder'
  /** The settings file is missing or wrong. */
  | 'settings'
  /** A program that the set-up should have installed is missing or failed. */
  | 'program'
  /** The distribution for the embedded default could not be made. */
  | 'distribution'
  /** The service that a command asks does not answer, or not as expected. */
  | 'unreachable';

/** Thrown at start and by commands; its message says what is wrong, where, and what to do next. */
export class ServiceError extends Error {
  override readonly name = 'ServiceError';
  readonly code: ServiceErrorCode;

  constructor(code: ServiceErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
