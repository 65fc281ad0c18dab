// In a mount namespace of its own, `argv[2]` becomes a file system of 64 KiB: what replaceFile does when the disk fills
// up.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { replaceFile } from '../src/base/replace-file.ts';

const folder = process.argv[2] ?? '';
const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'coppice-test', folder], { stdio: 'inherit' });
if (mounted.status !== 0) process.exit(2);
const path = join(folder, 'state.json');
await replaceFile(path, 'old', { sync: true });
const code = await replaceFile(path, 'x'.repeat(100_000), { sync: true }).then(
  () => 'none',
  (error: NodeJS.ErrnoException) => error.code,
);
console.log(JSON.stringify({ code, content: readFileSync(path, 'utf8').slice(0, 10), names: readdirSync(folder) }));
