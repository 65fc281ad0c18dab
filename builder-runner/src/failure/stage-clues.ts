// Failures before and after compiling: specs, source packages, patches, file lists. Pure.
import { baseName, quoted, shortPath } from '../base/sentence-parts.ts';
import { type Clue, clue } from './clues.ts';

/** rpmbuild's words for specs and source packages that it cannot use. */
export const sourceClues: readonly Clue[] = [
  clue(
    /^error: Architecture is (?:not included|excluded): (\S+)/,
    (arch) => `The spec does not allow to build for ${quoted(arch)} (ExclusiveArch or ExcludeArch).`,
  ),
  clue(
    /^error: No compatible architectures found for build/,
    () => 'The spec does not allow to build for this architecture (ExclusiveArch or ExcludeArch).',
  ),
  clue(
    /^error: OS is (?:not included|excluded): (\S+)/,
    (system) => `The spec does not allow to build for ${quoted(system)} (ExclusiveOS or ExcludeOS).`,
  ),
  clue(
    /signature hdr blob|not an rpm package|cannot be installed$|unpacking of archive failed|^error: open of /,
    () => 'The source package is damaged or no source package at all.',
  ),
  clue(/^no spec file in /, () => 'The source package holds no spec.'),
  clue(
    /^error: Bad (?:file|source): (\S+): No such file or directory/,
    (file) => `The spec names the source ${quoted(baseName(file))}, which is not there.`,
  ),
  clue(/^error: (?:\S+: )?line (\d+): (.+)$/, (line, text) => `Line ${line} of the spec is wrong: ${quoted(text)}.`),
  clue(/^error: \S+\.spec:(\d+): (.+)$/, (line, text) => `Line ${line} of the spec is wrong: ${quoted(text)}.`),
  clue(/^error: (Too many levels of recursion[^.]*)/, () => 'A macro of the spec expands to itself without end.'),
  clue(
    /^error: Unable to open (\S+): No such file or directory/,
    (file) => `The spec reads ${quoted(baseName(file))}, which is not there.`,
  ),
  clue(/^error: lua script failed: (.+)$/, (text) => `Lua in the spec failed: ${quoted(text)}.`),
  clue(
    /^error: (\w+) field must be present in package: (.+)$/,
    (field, name) => `The spec lacks the tag ${quoted(field)} for ${quoted(name.replace(/[()]/g, ''))}.`,
  ),
  clue(/^error: (?!Bad exit status)(.+)$/, (text) => `rpmbuild refuses the spec: ${quoted(text)}.`),
];

export const prepClues: readonly Clue[] = [
  clue(/patch: \*{4} malformed patch at line (\d+)/, (line) => `A patch is damaged at its line ${line}.`),
  clue(
    /patch: \*{4} Only garbage was found in the patch input/,
    () => 'A patch is no patch: nothing in it can be applied.',
  ),
  clue(
    /^(?:can't find file to patch at input line|No file to patch\. )/,
    () => 'A patch names files that are not there: check its -p number.',
  ),
  clue(/^Reversed \(or previously applied\) patch detected/, () => 'A patch is in the sources already.'),
  clue(
    /^(\d+) out of (\d+) hunks? FAILED(?: -- saving rejects to file (\S+)\.rej)?/,
    (failed, all, file) =>
      `A patch does not apply: ${failed} of its ${all} hunks ${failed === '1' ? 'fails' : 'fail'}${file === '' ? '' : ` in ${quoted(file)}`}.`,
  ),
  clue(
    /^gzip: (\S+): unexpected end of file|^(?:xz|bzip2|zstd|\/\*stdin\*\\): (?:\(stdin\): )?(?:Unexpected end|Compressed file ends)/,
    (file) => `The source ${quoted(baseName(file))} is cut off or damaged.`,
  ),
  clue(
    /This does not look like a tar archive|not in gzip format|File format not recognized/,
    () => 'A source is not an archive of the kind that its name says.',
  ),
  clue(/Unexpected EOF in archive/, () => 'A source archive is cut off or damaged.'),
  clue(
    /^\S+: line \d+: cd: (\S+): No such file or directory$/,
    (folder) => `The sources do not unpack into ${quoted(folder)}: say the folder's name with %setup -n.`,
  ),
];

const below = (path: string) => path.replace(/^\/builddir\/build\/BUILD(?:ROOT)?\/[^/]+(?:\/BUILDROOT)?(?=\/)/, '');

/** What rpmbuild says when it makes packages of what was installed. */
export const packagingClues: readonly Clue[] = [
  clue(
    /^error: File not found(?: by glob)?: (\S+)/,
    (file) => `%files names ${quoted(below(file))}, which was not installed.`,
  ),
  clue(
    /^error: Directory not found: (\S+)/,
    (folder) => `%files names the folder ${quoted(below(folder))}, which was not installed.`,
  ),
  clue(
    /^error: File must begin with "\/": (\S+)/,
    (file) => `%files names ${quoted(file)}, which is not an absolute path.`,
  ),
  clue(/^error: Bad (?:mode|dirmode) spec: (.+)$/, (text) => `%files has a bad file mode: ${quoted(text)}.`),
  clue(
    /^error: Could not open %files file (\S+): (.+)$/,
    (file) => `The list of files ${quoted(baseName(file))} does not exist.`,
  ),
  clue(
    /^error: Could not open (\w+) file (\S+): /,
    (kind, file) => `The file ${quoted(baseName(file))} of %${kind.toLowerCase().replace(/in$/, '')} does not exist.`,
  ),
  clue(/^error: Arch dependent binaries in noarch package/, () => 'A noarch package holds files for one architecture.'),
  clue(/^error: Missing build-id in (\S+)/, (file) => `${quoted(below(file))} has no build ID.`),
  clue(/^Found '[^']+' in installed files; aborting/, () => 'Installed files hold the name of the build folder.'),
  clue(
    /^error: (?!Bad exit status|Installed \(but)(.+)$/,
    (text) => `rpmbuild could not make the packages: ${quoted(shortPath(text))}.`,
  ),
];
