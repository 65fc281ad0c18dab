// The kinds of values in config files: each with its pattern, the sentence for a wrong value, and a hint.
import { z } from 'zod';
import { type ChrootName, parseChroot } from '../words/chroot.ts';
import { namePattern, projectNamePattern } from '../words/project.ts';
import { reservedNames } from '../words/published.ts';
import { quote } from '../words/quote.ts';
import { parseDuration, parseSize, suggestDuration } from '../words/units.ts';

/** What is wrong with a text, and what to do; undefined when it is right. */
export interface Fault {
  readonly message: string;
  readonly hint: string;
}

/** A text that `read` turns into a value, or into what is wrong with it. `expected` ends "… must be". */
function textField<T>(expected: string, description: string, read: (text: string) => { value: T } | Fault) {
  return z
    .string({ error: expected })
    .meta({ description })
    .transform((text, context): T => {
      const result = read(text);
      if ('value' in result) return result.value;
      context.issues.push({ code: 'custom', input: text, message: result.message, params: { hint: result.hint } });
      return z.NEVER;
    });
}

/** The same for a text that stays as it is. */
export function checkedText(expected: string, description: string, check: (text: string) => Fault | undefined) {
  return textField(expected, description, (text) => check(text) ?? { value: text });
}

/** Most items of a list, where the list itself does not say less. */
const maximumItems = 500;

/** A list without repeated items. `expected` ends "… must be", for example "a list of chroot names". */
export function listOf<T extends z.ZodType<string, string>>(
  item: T,
  expected: string,
  { minimum = 0, maximum = maximumItems }: { readonly minimum?: number; readonly maximum?: number } = {},
) {
  return z
    .array(item, { error: expected })
    .min(minimum, { error: `${expected} with at least one item` })
    .max(maximum, { error: `${expected} with ${maximum} items or less` })
    .superRefine((items, context) => {
      const first = new Map<string, number>();
      items.forEach((value, index) => {
        const before = first.get(value);
        if (before === undefined) first.set(value, index);
        else {
          const message = `${quote(value)} is in the list twice`;
          context.addIssue({ code: 'custom', path: [index], message, params: { hint: 'keep one of them' } });
        }
      });
    });
}

/** That a mapping has one entry or more, and no more than `maximum`. For `superRefine`. */
export function checkCount(what: string, maximum: number) {
  return (mapping: object, context: z.RefinementCtx) => {
    const count = Object.keys(mapping).length;
    if (count >= 1 && count <= maximum) return;
    const message = count === 0 ? `no ${what} is named` : `${count} ${what}s are named`;
    context.addIssue({ code: 'custom', message, params: { hint: count === 0 ? 'add one' : `${maximum} at most` } });
  };
}

export const duration = textField('a duration such as `1h30m`', 'A duration: 90s, 30m, 1h30m, 2d.', (text) => {
  const value = parseDuration(text);
  if (value !== undefined && value > 0) return { value };
  const meant = suggestDuration(text);
  const hint = 'write days, hours, minutes, seconds: `90s`, `30m`, `1h30m`';
  return { message: `${quote(text)} is no duration`, hint: meant === undefined ? hint : `write \`${meant}\`` };
});

/** In seconds: 0 for `remove`, null for `keep`. */
export const keptAfter = textField<number | null>(
  '`keep`, `remove` or a duration such as `14d`',
  'keep, remove, or a duration: 14d.',
  (text) => {
    if (text === 'keep') return { value: null };
    if (text === 'remove') return { value: 0 };
    const value = parseDuration(text);
    if (value !== undefined && value > 0) return { value };
    const meant = suggestDuration(text);
    const hint = 'write `keep`, `remove`, or days, hours, minutes, seconds: `14d`';
    const message = `${quote(text)} is neither \`keep\` nor \`remove\` nor a duration`;
    return { message, hint: meant === undefined ? hint : `write \`${meant}\`` };
  },
);

