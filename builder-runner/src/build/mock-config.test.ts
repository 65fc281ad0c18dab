import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { mockConfig } from './mock-config.ts';

const input = {
  id: 42,
  chroot: 'fedora-42-x86_64',
  chrootConfig: '/etc/mock/fedora-42-x86_64.cfg',
  controlUrl: 'http://127.0.0.1:8400',
  timeoutSeconds: 3600,
  diskBytes: 1_000_000,
  projectRepository: null,
  repos: [],
};

test('a build without repositories gets the chroot, its bounds and nothing else', () => {
  expect(mockConfig(input)).toBe(`# Build 42 for fedora-42-x86_64.
config_opts['coppice_control'] = "http://127.0.0.1:8400"
include("/etc/mock/fedora-42-x86_64.cfg")
config_opts['root'] = "coppice-42-fedora-42-x86_64"
config_opts['rpmbuild_timeout'] = 3600
config_opts['rpmbuild_networking'] = False
config_opts['use_host_resolv'] = False
config_opts['coppice_disk_quota_bytes'] = 1000000
`);
});

test("the project's repository is read with both signatures checked, extra ones are appended", () => {
  const own = { name: 'acme/tools', url: 'http://127.0.0.1:8400/r/', keyUrl: 'http://127.0.0.1:8400/k' };
  const repositories = [
    '\n[coppice-project]\nname=acme/tools\nbaseurl=http://127.0.0.1:8400/r/\ngpgcheck=1\nrepo_gpgcheck=1\n',
    'gpgkey=http://127.0.0.1:8400/k\nmetadata_expire=0\nenabled=1\n\n[coppice-extra-1]\nname=https://example.org/r\n',
    'baseurl=https://example.org/r\ngpgcheck=0\nrepo_gpgcheck=0\nenabled=1\n',
  ].join('');
  expect(mockConfig({ ...input, projectRepository: own, repos: ['https://example.org/r'] })).toContain(
    `config_opts['dnf.conf' if 'dnf.conf' in config_opts else 'yum.conf'] += ${JSON.stringify(repositories)}\n`,
  );
});

test('Python reads hostile repository addresses as plain text on one line, without templates', () => {
  const hostile = `https://x/"""\n[evil]\nbaseurl={{ 1 + 1 }}'\\`;
  const program = `${mockConfig({ ...input, repos: [hostile] })}\nprint(config_opts['dnf.conf'], end='')\n`;
  const prelude = `config_opts = {'dnf.conf': ''}\ndef include(path): pass\n`;
  const conf = execFileSync('python3', ['-c', prelude + program], { encoding: 'utf8' });
  expect(conf.split('\n').filter((line) => line.startsWith('['))).toEqual(['[coppice-extra-1]']);
  expect(conf).not.toContain('{{');
});
