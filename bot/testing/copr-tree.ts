// A published tree of 231 builds as the site leaves it, for what asks Copr's API.
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type BuildId, type ChrootName, published, type Result, resultSchema, sandboxOf } from '@coppice/config';
import { regenerate } from '@coppice/site/regenerate';

export const coprChroot = 'sapling-12-x86_64' as ChrootName;
/** Builds of acme/tools; the one after them is of its sandbox. */
export const coprBuilds = 230;
/** Packages of acme/tools; the last twenty were never built. */
export const coprPackages = Array.from({ length: 120 }, (_, index) => (index === 0 ? 'c++' : `p${1000 + index}`));
export const coprSandbox = sandboxOf('tools', 7);

const time = '2026-01-02T03:04:05.000Z';
const about = { owner: 'acme', description: 'Small tools', instructions: '', homepage: null, contact: null };
const rights = { maintainers: ['a'], builders: [], frozen: null, forkedFrom: null, pinned: false, deleteAfter: null };
const project = (name: string, names: readonly string[]) => ({
  ...{ ...about, ...rights, name, chroots: [coprChroot], keyFingerprint: null, leaving: null },
  chrootStates: { [coprChroot]: { state: 'active', keepUntil: null } },
  packages: names.map((each) => ({ name: each, needs: [], chroots: [coprChroot], source: 'dir' })),
});
const stated = {
  ...{ configCommit: 'a'.repeat(40), configRepository: 'acme/packages' },
  projects: [project('tools', coprPackages), project('libs', [])],
};

/** A build of `acme/tools`: those with even numbers succeeded. */
export function coprResult(id: number): Result {
  const name = coprPackages[(id - 1) % 100] ?? '';
  const nevra = `${name}-1.0-${id}.x86_64`;
  return resultSchema.parse({
    ...{ schemaVersion: 1, id, owner: 'acme', project: 'tools', package: name, chroot: coprChroot, message: null },
    ...{ state: id % 2 === 0 ? 'succeeded' : 'failed', reason: id % 2 === 0 ? null : 'compile', requestedBy: 'a' },
    ...{ request: 'https://example.org/', requestedAt: time, batch: 'b', configCommit: 'a'.repeat(40), attempts: 1 },
    source: { type: 'srpm', url: 'https://example.org/a.src.rpm', sha256: '0'.repeat(64) },
    ...{ excerpt: [], inputDigest: 'd', builder: null, engine: null, phases: [], startedAt: time, endedAt: time },
    artifacts: [{ file: `${nevra}.rpm`, nevra, bytes: 1, sha256: '0'.repeat(64) }],
  });
}

/** Fills `folder`, which becomes `published/` of a service at `url`. */
export async function makeCoprTree(folder: string, url: string): Promise<void> {
  const write = async (path: string, text: string) => {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  };
  const addResult = async (result: Result) => {
    const place = published.chrootBuild({ ...result, id: result.id as BuildId }, coprChroot);
    await write(`${place}/build.log`, 'log\n');
    for (const { file } of result.artifacts) await write(`${place}/${file}`, 'rpm');
    await write(`${place}/result.json`, JSON.stringify(result));
  };
  await write(published.projectsJson, JSON.stringify(stated));
  for (let id = 1; id <= coprBuilds; id += 1) await addResult(coprResult(id));
  await addResult({ ...coprResult(coprBuilds + 1), project: coprSandbox });
  await write(published.rpmrepo('acme', 'tools'), '{"results_url":"here"}');
  await write(published.rpmrepo('acme', coprSandbox), '{"results_url":"there"}');
  await regenerate({ published: folder, history: ':memory:', changes: 'all', url });
}
