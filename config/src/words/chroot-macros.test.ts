import { expect, test } from 'vitest';
import { chrootMacros } from './chroot-macros.ts';

const bootstrapped = '%{?with_bootstrap:~bootstrap}';

test.each([
  ['fedora-42-x86_64', { fedora: '42', fc42: '1', dist: `.fc42${bootstrapped}` }],
  ['fedora-rawhide-x86_64', {}],
  ['epel-8-x86_64', { rhel: '8', el8: '1', epel: '8', dist: '.el8' }],
  ['centos-stream-9-aarch64', { rhel: '9', el9: '1', centos: '9', dist: `.el9${bootstrapped}` }],
  ['rocky+epel-9-x86_64', { rhel: '9', el9: '1', epel: '9', dist: `.el9${bootstrapped}` }],
  // Its %dist has a minor release, which moves.
  ['epel-10-x86_64', { rhel: '10', el10: '1', epel: '10' }],
  ['amazonlinux-2023-x86_64', { amzn: '2023', dist: '.amzn2023' }],
  ['mageia-9-x86_64', { mageia: '9', dist: '.mga9' }],
  ['openeuler-24.03-x86_64', { dist: '.oe2403' }],
  ['opensuse-leap-15.6-x86_64', { is_opensuse: '1', suse_version: '1500', sle_version: '150600' }],
  ['sapling-12-x86_64', { dist: '.sap12' }],
  ['unheard-1-x86_64', {}],
])('what is known of %s by its name', (chroot, macros) => {
  expect(chrootMacros(chroot, '')).toEqual(macros);
});

test('the configuration of a chroot weighs more than its name, and its macros more than its short name', () => {
  const config = `config_opts['releasever'] = '12'
config_opts['dist'] = 'mine1'
config_opts['macros']['%vendor_word'] = "it's ours"
config_opts["macros"]["%_topdir"] = '/x'
config_opts['macros']['%made'] = str(1)
`;
  expect(chrootMacros('fedora-42-x86_64', config)).toEqual({
    ...{ fedora: '42', fc42: '1', dist: '.mine1' },
    ...{ vendor_word: "it's ours", _topdir: '/x' },
  });
  expect(chrootMacros('x-1-x86_64', `${config}config_opts['macros']['%dist'] = '.of1'\n`)).toMatchObject({
    dist: '.of1',
  });
});