export const size = textField('a size such as `10 GiB`', 'A size: 512 MiB, 10 GiB.', (text) => {
  const value = parseSize(text);
  if (value !== undefined && value > 0) return { value };
  return { message: `${quote(text)} is no size`, hint: 'write a whole number and B, KiB, MiB, GiB or TiB: `10 GiB`' };
});

export const chroot = textField<ChrootName>(
  'a chroot name such as `fedora-42-x86_64`',
  'A chroot: distribution-release-architecture.',
  (text) => {
    const value = parseChroot(text);
    if (value !== undefined) return { value: value.name };
    const hint = 'a chroot is distribution-release-architecture, for example `fedora-42-x86_64`';
    return { message: `${quote(text)} is no chroot name`, hint };
  },
);

// GitHub's rule for logins; accounts managed by an enterprise have an underscore besides.
const loginPattern = /^[a-z0-9](?:[a-z0-9]|[-_](?=[a-z0-9])){0,38}$/;

// What GitHub makes of the name of an app, and of a team.
const botPattern = /^[a-z0-9](?:[a-z0-9-]{0,38})\[bot\]$/;
const teamPattern = /^@[a-z0-9](?:[a-z0-9]|[-_](?=[a-z0-9])){0,38}\/[a-z0-9_-]{1,100}$/;

/** A login, or a team as `@organization/team`. */
export const loginOrTeam = textField('a login', 'A GitHub login, or a team as @organization/team.', (text) =>
  whoIs(text, false),
);

/** As above, or a bot as GitHub writes it: `renovate[bot]`. */
export const loginTeamOrBot = textField(
  'a login',
  'A GitHub login, a team as @organization/team, or a bot as renovate[bot].',
  (text) => whoIs(text, true),
);

function whoIs(text: string, bots: boolean): { readonly value: string } | Fault {
  const value = text.toLowerCase();
  const isBot = botPattern.test(value);
  if (loginPattern.test(value) || teamPattern.test(value) || (bots && isBot)) return { value };
  if (isBot) return { message: `${quote(text)} is a bot`, hint: 'bots can only be `builders`' };
  const message = `${quote(text)} is no GitHub login`;
  if (!text.startsWith('@')) return { message, hint: 'letters, digits and single hyphens, 39 at most' };
  return { message, hint: 'write a person without the `@`, a team as `@organization/team`' };
}

/** What is wrong with the name of a package. */
export function checkName(what: string, text: string): Fault | undefined {
  if (namePattern.test(text)) return undefined;
  const hint = 'letters, digits and `._+-`, beginning with a letter, a digit or `_`, 100 characters at most';
  return { message: `${quote(text)} cannot name ${what}`, hint };
}

/** What is wrong with the name of an owner or a project. */
export function checkProjectPart(what: 'an owner' | 'a project', text: string): Fault | undefined {
  if (projectNamePattern.test(text)) return undefined;
  const message = `${quote(text)} cannot name ${what}`;
  const hint = 'letters, digits and `._-`, beginning with a letter, a digit or `_`, 100 characters at most';
  if (!namePattern.test(text)) return { message, hint };
  return {
    message: `${message}: it becomes a part of the ids of dnf's repositories, which hold no \`+\``,
    hint: 'write `plus`, `p` or `-` in its place; packages keep it',
  };
}

export const packageName = checkedText('a package name', 'The name of a package.', (text) => {
  if (!reservedNames.includes(text.toLowerCase())) return checkName('a package', text);
  const message = `no package can have the name ${quote(text)}: web servers take it for the page of a folder`;
  return { message, hint: 'give it another name' };
});

/** What is wrong with a path inside a source: it must stay below the folder that it starts from. */
function checkRelativePath(text: string): Fault | undefined {
  const message = `${quote(text)} is no path inside the source`;
  if (text.startsWith('/') || text.includes('\\'))
    return { message, hint: 'write it relative to the source, with `/`' };
  const parts = text.split('/');
  if (parts.some((part) => part === '' || part === '.' || part === '..')) {
    return { message, hint: 'leave out `.`, `..` and empty parts' };
  }
  if (parts.some((part) => /^\.git$/i.test(part)))
    return { message, hint: "`.git` is Git's own: it is no folder of a source" };
  // `.copr`, `.distro`: a dot before a name is part of it.
  if (text.length <= 200 && parts.every((part) => /^\.?[A-Za-z0-9_][A-Za-z0-9._+~-]*$/.test(part))) return undefined;
  return { message, hint: 'letters, digits and `._+~-` in each part, 200 characters at most' };
}

