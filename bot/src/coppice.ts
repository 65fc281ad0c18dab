#!/usr/bin/env node
// The command `coppice`.
import { existsSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { join, resolve } from 'node:path';

// Taking the types out of all files, and compiling them, is half of what a start takes. The service keeps the outcome
// in its own home, once there is one; other commands may be another user's.
const cache = join(resolve(process.env.COPPICE_HOME ?? 'var'), 'cache');
if (process.argv[2] === 'serve' && existsSync(cache)) enableCompileCache(join(cache, 'compiled'));
await import('./command-line.ts');
