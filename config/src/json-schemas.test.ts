import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { jsonSchemas } from './json-schemas.ts';

const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');
const schemas = jsonSchemas();

describe('the JSON Schemas', () => {
  test.each(Object.keys(schemas))('config/schema/%s is fresh (else: npm run schemas -w config)', (name) => {
    expect(JSON.parse(read(`schema/${name}`))).toEqual(JSON.parse(schemas[name] ?? ''));
  });

  test.each([
    ['coppice.schema.json', 'example/coppice.yaml'],
    ['project.schema.json', 'example/projects/acme/tools.yaml'],
  ])('%s accepts %s and refuses an unknown key', (name, example) => {
    const validate = new Ajv2020().compile(JSON.parse(schemas[name] ?? ''));
    const value = parse(read(example));
    expect(validate(value), JSON.stringify(validate.errors)).toBe(true);
    expect(validate({ ...value, discription: 'x' })).toBe(false);
  });
});
