// The form of `source:`: one mapping for each type of source.
import { z } from 'zod';
import { quote } from '../words/quote.ts';
import { distgitInstances, gitMethods, pypiGenerators } from '../words/source.ts';
import { lookasideWords } from '../words/source-distgit.ts';
import {
  checkCount,
  checkedText,
  checkHttpsAddress,
  checkName,
  chroot,
  downloadUrl,
  gitRef,
  gitUrl,
  listOf,
  sha256,
  specPath,
  subdirectory,
} from '../yaml/fields.ts';
import { rpmName } from './project-fields.ts';

const maximumScript = 100_000;

const spec = specPath.describe('The spec file; default: the only one in the source.').exactOptional();

/** A name that is safe as a file name, a part of an address and an argument. */
const plainName = /^[A-Za-z0-9_][A-Za-z0-9._+~^-]*$/;

const sourceName = checkedText('an address or a file name', 'An https address or a file name.', (text) => {
  if (text.includes('://')) return checkHttpsAddress(text);
  if (text.length <= 200 && plainName.test(text)) return undefined;
  return {
    message: `${quote(text)} is no file name`,
    hint: 'name the file or its whole https address, as the spec does',
  };
});

const sources = z
  .record(sourceName, sha256)
  .superRefine(checkCount('source', 200))
  .describe(
    'SHA-256 of the Source and Patch addresses of the spec, by address or file name; default: what was fetched first counts.',
  )
  .exactOptional();

const dir = z
  .strictObject({ type: z.literal('dir'), spec, sources })
  .describe('Spec, patches and sources in packages/<owner>/<project>/<package>/ of this repository.');

const git = z
  .strictObject({
    type: z.literal('git'),
    url: gitUrl,
    ref: gitRef,
    subdirectory: subdirectory.describe('The folder of the repository that holds the spec.').exactOptional(),
    spec,
    method: z
      .enum(gitMethods)
      .describe('How the source package is made: spec (mock), rpkg, tito, make_srpm (.copr/Makefile); default: spec.')
      .exactOptional(),
    sources,
  })
  .describe('A Git repository that holds the spec.');

const srpm = z.strictObject({ type: z.literal('srpm'), url: downloadUrl, sha256 }).describe('A ready source package.');

const branchPattern = checkedText('a chroot name or a pattern', 'A chroot name; * stands for anything.', (text) => {
  if (/^[a-z0-9._+*-]{1,64}$/.test(text) && (text.match(/\*/g) ?? []).length <= 3) return undefined;
  return {
    message: `${quote(text)} is no chroot name or pattern`,
    hint: '`fedora-42-x86_64`, or with `*` for any text: `fedora-*`',
  };
});

const distgitPackage = checkedText('the name of a package', 'The name in the dist-git.', (text) => {
  const parts = text.split('/');
  const fault = parts.map((part) => checkName('a package', part)).find((each) => each !== undefined);
  if (fault !== undefined || parts.length <= 3) return fault;
  return { message: `${quote(text)} has too many parts`, hint: 'for Copr `owner/project/package`, else one name' };
});

const lookaside = checkedText(
  'an https address with {filename} and {hash}',
  'The address of a file of the lookaside cache, with {name}, {filename}, {hashtype} and {hash} in it.',
  (text) => {
    const words = [...text.matchAll(/\{([^{}]*)\}/g)].map(([, word]) => word ?? '');
    const foreign = words.find((word) => !(lookasideWords as readonly string[]).includes(word));
    if (foreign !== undefined) {
      const hint = `known are ${lookasideWords.map((word) => `\`{${word}}\``).join(', ')}`;
      return { message: `\`{${foreign}}\` stands for nothing`, hint };
    }
    if (!words.includes('filename') || !words.includes('hash')) {
      const hint = 'for example `https://example.org/{name}/{filename}/{hashtype}/{hash}/{filename}`';
      return { message: 'the address lacks `{filename}` or `{hash}`', hint };
    }
    // Where a placeholder is part of the host, whoever writes the file `sources` chooses the host.
    if (!/^https:\/\/[^/{}]+\//.test(text)) {
      return { message: 'the host is not said in the address', hint: 'placeholders stand after the host' };
    }
    return checkHttpsAddress(text.replaceAll(/[{}]/g, ''));
  },
);

