// The forms of a config repo's files as JSON Schema: what an editor can say before the bot has to.
import { z } from 'zod';
import { policySchema } from './parse-policy.ts';
import { projectSchema } from './project-schema.ts';

/** File name → text of every file of config/schema/. */
export function jsonSchemas(): Record<'coppice.schema.json' | 'project.schema.json', string> {
  return {
    'coppice.schema.json': textOf(policySchema),
    'project.schema.json': textOf(projectSchema),
  };
}

/** What people write (`input`), not what the parser makes of it: defaults are optional, durations are texts. */
function textOf(schema: z.ZodType): string {
  return `${JSON.stringify(z.toJSONSchema(schema, { io: 'input' }), null, 2)}\n`;
}
