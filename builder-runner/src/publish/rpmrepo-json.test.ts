import { type ChrootName, type NeededRepo, plainRepoOptions, plainTerms, type RepoTerms } from '@coppice/config';
import { describe, expect, test } from 'vitest';
import { dnf5CoprEnable } from '../../testing/dnf5-copr.ts';
import { dnfRepo } from './dnf-repo.ts';
import { rpmrepoJson } from './rpmrepo-json.ts';

const url = 'https://build.example.org:8443';
const hub = { hostname: 'build.example.org', protocol: 'https', port: '8443' };
const chroots = ['fedora-42-x86_64', 'fedora-42-i686', 'fedora-42-aarch64', 'epel-9-x86_64'] as ChrootName[];
const options = { priority: 50, cost: null, moduleHotfixes: true, multilib: true };
const libs: NeededRepo = { kind: 'project', owner: 'acme', name: 'libs', options: plainRepoOptions };
const terms: RepoTerms = {
  options,
  multilib: new Map([['fedora-42', 'i686']]),
  needed: [libs, { kind: 'address', url: 'https://x.example/$releasever/', key: 'https://x.example/key' }],
};
const fedora = { distribution: 'fedora', release: '42', arch: 'x86_64' };
const enabled = (
  machine: typeof fedora,
  { project = 'tools', said = terms, chroot }: { project?: string; said?: RepoTerms; chroot?: string } = {},
) => {
  const json = JSON.parse(rpmrepoJson(url, 'acme', project, chroots, said));
  const [dirname = ''] = Object.keys(json.directories);
  return dnf5CoprEnable(json, { hub, owner: 'acme', dirname, ...(chroot === undefined ? {} : { chroot }) }, machine);
};
/** Sections and what they say, without what only people read and what the plugin always says of signatures. */
const meaning = (text: string) =>
  text
    .split('\n')
    .filter((line) => !/^(name|repo_gpgcheck)=|^$/.test(line))
    .join('\n')
    .split(/^(?=\[)/m)
    .map((section) => section.split('\n').sort().join('\n').trim())
    .sort();

describe('what dnf 5 makes a `.repo` file of', () => {
  test('is all of it there', async () => {
    await expect(rpmrepoJson(url, 'acme', 'tools', chroots, terms)).toMatchFileSnapshot('testdata/rpmrepo.json');
    await expect(enabled(fedora).text).toMatchFileSnapshot('testdata/dnf5.repo');
    expect(enabled(fedora).name).toBe('_copr:build.example.org:acme:tools.repo');
  });

  test('says what the file for dnf 4 says, but for keys of foreign repositories, which the plugin knows none of', () => {
    const four = dnfRepo(url, 'acme', 'tools', 'fedora-42-x86_64' as ChrootName, terms);
    const unkeyed = four.replace('gpgcheck=1\ngpgkey=https://x.example/key\n', 'gpgcheck=0\n');
    expect(unkeyed).not.toBe(four);
    expect(meaning(enabled(fedora).text)).toEqual(meaning(unkeyed));
    const sandbox = dnfRepo(url, 'acme', 'tools+pr7', 'epel-9-x86_64' as ChrootName, { ...plainTerms, options });
    const said = { ...plainTerms, options };
    const ids = (text: string) => text.match(/^(?:\[.*|priority=.*)$/gm);
    expect(
      ids(enabled({ ...fedora, distribution: 'rhel', release: '9.4' }, { project: 'tools+pr7', said }).text),
    ).toEqual(ids(sandbox));
  });

  test.each([
    [fedora, 'fedora-$releasever-$basearch'],
    [{ ...fedora, arch: 'aarch64' }, 'fedora-$releasever-$basearch'],
    [{ ...fedora, distribution: 'rhel', release: '9.4' }, 'epel-9-$basearch'],
    [{ ...fedora, distribution: 'centos', release: '9' }, 'epel-9-$basearch'],
    [{ ...fedora, distribution: 'almalinux', release: '9.6' }, 'epel-9-$basearch'],
  ])('is the same for every client: on %j it finds %s', (machine, folder) => {
    expect(enabled(machine).text).toContain(`baseurl=${url}/results/acme/tools/${folder}/\n`);
  });

  test('says which chroots there are where that of the client is not, and gives one that it names', () => {
    const rocky = { ...fedora, distribution: 'rocky', release: '9.6' };
    expect(() => enabled(rocky)).toThrow('fedora-42-x86_64');
    expect(enabled(rocky, { chroot: 'epel-9-x86_64' }).text).toContain('/acme/tools/epel-9-x86_64/');
  });
});
