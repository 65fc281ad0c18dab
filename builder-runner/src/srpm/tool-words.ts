// What a script or a tool that makes source packages said before it failed: its own last words of trouble, as the end
// of a sentence. Pure; every line is hostile text.
import { baseName, inQuotes, quoted } from '../base/sentence-parts.ts';
import { type LogLine, linesOf } from '../failure/log-lines.ts';

interface ToolWords {
  /** The line that says why; undefined when it said nothing at all. */
  readonly line: LogLine | undefined;
  /** A sentence of its own for what is known, with the end of the line in a sentence for all else. */
  readonly sentence: string | undefined;
  readonly words: string;
}

interface ToolCircumstances {
  /** Where packages are named that are to be in the chroot, such as `builddeps`. */
  readonly packagesKey: string;
  readonly chroot: string;
  /** What is run, as the beginning of a sentence: "The script". */
  readonly name: string;
  /** The first line of the script; undefined for tools. */
  readonly firstLine?: string | undefined;
}

/** Lines around the tool's own, which mock writes. */
const ofMock = /^(?:INFO: |DEBUG: |(?:Start|Finish): |ERROR: (?:Command failed|Exception)|EXCEPTION: )/;
/** make's word on a command whose own words stand above. */
const ofMake = /^make(?:\[\d+\])?: (?:\*\*\* \[.*\] (?:Error|Segmentation|Killed)|\*\*\* Waiting|Entering |Leaving )/;

const trouble =
  /error|fatal|fail|cannot|can't|could not|unable|not found|no such|no rule|\*\*\*|denied|missing|invalid|illegal|exception|refused|unknown|unbound|syntax|not set|too (?:many|long|few)/i;

/** What the tool printed itself. */
export function toolLines(output: string): readonly LogLine[] {
  return linesOf({ text: output, firstLine: 1 }).filter(({ text }) => !ofMock.test(text));
}

/** The last thing among the tool's `lines` that speaks of trouble, else the last thing that was said. */
export function toolWords(lines: readonly LogLine[], facts: ToolCircumstances): ToolWords {
  const own = lines.filter(({ text }) => !ofMake.test(text));
  const line = own.findLast(({ text }) => trouble.test(text)) ?? own.at(-1);
  if (line === undefined) return { line, sentence: undefined, words: '' };
  const plain = line.text
    .replaceAll(/\/builddir\/(?:build\/(?:SPECS|SOURCES)|coppice(?:\/tree)?)\/|\/coppice\/tree\//g, '')
    .replace(/^(?:\S+: )?(?:error|fatal):\s+/i, '');
  const said = trouble.test(line.text) ? quoted(plain, 200) : `its last line is ${inQuotes(quoted(plain, 110))}`;
  return { line, sentence: known(line.text, facts), words: said === '' ? '' : `: ${said}` };
}

type Saying = (facts: ToolCircumstances, ...groups: readonly string[]) => string;

const absentProgram: Saying = ({ name, chroot, packagesKey }, program) => {
  const what = baseName(program);
  const hint = /^(?:dnf5?|microdnf|yum|apt(?:-get)?|zypper|pip3?)$/.test(what)
    ? `it installs nothing itself: take the call out, and name the packages in \`${packagesKey}\``
    : `name its package in \`${packagesKey}\``;
  return `${name} calls ${inQuotes(what)}, which is not in ${chroot}: ${hint}.`;
};

const sayings: readonly (readonly [RegExp, Saying])[] = [
  [
    /^(?:\/usr\/bin\/)?env: ['‘"]?\.\/[^'’":]{1,200}['’"]?: (?:No such file|Permission)/,
    ({ firstLine = '', chroot, packagesKey }) =>
      `The script cannot be run: its first line, ${inQuotes(firstLine)}, names a program that is not in ${chroot}. Name its package in \`${packagesKey}\`.`,
  ],
  [/^(?:\/usr\/bin\/)?env: ['‘"]?([^'’":]{1,200})['’"]?: No such file/, absentProgram],
  [/^\S{1,200}: (?:line )?\d{1,6}: (?:exec: )?([^\s:]{1,200}): (?:command )?not found$/, absentProgram],
  [/^make(?:\[\d+\])?: ([^\s:*]{1,200}): No such file or directory$/, absentProgram],
  [
    /No rule to make target ['`‘]\/coppice\/tree\/\.copr\/Makefile['’]/,
    () => 'The source has no file .copr/Makefile, which the method make_srpm runs.',
  ],
  [
    /\/coppice\/tree(?:\/[^\s:'’]{0,200}(?<!\.spec))?['’]?:? is (?:not a regular file|a directory)/i,
    () =>
      'The file .copr/Makefile got a folder as `$(spec)`: the package names no spec, and the source does not hold exactly one. Write `spec:` beside `method: make_srpm`.',
  ],
  [/No rule to make target ['`‘]srpm['’]\./, () => 'The file .copr/Makefile has no target `srpm`.'],
  [
    /\/\.copr\/Makefile:(\d+): \*\*\* missing separator/,
    (_, line) => `Line ${line} of .copr/Makefile is no rule: commands begin with a tab, not with spaces.`,
  ],
];

function known(text: string, facts: ToolCircumstances): string | undefined {
  for (const [pattern, say] of sayings) {
    const match = pattern.exec(text);
    if (match !== null) return say(facts, ...match.slice(1).map((group) => group ?? ''));
  }
  return undefined;
}

/** Source packages that rpmbuild says it wrote, by their paths in the tree: one of them may be in the wrong place. */
export function writtenElsewhere(output: string): string | undefined {
  const written = linesOf({ text: output, firstLine: 1 }).findLast(({ text }) => /^Wrote: \S+\.src\.rpm$/.test(text));
  return written?.text.replace(/^Wrote: (?:\/coppice\/tree\/|\/builddir\/coppice\/tree\/)?/, '');
}
