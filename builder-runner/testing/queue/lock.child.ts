// Holds the lock of a folder until it is killed: `node lock.child.ts <folder>` says `locked` when it has it.
import { lockFolder } from '../../src/store/lock.ts';

await lockFolder(process.argv[2] ?? '');
console.log('locked');
setInterval(() => undefined, 60_000);
