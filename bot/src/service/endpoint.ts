// Where a running service can be reached: written by `serve`, read by the other commands on the same machine.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile } from '@coppice/builder-runner/replace-file';
import { z } from 'zod';
import type { Home } from './home.ts';

const endpointSchema = z.object({
  pid: z.int().positive(),
  url: z.url(),
  github: z.object({ mode: z.enum(['embedded', 'github']), apiUrl: z.url(), webUrl: z.url(), repository: z.string() }),
});
/** The addresses of one running service. Holds no secret. */
export type Endpoint = z.infer<typeof endpointSchema>;

const endpointFile = (home: Home) => join(home.state, 'endpoint.json');

export async function writeEndpoint(home: Home, endpoint: Endpoint): Promise<void> {
  // Each start writes it anew.
  await replaceFile(endpointFile(home), `${JSON.stringify(endpoint, null, 2)}\n`, { sync: false });
}

/** Undefined when no service has run in this home. It may have ended since: ask `/healthz`. */
export async function readEndpoint(home: Home): Promise<Endpoint | undefined> {
  try {
    return endpointSchema.parse(JSON.parse(await readFile(endpointFile(home), 'utf8')));
  } catch {
    return undefined;
  }
}
