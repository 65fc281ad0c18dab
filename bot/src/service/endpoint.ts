// Where a running service can be reached: written by `serve`, read by the other commands on the same machine.
import { join } from 'node:path';
import { readRegularFile } from '@coppice/builder-runner/regular-file';
import { replaceFile } from '@coppice/builder-runner/replace-file';
import { parseJsonAs } from '@coppice/config';
import { z } from 'zod';
import type { Home } from './home.ts';

const endpointSchema = z.object({
  pid: z.int().positive(),
  url: z.url(),
  /** Where commands on this machine ask it, and the secret that they show. */
  control: z.object({ port: z.int().positive(), token: z.string() }).optional(),
  github: z.object({ mode: z.enum(['embedded', 'github']), apiUrl: z.url(), webUrl: z.url(), repository: z.string() }),
});
/** The addresses of one running service. */
export type Endpoint = z.infer<typeof endpointSchema>;

const maximumEndpointBytes = 64 * 1024;
const endpointFile = (home: Home) => join(home.state, 'endpoint.json');

export async function writeEndpoint(home: Home, endpoint: Endpoint): Promise<void> {
  // Each start writes it anew.
  await replaceFile(endpointFile(home), `${JSON.stringify(endpoint, null, 2)}\n`, { sync: false, mode: 0o600 });
}

/** Undefined when no service has run in this home. It may have ended since: ask `/healthz`. */
export async function readEndpoint(home: Home): Promise<Endpoint | undefined> {
  const read = await readRegularFile(endpointFile(home), maximumEndpointBytes).catch(() => undefined);
  const endpoint = read?.kind === 'text' ? parseJsonAs(read.text, endpointSchema) : undefined;
  return endpoint?.kind === 'value' ? endpoint.value : undefined;
}
