// The kinds of values that only projects and the policy use; those of all files are in fields.ts.
import { z } from 'zod';
import { builderLabelPattern } from '../words/builder-settings.ts';
import { isolations } from '../words/buildroot.ts';
import { architectures } from '../words/chroot.ts';
import { namePattern, publishModes } from '../words/project.ts';
import { quote } from '../words/quote.ts';
import { projectOfRepository } from '../words/repo-options.ts';
import { checkedText, checkHttpsAddress, checkName, checkProjectPart, type Fault, listOf } from '../yaml/fields.ts';

type CheckPart = (what: 'an owner' | 'a project', text: string) => Fault | undefined;

function checkProjectKey(text: string, checkPart: CheckPart = checkProjectPart): Fault | undefined {
  const [owner = '', name = '', ...more] = text.split('/');
  const fault = checkPart('an owner', owner) ?? checkPart('a project', name);
  if (fault === undefined && more.length === 0) return undefined;
  return { message: `${quote(text)} names no project`, hint: 'write `owner/project`' };
}

export const projectRef = checkedText('a project', 'A project: owner/project.', (text) => checkProjectKey(text));

/** As `projectRef`, of one that need not exist any more: its name may hold a `+`, as those of projects once could. */
export const formerProject = checkedText('a project', 'A project: owner/project.', (text) =>
  checkProjectKey(text, checkName),
);

export const repository = checkedText(
  'an https address or `coppice://owner/project`',
  'A dnf base URL, in which $basearch and $releasever are allowed, or coppice://owner/project.',
  (text) => {
    const project = projectOfRepository(text);
    if (project === undefined) return checkBaseUrl(text);
    if (checkProjectKey(project) === undefined) return undefined;
    return { message: `${quote(text)} names no project of this service`, hint: 'write `coppice://owner/project`' };
  },
);

