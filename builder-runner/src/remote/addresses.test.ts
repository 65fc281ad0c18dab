import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { rulesFor } from '../../testing/fetching.ts';
import { allowedAddress, gitAddressConfig, isNamedBySettings, isPrivateAddress, resolveHost } from './addresses.ts';

const strict = rulesFor({
  git: { mirrors: { 'https://github.com/': 'http://127.0.0.1:4100/' } },
  sources: { privateAddresses: false, pypiUrl: 'http://10.0.0.1/simple' },
});

describe('an address is private', () => {
  test.each([
    ...[
      '127.0.0.1',
      '10.1.2.3',
      '172.16.0.1',
      '172.31.255.255',
      '192.168.1.1',
      '169.254.169.254',
      '0.0.0.0',
      '100.64.0.1',
    ],
    ...[
      '224.0.0.1',
      '255.255.255.255',
      '::1',
      '::',
      'fe80::1',
      'fd00::1',
      '::ffff:127.0.0.1',
      '::ffff:8.8.8.8',
      '::127.0.0.1',
    ],
    ...['64:ff9b::7f00:1', '2002:7f00:1::', 'ff02::1', 'not an address', ''],
  ])('%s', (address) => expect(isPrivateAddress(address)).toBe(true));

  test.each(['8.8.8.8', '172.32.0.1', '100.128.0.1', '2606:4700::1111', '2a00:1450:4001::1'])('not %s', (address) =>
    expect(isPrivateAddress(address)).toBe(false),
  );

  test('whoever embeds an IPv4 address of this machine in an IPv6 one', () => {
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        expect(isPrivateAddress(`::ffff:${address}`)).toBe(true);
      }),
    );
  });
});

describe('a host', () => {
  test.each([
    ...[
      'http://127.0.0.1:1/',
      'http://[::1]/',
      'http://localhost/',
      'http://0/',
      'http://2130706433/',
      'http://0x7f.1/',
    ],
    ...['http://169.254.169.254/latest/meta-data/', 'http://127.0.0.1:4101/', 'http://10.0.0.1/simpler'],
  ])('of %s is refused where the settings do not open private addresses', async (url) => {
    await expect(resolveHost(new URL(url), strict)).rejects.toThrow(/an address that is not public|is not known/);
  });

  test('that the settings name is open: mirrors and indexes, below their paths', async () => {
    expect(await resolveHost(new URL('http://127.0.0.1:4100/acme/motd.git'), strict)).toEqual({
      address: '127.0.0.1',
      family: 4,
    });
    expect(isNamedBySettings(new URL('http://10.0.0.1/simple/x'), strict)).toBe(true);
    expect(isNamedBySettings(new URL('http://10.0.0.1/simple/../x'), strict)).toBe(false);
  });
});

describe('git is told', () => {
  test('the address that was looked at', async () => {
    const [one] = await gitAddressConfig('https://github.com/acme/motd.git', strict);
    expect(one).toEqual(['http.curloptResolve', '127.0.0.1:4100:127.0.0.1']);
  });

  test('nothing of protocols without a host, which its own settings refuse', async () => {
    expect(await gitAddressConfig('file:///srv/x', strict)).toEqual([]);
    await expect(gitAddressConfig('http://user:secret@example.org/x', strict)).rejects.toThrow(/may come from/);
  });
});

test('only https is asked, and http where the settings say so; never with a password', () => {
  const https = rulesFor({ git: { protocols: ['https'] } });
  expect(allowedAddress('http://example.org/', https)).toBeUndefined();
  expect(allowedAddress('ftp://example.org/', strict)).toBeUndefined();
  expect(allowedAddress('file:///etc/passwd', strict)).toBeUndefined();
  expect(allowedAddress('https://a:b@example.org/', strict)).toBeUndefined();
  expect(allowedAddress('https://example.org/', https)?.href).toBe('https://example.org/');
});
