// JSON Schemas: of a config repo's files, so that an editor can say what the bot would; of events, of live builds and
// of what packages say, for programs that read them; of all other files that are there for programs, by their names
// below `programs/`.
import { z } from 'zod';
import { packageHeadersSchema } from '../clients/package-headers.ts';
import { programSchemas } from '../clients/program-files.ts';
import { eventSchema } from '../words/event.ts';
import { liveBuildSchema } from '../words/result.ts';
import { policySchema } from './parse-policy.ts';
import { projectSchema } from './project-schema.ts';

/** File name → text of every file of config/schema/. */
export function jsonSchemas(): Record<
  'coppice.schema.json' | 'project.schema.json' | 'event.schema.json' | 'live.schema.json' | 'packages.schema.json',
  string
> &
  Readonly<Record<string, string>> {
  const programs = Object.entries(programSchemas()).map(([name, schema]) => [`programs/${name}.json`, print(schema)]);
  return {
    ...Object.fromEntries(programs),
    'coppice.schema.json': textOf(policySchema),
    'project.schema.json': textOf(projectSchema),
    'event.schema.json': textOf(eventSchema),
    'live.schema.json': textOf(liveBuildSchema),
    'packages.schema.json': textOf(packageHeadersSchema),
  };
}

/** What people write (`input`), not what the parser makes of it: defaults are optional, durations are texts. */
function textOf(schema: z.ZodType): string {
  return print(z.toJSONSchema(schema, { io: 'input' }));
}

function print(schema: object): string {
  return `${JSON.stringify(schema, null, 2)}\n`;
}
