import { expect, test } from 'vitest';
import { parseEngine } from './mock-command.ts';

test.each([
  ['5.6\n', { name: 'mock', version: '5.6' }],
  ['mock-lite 1.2\n', { name: 'mock-lite', version: '1.2' }],
  ['', { name: 'mock', version: 'unknown' }],
])('the engine of %j', (output, engine) => expect(parseEngine(output)).toEqual(engine));
