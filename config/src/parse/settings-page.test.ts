import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { parseSettings } from './parse-settings.ts';

/** Keys that have no default: the page names them in comments. */
const withoutDefault = [
  'url',
  'github.appId',
  'github.privateKeyFile',
  'github.webhookSecretFile',
  'backup.publicKeyFile',
  ...['host', 'port', 'user', 'folder', 'hostKey', 'keyFile'].map((key) => `mirror.rsync.${key}`),
  ...['endpoint', 'region', 'bucket', 'prefix', 'pathStyle', 'accessKeyId', 'secretKeyFile'].map(
    (key) => `mirror.s3.${key}`,
  ),
];

const page = readFileSync(join(import.meta.dirname, '../../../site/content/docs/reference/settings.md'), 'utf8');
const block = /```yaml\n(.*?)```/s.exec(page)?.[1] ?? '';

test('the page of settings states every key with its default, and nothing else', () => {
  const stated = parseSettings(block, 'settings.md');
  const defaults = parseSettings('', 'defaults');
  expect(stated).toMatchObject({ ok: true });
  expect(stated.ok && stated.value).toEqual(defaults.ok && defaults.value);
  // Not only the same value: each key stands there.
  const keys = keysOf(parse(block));
  expect(keysOf(defaults.ok && defaults.value).filter((key) => !keys.includes(key))).toEqual(['builders.pools.0.name']);
  for (const key of withoutDefault) expect(block).toMatch(new RegExp(`# +${key.split('.').at(-1)}:`));
});

function keysOf(value: unknown, path = ''): readonly string[] {
  if (typeof value !== 'object' || value === null) return [path];
  const entries = Object.entries(value);
  if (entries.length === 0) return [path];
  return entries.flatMap(([key, inner]) => keysOf(inner, path === '' ? key : `${path}.${key}`));
}
