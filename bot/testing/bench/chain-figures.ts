// From the push of a change to `hello` until dnf can install it, part by part, beside bare mock-lite and createrepo_c
// on the same SRPM.
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BuildId, type BuildPlace, chrootOf, published, type Result, resultSchema } from '@coppice/config';
import { execa } from 'execa';
import { makeDnfClient } from '../dnf-client.ts';
import { makeHome, type ServiceUnderTest, sourceFolder, startService } from '../service-under-test.ts';
import { waitFor } from '../wait-for.ts';
import { duration, type Figure, median } from './figure.ts';

const chroot = chrootOf('sapling-12-x86_64').name;
const pushes = 3;

interface Chain {
  readonly totalSeconds: number;
  readonly parts: ReadonlyMap<string, number>;
  readonly bareSeconds: number;
}

/**
 * `chain.installable` and its parts, in seconds; each beside the whole of the bare build of the same run. Both have
 * warm caches.
 */
export async function chainFigures(): Promise<readonly Figure[]> {
  const home = await makeHome();
  const bareFolder = await mkdtemp(join(tmpdir(), 'coppice-bare-'));
  const service = await startService(home.folder);
  try {
    await waitFor('the example to be built', 300, async () => service.output().includes('Coppice is running'));
    const chains: Chain[] = [];
    // The first one fills the caches of both.
    for (let index = 0; index <= pushes; index += 1) chains.push(await measureChain(service, bareFolder, index));
    chains.shift();
    const bare = median(chains.map(({ bareSeconds }) => bareSeconds));
    const against = 'bare mock-lite with a cached root, and createrepo_c, on the same SRPM';
    const names = [...new Set(chains.flatMap(({ parts }) => [...parts.keys()]))];
    return [
      duration(
        'chain.installable',
        chains.map(({ totalSeconds }) => totalSeconds),
        's',
        against,
        bare,
      ),
      ...names.map((name) =>
        duration(
          `chain.part.${name}`,
          chains.map(({ parts }) => parts.get(name) ?? 0),
          's',
          against,
          bare,
        ),
      ),
    ];
  } finally {
    await service.end('SIGTERM');
    await home.remove();
    await rm(bareFolder, { recursive: true, force: true });
  }
}

async function measureChain(service: ServiceUnderTest, bareFolder: string, index: number): Promise<Chain> {
  const known = new Set((await service.builds()).map(({ id }) => id));
  const release = `${100 + index}`;
  let pushedAt = 0;
  await service.push('maintainer', `Release ${release}`, async (folder) => {
    const spec = join(folder, 'packages/acme/tools/hello/hello.spec');
    await writeFile(
      spec,
      (await readFile(spec, 'utf8')).replace(/^Release:.*$/m, `Release:        ${release}%{?dist}`),
    );
    pushedAt = Date.now();
  });
  const build = await waitFor('the pushed change to be built', 180, async () =>
    (await service.builds()).find(({ id, endedAt }) => !known.has(id) && endedAt !== null),
  );
  const page = `${service.endpoint.url}${new URL(build.url, 'http://localhost').pathname}`;
  await waitFor('its page', 30, async () => (await (await fetch(page)).text()).includes('succeeded'));
  const pageAt = Date.now();
  const place: BuildPlace = {
    id: build.id as BuildId,
    owner: build.owner,
    project: build.project,
    package: build.package,
  };
  const folder = join(service.home, 'published', published.chrootBuild(place, chroot));
  const result = resultSchema.parse(JSON.parse(await readFile(join(folder, 'result.json'), 'utf8')));
  if (result.state !== 'succeeded') throw new Error(`The build of the chain failed: ${result.message}`);
  await proveInstallable(service, release);

  const endedAt = Date.parse(result.endedAt);
  const parts = new Map([['push-to-queue', (Date.parse(result.requestedAt) - pushedAt) / 1000]]);
  for (const { name, seconds } of result.phases) parts.set(name, (parts.get(name) ?? 0) + seconds);
  parts.set('page', (pageAt - endedAt) / 1000);
  return {
    totalSeconds: (endedAt - pushedAt) / 1000,
    parts,
    bareSeconds: await bareBuild(service, bareFolder, place, result),
  };
}

async function proveInstallable(service: ServiceUnderTest, release: string): Promise<void> {
  const client = await makeDnfClient(service.endpoint.url);
  try {
    const base = `${service.endpoint.url}/results/acme/tools`;
    await client.addRepository('tools', {
      name: 'Tools',
      baseurl: `${base}/${chroot}/`,
      gpgkey: `${base}/pubkey.gpg`,
      gpgcheck: '1',
      repo_gpgcheck: '1',
    });
    const found = await client.dnf('repoquery', 'hello');
    if (!found.output.includes(`-${release}.`))
      throw new Error(`dnf does not see release ${release}:\n${found.output}`);
  } finally {
    await client.remove();
  }
}

/** Seconds of mock-lite, with what `folder` has cached, and of createrepo_c, on the SRPM that Coppice built from. */
async function bareBuild(
  service: ServiceUnderTest,
  folder: string,
  place: BuildPlace,
  result: Result,
): Promise<number> {
  const srpms = join(service.home, 'published', published.srpmBuild(place));
  const srpm = (await readdir(srpms)).find((name) => name.endsWith('.src.rpm'));
  if (srpm === undefined) throw new Error(`No SRPM in ${srpms} for build ${result.id}.`);
  const config = join(folder, 'bare.cfg');
  const repository = `${service.endpoint.url}/results/acme/tools/${chroot}/`;
  await writeFile(
    config,
    [
      `config_opts['coppice_control'] = '${service.endpoint.url}'`,
      `include('${join(sourceFolder, 'config/example/chroots', `${chroot}.cfg`)}')`,
      `config_opts['basedir'] = '${folder}/lib'`,
      `config_opts['cache_topdir'] = '${folder}/cache'`,
      `config_opts['dnf.conf'] += """\n[tools]\nname=tools\nbaseurl=${repository}\ngpgcheck=0\n"""`,
      '',
    ].join('\n'),
  );
  const results = join(folder, `results-${result.id}`);
  await mkdir(results);
  const started = performance.now();
  const mock = join(sourceFolder, 'ansible/roles/builder/files/mock-lite/mock-lite');
  await execa(mock, ['-r', config, '--resultdir', results, '--rebuild', join(srpms, srpm)], { stdin: 'ignore' });
  await execa('createrepo_c', ['--no-database', results], { stdin: 'ignore' });
  return (performance.now() - started) / 1000;
}
