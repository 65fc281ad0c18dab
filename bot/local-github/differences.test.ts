import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { DIFFERENCES } from './differences.ts';

test('each difference that is closed names a file that is there', () => {
  const files = DIFFERENCES.map((one) => one.closedBy).filter((file) => file !== null);
  expect(files.filter((file) => !existsSync(new URL(file, import.meta.url)))).toEqual([]);
});
