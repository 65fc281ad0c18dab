// For the bench: `node publish-one.ts HOME PROJECT BUILD` adds a build to a repository as the first publication of a
// process does, which knows no texts yet, and prints how many milliseconds that took.
import type { ChrootName } from '@coppice/config';
import { describeBuilds, repositoryOf } from '../src/publish/repository-of.ts';
import { changeRepository, type Repository } from '../src/repodata/repository.ts';
import { closeAllSigning } from '../src/signing/sign.ts';

/** Opens the repository that is measured. */
export function benchRepository(home: string, project: string): Promise<Repository> {
  const place = { owner: 'bench', project };
  return repositoryOf({ home, url: 'http://localhost' }, place, 'fedora-42-x86_64' as ChrootName);
}

/** Resolves with how many milliseconds it took. */
export async function addOne(repository: Repository, build: string): Promise<number> {
  const before = performance.now();
  const { builds } = await describeBuilds(repository.folder, [build]);
  await changeRepository(repository, { show: builds, refuseClashes: true });
  return performance.now() - before;
}

if (import.meta.main) {
  const [home = '', project = '', build = ''] = process.argv.slice(2);
  console.log(await addOne(await benchRepository(home, project), build));
  await closeAllSigning(home);
}
