import { readdirSync, readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { architectures } from '../words/chroot.ts';
import { jsonSchemas } from './json-schemas.ts';
import { referencePage } from './reference-page.ts';

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const schemas = jsonSchemas();
const forms = [
  ['coppice.schema.json', 'example/coppice.yaml'],
  ['project.schema.json', 'example/projects/acme/tools.yaml'],
] as const;

describe('the JSON Schemas', () => {
  test.each(forms)('config/schema/%s is fresh (else: npm run schemas -w config)', (name) => {
    expect(JSON.parse(read(`schema/${name}`))).toEqual(JSON.parse(schemas[name]));
  });

  test('config/schema/event.schema.json is fresh, takes the example of its page and no event with more in it', () => {
    expect(JSON.parse(read('schema/event.schema.json'))).toEqual(JSON.parse(schemas['event.schema.json']));
    const [, line = ''] = /```json\n(.+)\n```/.exec(read('../site/content/docs/reference/events.md')) ?? [];
    const ajv = new Ajv2020({ formats: { 'date-time': true } });
    const validate = ajv.compile(JSON.parse(schemas['event.schema.json']));
    expect(validate(JSON.parse(line)), JSON.stringify(validate.errors)).toBe(true);
    expect(validate({ ...JSON.parse(line), secret: 'x' })).toBe(false);
  });

  test('config/schema/live.schema.json is fresh, and takes the example of its page', () => {
    expect(JSON.parse(read('schema/live.schema.json'))).toEqual(JSON.parse(schemas['live.schema.json']));
    const [, line = ''] = /```json\n(.+)\n```/.exec(read('../site/content/docs/reference/live-builds.md')) ?? [];
    const validate = new Ajv2020({ formats: { 'date-time': true } }).compile(JSON.parse(schemas['live.schema.json']));
    expect(validate(JSON.parse(line)), JSON.stringify(validate.errors)).toBe(true);
  });

  test('config/schema/packages.schema.json is fresh', () => {
    expect(JSON.parse(read('schema/packages.schema.json'))).toEqual(JSON.parse(schemas['packages.schema.json']));
  });

  test('config/schema/programs/ is fresh (else: npm run schemas -w config)', () => {
    const made = Object.keys(schemas).filter((name) => name.startsWith('programs/'));
    expect(readdirSync(new URL('../../schema/programs', import.meta.url)).sort()).toEqual(
      made.map((name) => name.slice('programs/'.length)).sort(),
    );
    for (const name of made) expect(JSON.parse(read(`schema/${name}`))).toEqual(JSON.parse(schemas[name] ?? ''));
  });

  test.each(forms)('%s accepts %s and refuses an unknown key', (name, example) => {
    const validate = new Ajv2020().compile(JSON.parse(schemas[name]));
    const value = parse(read(example));
    expect(validate(value), JSON.stringify(validate.errors)).toBe(true);
    expect(validate({ ...value, discription: 'x' })).toBe(false);
  });

  test.each(forms)('every key that %s knows is in %s, with a comment', (name, example) => {
    const lines = read(example).split('\n');
    const known = new Set(keysOf(JSON.parse(schemas[name])));
    for (const key of architectures) known.delete(key);
    const unexplained = [...known].filter((key) => {
      // In the file itself, or commented out; explained on its line or on the one before it.
      const index = lines.findIndex((line) => new RegExp(`(?:^|[ #{,\`])${key}[:\`]`).test(line));
      return index < 0 || !`${lines[index - 1]}${lines[index]}`.includes('#');
    });
    expect(unexplained).toEqual([]);
  });
});

/** The names of all keys that a JSON Schema knows. */
function keysOf(form: unknown): string[] {
  if (typeof form !== 'object' || form === null) return [];
  return Object.entries(form).flatMap(([word, inner]) => {
    if (word !== 'properties') return keysOf(inner);
    return Object.entries(inner as object).flatMap(([key, value]) => [key, ...keysOf(value)]);
  });
}

describe('the reference page of the config repo', () => {
  const make = (template: string) =>
    referencePage(template, schemas['coppice.schema.json'], schemas['project.schema.json']);

  test('is fresh (else: npm run schemas -w config)', () => {
    expect(read('../site/content/docs/reference/config-repo.md')).toBe(make(read('reference/config-repo.md')));
  });

  test('has all its tables and no others', () => {
    expect(() => make('{{policy}}')).toThrow(/lacks the tables project, chroot, package, source/);
    expect(() => make('{{people}}')).toThrow(/the table people/);
  });
});
