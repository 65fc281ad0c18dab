// How a command asks the running service of this machine for what only that may do.
import { request } from 'node:http';
import type { Endpoint } from '../service/endpoint.ts';
import { ServiceError } from '../vocabulary/errors.ts';

/** What was answered. */
export interface ControlAnswer {
  readonly status: number;
  readonly text: string;
}

/**
 * Asks for `path`, such as `/prune`, with `wish` as JSON, and waits for the answer however long that takes: fetch gives
 * up after five minutes. Undefined where no service listens. Throws ServiceError `unreachable` when the service goes
 * away before it has answered.
 */
export async function askControl(
  { control }: Pick<Endpoint, 'control'>,
  path: string,
  wish: object,
): Promise<ControlAnswer | undefined> {
  if (control === undefined) return undefined;
  try {
    return await post({ ...control, path, body: JSON.stringify(wish) });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ECONNREFUSED') return undefined;
    const what = 'The service went away before it had answered';
    throw new ServiceError('unreachable', `${what}. Its log says how far it came; ask again when it runs.`, { cause });
  }
}

function post(of: {
  readonly port: number;
  readonly token: string;
  readonly path: string;
  readonly body: string;
}): Promise<ControlAnswer> {
  return new Promise((resolve, reject) => {
    const asked = request({
      ...{ host: '127.0.0.1', port: of.port, path: of.path, method: 'POST', agent: false },
      headers: { Authorization: `Bearer ${of.token}`, 'Content-Length': Buffer.byteLength(of.body) },
    });
    asked.on('error', reject).on('response', async (response) => {
      try {
        const text = (await response.setEncoding('utf8').toArray()).join('');
        resolve({ status: response.statusCode ?? 0, text });
      } catch (error) {
        reject(error);
      }
    });
    asked.end(of.body);
  });
}
