// In a mount namespace of its own, `argv[2]` becomes a small file system that is full: whether a builder can be ended.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { settingsSchema } from '@coppice/config';
import { builderFolder, builderPrefix, terminateBuilder } from '../src/builder/spawn.ts';

const [, , home = '', driver = ''] = process.argv;
const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'coppice-test', home], { stdio: 'inherit' });
if (mounted.status !== 0) process.exit(2);
// Ansible keeps its own files below the home folder.
process.env.HOME = home;
process.env.TMPDIR = home;
const name = `${builderPrefix(home)}one`;
const folder = builderFolder(home, name);
mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, 'instance.json'), JSON.stringify({ instance: 'i-1', host: 'h' }));
let isFull = false;
try {
  writeFileSync(join(home, 'ballast'), Buffer.alloc(1024 ** 2));
} catch (error) {
  isFull = (error as NodeJS.ErrnoException).code === 'ENOSPC';
}
const source = { driver, options: { region: 'here' } };
const of = { home, settings: settingsSchema.parse({}), source };
await terminateBuilder(of, name);
const told = JSON.parse(readFileSync(join(driver, 'told.json'), 'utf8'));
console.log(JSON.stringify({ isFull, told, isGone: !existsSync(folder) }));