/** What dnf calls a base URL: the folder that holds `repodata/`. */
function checkBaseUrl(text: string): Fault | undefined {
  if (!text.includes(':') && checkProjectKey(text) === undefined)
    return {
      message: `${quote(text)} is no address`,
      hint: `of a project of this service write \`coppice://${text}\``,
    };
  const fault = checkHttpsAddress(text);
  if (fault !== undefined || !/\.repo$/i.test(text.replace(/[?#].*$/s, ''))) return fault;
  const message = `${quote(text)} is a file for dnf, not the repository itself`;
  return { message, hint: 'write the address that stands in it after `baseurl=`' };
}

/** An address, or an address with the key of its packages. */
export const runtimeRepo = z.union(
  [
    repository,
    z.strictObject({
      url: repository.describe('As above.'),
      key: checkedText('an https address', 'The https address of the key of its packages.', checkHttpsAddress)
        .describe('The https address of the key that its packages are signed with: dnf then checks them.')
        .exactOptional(),
    }),
  ],
  { error: 'an address, or a mapping with `url` and `key`' },
);

/** What the project's `.repo` files tell dnf, in its own words. */
export const repoOptions = z
  .strictObject({
    priority: whole(1, 99)
      .describe('Where several repositories have a package, the one with the lowest priority wins; default: 99.')
      .exactOptional(),
    cost: whole(1, 10_000)
      .describe('Of the same package in several repositories, the one of the lowest cost is fetched; default: 1000.')
      .exactOptional(),
    module_hotfixes: z.boolean().prefault(false).describe('Its packages win over those of modules.'),
    multilib: z
      .boolean()
      .prefault(false)
      .describe('Machines of x86_64 read the repository of the i686 (or i386) chroot of their release as well.'),
  })
  .prefault({});

function whole(minimum: number, maximum: number) {
  const error = `a whole number from ${minimum} to ${maximum}`;
  return z.int({ error }).min(minimum, { error }).max(maximum, { error });
}

export const httpsAddress = checkedText('an https address', 'An https address.', checkHttpsAddress);

export const contact = checkedText('a mail or https address', 'A mail or https address.', (text) => {
  if (text.length <= 254 && /^[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+$/.test(text)) return undefined;
  if (!text.includes('://')) {
    return { message: `${quote(text)} is no mail address`, hint: 'for example me@example.org, or an https address' };
  }
  return checkHttpsAddress(text);
});

/** A day of the calendar as ISO 8601 writes it; it ends at midnight UTC. */
/** How many old builds of a package and chroot are kept. */
export const keptBuilds = z.int().min(0).max(10_000);

export const day = checkedText('a day such as `2027-01-31`', 'A day: 2027-01-31 (UTC).', (text) => {
  const time = /^\d{4}-\d{2}-\d{2}$/.test(text) ? new Date(`${text}T00:00:00Z`) : undefined;
  // February 30 becomes March 2: only real days come back as they were written.
  if (time !== undefined && !Number.isNaN(time.getTime()) && time.toISOString().startsWith(text)) return undefined;
  return { message: `${quote(text)} is no day`, hint: 'write year, month and day: `2027-01-31`' };
});

export const publishMode = z.enum(publishModes).meta({ description: 'When users see what was built.' });

export const isolation = z.enum(isolations).meta({ description: "How mock separates a build: mock's own words." });
const architecture = z.enum(architectures).meta({ description: 'An architecture, as RPM names it.' });

export const rpmName = checkedText(
  'the name of an RPM package',
  'A package, a `name(with-something)` or an @group.',
  (text) => {
    if (/^@?[A-Za-z0-9_][A-Za-z0-9._+-]{0,99}(?:\([A-Za-z0-9_][A-Za-z0-9._+:/-]{0,99}\))?$/.test(text))
      return undefined;
    return {
      message: `${quote(text)} is no package of a distribution`,
      hint: 'for example `gcc` or `pkgconfig(zlib)`',
    };
  },
);

const conditional = checkedText('the name of a build condition', 'What follows %bcond in the spec.', (text) => {
  if (/^[A-Za-z0-9_][A-Za-z0-9_+-]{0,63}$/.test(text)) return undefined;
  return { message: `${quote(text)} is no build condition`, hint: 'letters, digits and `_+-`: `with: [tests]`' };
});

const moduleStream = checkedText('a module such as `nodejs:20`', 'A module and its stream: nodejs:20.', (text) => {
  if (/^[A-Za-z0-9_][A-Za-z0-9._+-]{0,63}:[A-Za-z0-9_][A-Za-z0-9._+-]{0,63}$/.test(text)) return undefined;
  return {
    message: `${quote(text)} is no module with its stream`,
    hint: 'write `name:stream`, for example `nodejs:20`',
  };
});

/**
 * Macros by which rpm and mock find their own places, and by which packages are signed: changed, the build would be
 * lost.
 */
const ownMacros: ReadonlySet<string> = new Set(
  [
    'topdir',
    'dbpath',
    'builddir',
    'buildrootdir',
    'rpmdir',
    'rpmfilename',
    'sourcedir',
    'specdir',
    'srcrpmdir',
    'tmppath',
  ]
    .concat(['gpg_name', 'gpg_path', 'signature', 'gpgbin'])
    .map((name) => `_${name}`)
    .concat(['buildroot', '__gpg', '__gpg_sign_cmd']),
);

/** Endings by which programs know how a further file of the metadata is packed. */
const metadataFile = (what: string, description: string, endings: RegExp, hint: string) =>
  checkedText(what, description, (text) => {
    if (namePattern.test(text) && endings.test(text)) return undefined;
    return { message: `${quote(text)} is no ${what.replace(/^an? /, '')}`, hint };
  });

/** The form of `metadata`. */
export const metadata = z
  .strictObject({
    comps: metadataFile(
      'a name such as `comps.xml`',
      'Groups of packages.',
      /\.xml$/,
      'the name alone of a file in the folder of the project below `packages/`, ending in `.xml`',
    ).exactOptional(),
    appstream: metadataFile(
      'a name such as `appstream.xml.gz`',
      'A catalogue of AppStream.',
      /\.xml(\.gz)?$/,
      'the name alone of a file in the folder of the project below `packages/`, ending in `.xml` or `.xml.gz`',
    ).exactOptional(),
  })
  .prefault({})
  .describe(
    'Further files of its repositories, by their names in packages/<owner>/<project>/: comps (groups of packages), appstream.',
  );

const macroName = checkedText('the name of a macro', 'An RPM macro, without the %.', (text) => {
  if (ownMacros.has(text)) {
    return { message: `the macro ${quote(text)} belongs to the build itself`, hint: 'remove it; it cannot be set' };
  }
  if (/^[A-Za-z_][A-Za-z0-9_]{2,63}$/.test(text)) return undefined;
  return {
    message: `${quote(text)} is no macro name`,
    hint: 'without `%`: letters, digits and `_`, 3 to 64 characters',
  };
});

const macroValue = checkedText('a text', 'What the macro stands for: one line.', (text) => {
  if (text.length <= 1000 && !/[\r\n]/.test(text)) return undefined;
  return { message: 'a macro stands for one line of at most 1000 characters', hint: 'shorten it' };
});

const builderLabel = checkedText('a label', 'A label of builders: big.', (text) => {
  if (builderLabelPattern.test(text)) return undefined;
  return {
    message: `${quote(text)} is no label of builders`,
    hint: 'lower-case letters, digits and `._-`, beginning with a letter or a digit, 63 characters at most',
  };
});

/**
 * What the builders of a project or a package must have. More labels than these select nothing that fewer would not.
 */
export const builderLabels = listOf(builderLabel, 'a list of labels', { maximum: 16 });

const maximumMacros = 100;

/** What a package says, and a project of one of its chroots. */
export const buildrootShape = {
  packages: listOf(rpmName, 'a list of package names')
    .prefault([])
    .describe('Installed before the build, besides what the spec asks for.'),
  repos: listOf(repository, 'a list of addresses', { maximum: 50 })
    .prefault([])
    .describe('Further repositories that builds read, as in the project.'),
  with: listOf(conditional, 'a list of names', { maximum: 100 }).prefault([]).describe('rpmbuild --with.'),
  without: listOf(conditional, 'a list of names', { maximum: 100 }).prefault([]).describe('rpmbuild --without.'),
  macros: z
    .record(macroName, macroValue)
    .superRefine((macros, context) => {
      if (Object.keys(macros).length <= maximumMacros) return;
      const message = `more than ${maximumMacros} macros`;
      context.addIssue({ code: 'custom', message, params: { hint: 'keep what the packages need' } });
    })
    .prefault({})
    .describe('RPM macros by name, without the %.'),
  isolation: isolation
    .describe("mock's --isolation: auto, simple or nspawn; default: auto. Policy says which are allowed.")
    .exactOptional(),
  modules: listOf(moduleStream, 'a list of modules', { maximum: 50 })
    .prefault([])
    .describe('Modules to enable: name:stream.'),
  forcearch: architecture
    .describe("Emulate this architecture where the chroot has it; default: build on the builder's own.")
    .exactOptional(),
};
const optionsSchema = z.strictObject(buildrootShape);
/** What was stated of a buildroot. */
export type BuildrootYaml = z.infer<typeof optionsSchema>;