const distgit = z
  .strictObject({
    type: z.literal('distgit'),
    instance: z
      .enum(distgitInstances)
      .describe('A dist-git whose addresses are known; default: the one at url.')
      .exactOptional(),
    url: gitUrl.describe('The repository in a dist-git of another place; default: that of instance.').exactOptional(),
    package: distgitPackage
      .describe("The name in the dist-git, for copr owner/project/package; default: the package's own.")
      .exactOptional(),
    branches: z
      .record(branchPattern, gitRef)
      .superRefine(checkCount('branch', 64))
      .describe('The branch for a chroot, or for all that fit a name with *; the first that fits counts.')
      .exactOptional(),
    branch: gitRef
      .describe('The branch for all other chroots; default: what the known dist-git calls the release (f42, epel9).')
      .exactOptional(),
    lookaside: lookaside
      .describe(
        'Where the files of `sources` are, with {name}, {filename}, {hashtype} and {hash}; default: that of instance.',
      )
      .exactOptional(),
    spec,
    sources,
  })
  .describe("A repository of a dist-git: a branch for each release, sources in a lookaside cache by the spec's side.");

const version = checkedText('a version in quotes', 'A version.', (text) => {
  if (text.length <= 100 && /^[A-Za-z0-9][A-Za-z0-9._+!-]*$/.test(text)) return undefined;
  return { message: `${quote(text)} is no version`, hint: 'for example `"1.2"`' };
});
const versionOrNewest = version
  .describe('The version, in quotes; default: the newest stable one when the build is planned.')
  .exactOptional();

const pythonVersion = checkedText('a Python version in quotes', 'A Python version.', (text) => {
  if (/^3(?:\.[0-9]{1,2})?$/.test(text)) return undefined;
  return { message: `${quote(text)} is no version of Python 3`, hint: '`"3"` or `"3.12"`' };
});

/** Names of PyPI and RubyGems, both with the same signs. */
const indexName = (what: string) =>
  checkedText(`the name of a ${what}`, `The name of a ${what}.`, (text) => {
    if (text.length <= 100 && /^[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?$/.test(text)) return undefined;
    return { message: `${quote(text)} cannot name a ${what}`, hint: 'letters, digits and `._-`' };
  });

const pypi = z
  .strictObject({
    type: z.literal('pypi'),
    package: indexName('Python package').describe('The name in PyPI.'),
    version: versionOrNewest,
    python: listOf(pythonVersion, 'a list of Python versions', { minimum: 1, maximum: 10 })
      .describe("Python versions to package for, in quotes; default: the generator's own.")
      .exactOptional(),
    template: checkedText('the name of a template', 'A template.', (text) => {
      if (/^[a-z0-9][a-z0-9_-]{0,49}$/.test(text)) return undefined;
      return { message: `${quote(text)} cannot name a template`, hint: 'for example `fedora`' };
    })
      .describe("pyp2rpm's template; default: its own.")
      .exactOptional(),
    generator: z
      .enum(pypiGenerators)
      .describe('What writes the spec: pyp2rpm or pyp2spec; default: pyp2rpm.')
      .exactOptional(),
  })
  .describe('A Python package of PyPI; the spec is generated.');

const rubygems = z
  .strictObject({
    type: z.literal('rubygems'),
    gem: indexName('gem').describe('The name in RubyGems.'),
    version: versionOrNewest,
  })
  .describe('A Ruby gem of RubyGems; the spec is generated by gem2rpm.');

const scriptText = checkedText('a script or the name of a file', 'A script or the name of a file.', (text) => {
  if (text.startsWith('#!')) {
    if (text.length <= maximumScript && !text.includes('\0')) return undefined;
    return { message: 'the script is too long', hint: 'keep it in a file of the folder of the package' };
  }
  if (text.length <= 200 && plainName.test(text)) return undefined;
  return {
    message: `${quote(text.split('\n')[0] ?? '')} is neither a script nor the name of a file`,
    hint: 'begin a script with `#!/bin/sh`, or name a file in the folder of the package',
  };
});

const script = z
  .strictObject({
    type: z.literal('script'),
    script: scriptText.describe(
      'The script, beginning with #!, or the name of a file in packages/<owner>/<project>/<package>/.',
    ),
    builddeps: listOf(rpmName, 'a list of packages')
      .describe('Installed in the chroot before the script runs; default: none.')
      .exactOptional(),
    chroot: chroot.describe("The chroot that the script runs in; default: the build's first.").exactOptional(),
    resultdir: subdirectory
      .describe('Where the script leaves spec and sources, inside its working folder; default: there.')
      .exactOptional(),
  })
  .describe('A script that writes spec and sources; it runs in a chroot, with network where network is true.');

export const sourceSchema = z.discriminatedUnion('type', [dir, git, distgit, srpm, pypi, rubygems, script]);
