// Which addresses the control host fetches from: named protocols, no secrets in them, and nothing inside the network
// that it stands in.
import { lookup } from 'node:dns/promises';
import { BlockList, isIP } from 'node:net';
import type { Settings } from '@coppice/config';

/** What the settings say about fetching. */
export interface FetchRules {
  readonly git: Settings['git'];
  readonly sources: Settings['sources'];
}

/**
 * The text says what is wrong with the address or with what it answered, as the end of a sentence that begins with the
 * address.
 */
export class Refused extends Error {
  override readonly name = 'Refused';
}

// The special-purpose registries of IANA (RFC 6890 and its successors), and what embeds an IPv4 address in an IPv6 one.
// Two lists: Node takes every IPv4 address for one of ::ffff:0:0/96.
const reserved4 = new BlockList();
const reserved6 = new BlockList();
for (const net of [
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.0.0.0/24'],
  ...['192.0.2.0/24', '192.88.99.0/24', '192.168.0.0/16', '198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24'],
  ...['224.0.0.0/4', '240.0.0.0/4'],
]) {
  const [address = '', bits] = net.split('/');
  reserved4.addSubnet(address, Number(bits), 'ipv4');
}
for (const net of [
  ...[
    '::/96',
    '::ffff:0:0/96',
    '64:ff9b::/96',
    '64:ff9b:1::/48',
    '100::/64',
    '2001::/23',
    '2001:db8::/32',
    '2002::/16',
  ],
  ...['3fff::/20', 'fc00::/7', 'fe80::/10', 'fec0::/10', 'ff00::/8'],
]) {
  const [address = '', bits] = net.split('/');
  reserved6.addSubnet(address, Number(bits), 'ipv6');
}

/** Whether an IP address belongs to this machine, its network, or nobody. Anything that is no IP address does too. */
export function isPrivateAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 4) return reserved4.check(address, 'ipv4');
  return family !== 6 || reserved6.check(address, 'ipv6');
}

/** The address at the mirror with the longest fitting prefix, as Git's url.<base>.insteadOf does. */
export function mirrored(url: string, mirrors: Readonly<Record<string, string>>): string {
  const [best] = Object.entries(mirrors)
    .filter(([from]) => url.startsWith(from))
    .sort(([a], [b]) => b.length - a.length);
  return best === undefined ? url : best[1] + url.slice(best[0].length);
}

/**
 * An address as it may be asked for, or undefined: its protocol is not one that the settings name, or it holds secrets.
 */
export function allowedAddress(text: string, { git }: FetchRules): URL | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  const protocol = url.protocol.slice(0, -1);
  const allowed = protocol === 'https' || (protocol === 'http' && git.protocols.includes('http'));
  return allowed && url.username === '' && url.password === '' ? url : undefined;
}

/** Whether an admin named the place in the settings: a mirror or an index. It may be inside the network. */
export function isNamedBySettings(url: URL, { git, sources }: FetchRules): boolean {
  const places = [...Object.values(git.mirrors), sources.pypiUrl, sources.rubygemsUrl];
  return places.some(
    (place) => URL.canParse(place) && new URL(place).origin !== 'null' && isBelow(url, new URL(place)),
  );
}

function isBelow(url: URL, place: URL): boolean {
  const folder = place.pathname.endsWith('/') ? place.pathname : `${place.pathname}/`;
  return url.origin === place.origin && (url.pathname === place.pathname || url.pathname.startsWith(folder));
}

/** One address of a host, which is connected to: asked for once, so that it cannot turn into another one. */
export interface Resolved {
  readonly address: string;
  readonly family: 4 | 6;
}

/** Where the host of `url` is. Throws Refused when it is nowhere, or where the rules do not let it be. */
export async function resolveHost(url: URL, rules: FetchRules): Promise<Resolved> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const found = isIP(host) !== 0 ? [{ address: host, family: isIP(host) }] : await ask(host);
  const open = rules.sources.privateAddresses || isNamedBySettings(url, rules);
  const fitting = open ? found : found.filter(({ address }) => !isPrivateAddress(address));
  const [first] = fitting;
  if (first === undefined) throw new Refused(`leads to ${found[0]?.address}, an address that is not public`);
  return { address: first.address, family: first.family === 6 ? 6 : 4 };
}

async function ask(host: string) {
  try {
    return await lookup(host, { all: true, verbatim: true });
  } catch (error) {
    throw new Refused(`cannot be fetched: the host ${host} is not known`, { cause: error });
  }
}

/**
 * What git has to be told so that it connects where `resolveHost` looked (`http.curloptResolve`); empty for other
 * protocols than http and https. Throws Refused.
 * https://git-scm.com/docs/git-config#Documentation/git-config.txt-httpcurloptResolve
 */
export async function gitAddressConfig(
  url: string,
  rules: FetchRules,
): Promise<readonly (readonly [string, string])[]> {
  const address = mirrored(url, rules.git.mirrors);
  if (!/^https?:\/\//i.test(address)) return [];
  const allowed = allowedAddress(address, rules);
  if (allowed === undefined) throw new Refused('is not an address that sources may come from');
  const { address: ip, family } = await resolveHost(allowed, rules);
  const port = allowed.port === '' ? (allowed.protocol === 'https:' ? 443 : 80) : allowed.port;
  return [['http.curloptResolve', `${allowed.hostname}:${port}:${family === 6 ? `[${ip}]` : ip}`]];
}
