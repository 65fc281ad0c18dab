// Public SSH keys of people: only what sshd may read in authorized_keys without harm. Pure.

const kinds = [
  'ssh-ed25519',
  'ssh-rsa',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'sk-ssh-ed25519@openssh.com',
  'sk-ecdsa-sha2-nistp256@openssh.com',
] as const;

const maximumKeys = 20;
const maximumLength = 8192;

/**
 * Those of `lines` that are keys of a kind that OpenSSH takes, as `<kind> <base64>`: options and comments are not taken
 * over, each key stands once, and its data says that it is of the kind that stands before it.
 */
export function readSshKeys(lines: readonly string[]): readonly string[] {
  const keys = lines.flatMap((line) => {
    const [, kind = '', data = ''] = /^([a-z0-9@.-]+) ([A-Za-z0-9+/]+={0,2})(?: [^\r\n]*)?$/.exec(line.trim()) ?? [];
    const fits = kinds.some((one) => one === kind) && line.length <= maximumLength && kindOf(data) === kind;
    return fits ? [`${kind} ${data}`] : [];
  });
  return [...new Set(keys)].slice(0, maximumKeys);
}

/** The kind that the data of a key begins with: a length of four bytes, then the name. RFC 4253, section 6.6. */
function kindOf(data: string): string | undefined {
  const bytes = Buffer.from(data, 'base64');
  if (bytes.length < 4) return undefined;
  const length = bytes.readUInt32BE(0);
  return length > 64 || bytes.length <= 4 + length ? undefined : bytes.toString('latin1', 4, 4 + length);
}
