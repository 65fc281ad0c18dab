// Writes config/schema/, the JSON Schemas of the files of a config repo for editors, and the reference page about them.
// Run it after a change of a form or of the page's template: npm run schemas -w config
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { jsonSchemas } from './json-schemas.ts';
import { referencePage } from './reference-page.ts';

const place = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const schemas = jsonSchemas();
await mkdir(place('../../schema/programs'), { recursive: true });
for (const [name, text] of Object.entries(schemas)) await writeFile(place(`../../schema/${name}`), text);
const template = await readFile(place('../../reference/config-repo.md'), 'utf8');
await writeFile(
  place('../../../site/content/docs/reference/config-repo.md'),
  referencePage(template, schemas['coppice.schema.json'], schemas['project.schema.json']),
);