export const subdirectory = checkedText('a path', 'A folder inside the source.', checkRelativePath);

export const specPath = checkedText('the path of a spec file', 'The spec file inside the source.', (text) => {
  if (text.endsWith('.spec')) return checkRelativePath(text);
  return { message: `${quote(text)} is no spec file`, hint: 'its name ends in `.spec`' };
});

/** What is wrong with an address that the service or a reader is to fetch: https only, and no secrets in it. */
export function checkHttpsAddress(text: string): Fault | undefined {
  const ssh = /^(?:ssh:\/\/)?(?:[^@/:]+@)([^:/]+)[:/](.*)$/.exec(text);
  if (ssh !== null && !/^https?:/.test(text)) {
    return {
      message: `${quote(text)} is an SSH address`,
      hint: `the service has no SSH key: https://${ssh[1]}/${ssh[2]}`,
    };
  }
  if (!URL.canParse(text))
    return { message: `${quote(text)} is no address`, hint: 'for example https://example.org/name' };
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') {
    return { message: 'the address holds a user name or a password', hint: 'remove it; everybody can read this file' };
  }
  const copr = /^copr:\/\/([^/]+)\/([^/]+)\/?$/.exec(text);
  if (copr !== null) {
    const base = 'https://download.copr.fedorainfracloud.org/results';
    return {
      message: `${quote(text)} is an address that only Copr knows`,
      hint: `write where Copr publishes it: \`${base}/${copr[1]}/${copr[2]}/fedora-$releasever-$basearch/\``,
    };
  }
  if (url.protocol !== 'https:') {
    return { message: `the address begins with \`${url.protocol}\``, hint: 'only https is fetched: `https://…`' };
  }
  // A backslash: programs differ in whether the host ends there.
  if (text.length > 500 || !/^https:\/\/[\x21-\x7e]+$/.test(text) || text.includes('\\')) {
    return {
      message: 'the address holds spaces, other signs or too many',
      hint: 'plain ASCII, 500 characters at most',
    };
  }
  return undefined;
}

export const gitUrl = checkedText('the https address of a Git repository', 'https address of a repository.', (text) => {
  const fault = checkHttpsAddress(text);
  if (fault !== undefined || !/[?#]/.test(text)) return fault;
  return { message: 'the address of a repository has no `?` or `#`', hint: 'name the branch, tag or commit in `ref`' };
});

export const downloadUrl = checkedText('an https address', 'https address of a source package.', checkHttpsAddress);

// The signs that `git check-ref-format` refuses, and fewer: a ref is an argument of git.
const refPattern = /^[A-Za-z0-9_][A-Za-z0-9._/+@-]{0,199}$/;

export const gitRef = checkedText('a branch, tag or commit', 'A branch, tag or commit.', (text) => {
  if (refPattern.test(text) && !/\.\.|\/\/|@\{|\.lock$|[/.]$/.test(text)) return undefined;
  return {
    message: `${quote(text)} is no branch, tag or commit`,
    hint: 'for example `main`, `v2.12` or a full commit',
  };
});

export const sha256 = checkedText('a SHA-256', 'SHA-256 in lower case hexadecimal.', (text) => {
  if (/^[0-9a-f]{64}$/.test(text)) return undefined;
  return { message: `${quote(text)} is no SHA-256`, hint: '64 of 0-9 and a-f; `sha256sum FILE` prints it' };
});

/** Free text for people with a bound. */
export function prose(maximum: number, description: string, expected = 'a text') {
  return checkedText(expected, description, (text) => {
    if (text.length <= maximum) return undefined;
    return { message: `the text has ${text.length} characters`, hint: `${maximum} at most` };
  });
}
