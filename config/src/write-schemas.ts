// Writes config/schema/: JSON Schemas of the files of a config repo, for editors. Run it after a change of a form:
// npm run schemas -w config
import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { jsonSchemas } from './json-schemas.ts';

const folder = fileURLToPath(new URL('../schema', import.meta.url));
await mkdir(folder, { recursive: true });
for (const [name, text] of Object.entries(jsonSchemas())) await writeFile(`${folder}/${name}`, text);
