// What is stated of a chroot's build, gathered where it is known: the queue, the records, the config repo, the builder.
import { join, relative } from 'node:path';
import { published } from '@coppice/config';
import { type ChrootTask, liveChroot } from '../context/runner-context.ts';
import { type Accounts, attestBuild, type SignedFiles } from '../provenance/attest.ts';
import type { BuildFacts } from '../provenance/statement.ts';
import { findSrpm } from '../publish/publisher.ts';
import { usableRecord } from '../publish/read-record.ts';
import { signerOf } from '../publish/repository-of.ts';
import { sha256Of } from '../rpm/describe-artifacts.ts';
import { envelopeSigner } from '../signing/sign.ts';
import { readConfigFile } from '../source/read-config-file.ts';

/**
 * Writes attestation and bill of materials beside the packages of a build, which are signed and not published yet.
 * Throws RunnerError.
 */
export async function attestTask(
  { context, build, chroot }: ChrootTask,
  files: SignedFiles,
  builder: { readonly engine: BuildFacts['engine']; readonly driver: string | undefined },
): Promise<Accounts> {
  const { home, url, settings } = context;
  const { webUrl, repository } = settings.github;
  const configFile = `chroots/${chroot.chroot}.cfg`;
  const srpm = await findSrpm(context, build, chroot.chroot);
  const srpmRecord = await usableRecord(context, published.srpmBuild(build));
  const path = relative(join(home, 'published'), srpm);
  const recorded = srpmRecord?.artifacts.find(({ file }) => path === `${published.srpmBuild(build)}/${file}`);
  const signer = envelopeSigner(await signerOf(context, build));
  return await attestBuild(signer, files, {
    ...{ url, build, chroot: liveChroot(context, build, chroot.chroot) ?? chroot, ...builder, srpmRecord },
    configRepository: `${webUrl}/${repository}`,
    chrootConfig: await readConfigFile(join(home, 'state', 'config.git'), build.configCommit, configFile),
    srpm: { path, sha256: recorded?.sha256 ?? (await sha256Of(srpm)) },
    finishedAt: context.now(),
  });
}
