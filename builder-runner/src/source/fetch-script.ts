// A script that makes the sources: its text, or its file together with the rest of the package's folder.
import { chmod, lstat, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isScriptText, type PinnedSource } from '@coppice/config';
import { fail, type Outcome, succeed } from '../base/outcome.ts';
import { commitsOfFolder, writeConfigFolder } from './fetch-config-folder.ts';
import type { FetchOrder } from './fetch-order.ts';
import type { FetchedSource } from './fetched-source.ts';
import { isSourceFileName } from './source-hashes.ts';

type ScriptSource = Extract<PinnedSource, { type: 'script' }>;

/** The script, ready to run; it runs on a builder, never here. */
export async function fetchScript(order: FetchOrder, source: ScriptSource): Promise<Outcome<FetchedSource>> {
  const { folder } = order;
  const placed = isScriptText(source.script) ? await writeText(folder, source.script) : await placeFile(order, source);
  if (!placed.ok) return placed;
  await chmod(join(folder, placed.value), 0o755);
  const { commit, path } = source;
  const commits = commit === undefined || path === undefined ? [] : await commitsOfFolder(order, { commit, path });
  return succeed({
    kind: 'script',
    folder,
    script: placed.value,
    buildDependencies: source.builddeps ?? [],
    chroot: source.chroot,
    resultFolder: source.resultdir,
    needsNetwork: order.network,
    fetched: [],
    commits,
    notes: order.network ? [] : ['The script runs without network: `network: true` and coppice.yaml would allow it.'],
  });
}

async function writeText(folder: string, text: string): Promise<Outcome<string>> {
  await writeFile(join(folder, 'script'), text, { flag: 'wx' });
  return succeed('script');
}

async function placeFile(order: FetchOrder, source: ScriptSource): Promise<Outcome<string>> {
  const { script, commit, path } = source;
  if (commit === undefined || path === undefined || !isSourceFileName(script)) {
    return fail('source', `The script ${JSON.stringify(script)} is not pinned to a folder of the config repo.`);
  }
  const written = await writeConfigFolder(order, { commit, path });
  if (!written.ok) return written;
  const file = join(order.folder, script);
  const status = await lstat(file).catch(() => undefined);
  if (status?.isFile() !== true) return fail('source', `There is no ${script} in ${path}.`);
  if (!(await readFile(file, 'latin1')).startsWith('#!')) {
    return fail('source', `${script} does not begin with \`#!\`: it is not said what runs it.`);
  }
  return succeed(script);
}
