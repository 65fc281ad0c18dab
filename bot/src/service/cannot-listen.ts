// Why nothing can listen at an address, and where another one is stated. Pure.
import { ServiceError } from '../vocabulary/errors.ts';

/** What was tried, and what the system said. */
interface Refusal {
  readonly host: string;
  readonly port: number;
  readonly cause: unknown;
}

/** ServiceError `address`; `stated` says what names the host, where something does, and the port. */
export function cannotListen(
  { host, port, cause }: Refusal,
  stated: { readonly host?: string; readonly port: string },
): ServiceError {
  const { message, code } = cause as NodeJS.ErrnoException;
  return new ServiceError('address', `Cannot listen on ${host}:${port}: ${message}. ${hint(code, stated)}`, { cause });
}

function hint(code: string | undefined, { host, port }: { readonly host?: string; readonly port: string }): string {
  if (code === 'EADDRINUSE') return `Is another service there? ${port} names another port.`;
  if (code === 'EACCES') return `The user of the service may not use this port: ${port} names another one.`;
  return host === undefined ? `${port} names another port.` : `Let ${host} be an address of this machine.`;
}
