// What people can say to the bot: one line of a comment → one command, or a mistake with a way out. Pure.
import { type BuildId, parseBuildId } from '@coppice/config';
import { parseArgsStringToArgv } from 'string-argv';
import { nearestWord } from './nearest-word.ts';

const verbs = ['build', 'status', 'cancel', 'help'] as const;
type Verb = (typeof verbs)[number];

/** One command of a comment. `line` is what the person wrote, for the answer. */
export type Command =
  | {
      readonly kind: 'build';
      readonly line: string;
      readonly packages: readonly string[];
      readonly chroots: readonly string[];
      /** `owner/name` as written, not yet looked up. */
      readonly project: string | undefined;
    }
  | { readonly kind: 'status'; readonly line: string; readonly id: BuildId | undefined }
  | { readonly kind: 'cancel'; readonly line: string; readonly id: BuildId }
  | { readonly kind: 'help'; readonly line: string }
  /** It was meant for us but says nothing that we can do. `suggestion` is a whole line to write instead. */
  | {
      readonly kind: 'mistake';
      readonly line: string;
      readonly why: string;
      readonly suggestion: string | undefined;
    };

const maximumLineLength = 2000;
const maximumPackages = 100;

/** The command that a line of plain text states; undefined when the line is not meant for the bot. */
export function parseCommandLine(text: string): Command | undefined {
  const addressed = /^(?:@coppice\s+\/?|\/)([a-z][a-z-]{0,30})(?=\s|$)(.*)$/is.exec(text.trim());
  if (addressed === null) return undefined;
  const [, word = '', rest = ''] = addressed;
  const line = text.trim().slice(0, 200);
  const verb = word.toLowerCase();
  if (!isVerb(verb)) return unknownVerb(line, verb, rest, text.trim().startsWith('@'));
  if (text.length > maximumLineLength) {
    return mistake(line, `The line is longer than ${maximumLineLength} characters.`, undefined);
  }
  return readArguments(verb, line, parseArgsStringToArgv(straightQuotes(rest)));
}

function isVerb(word: string): word is Verb {
  return (verbs as readonly string[]).includes(word);
}

function unknownVerb(line: string, verb: string, rest: string, byName: boolean): Command | undefined {
  const near = nearestWord(verb, verbs);
  if (near !== undefined) return mistake(line, 'There is no such command.', `/${near}${rest}`.slice(0, 200));
  return byName ? mistake(line, 'There is no such command.', '/help') : undefined;
}

function readArguments(verb: Verb, line: string, words: readonly string[]): Command {
  switch (verb) {
    case 'build':
      return readBuild(line, words);
    case 'status':
      return readStatus(line, words);
    case 'cancel':
      return readCancel(line, words);
    case 'help':
      return { kind: 'help', line };
  }
}

const buildOptions = ['chroot', 'project'] as const;

function readBuild(line: string, words: readonly string[]): Command {
  const packages: string[] = [];
  const chroots: string[] = [];
  let project: string | undefined;
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    const option = /^--([^=]*)(?:=(.*))?$/s.exec(word);
    if (option === null) {
      if (word !== '') packages.push(word);
      continue;
    }
    const [, name = '', attached] = option;
    if (!(buildOptions as readonly string[]).includes(name)) return unknownOption(line, name);
    const value = attached ?? words[++at];
    if (value === undefined || value === '' || value.startsWith('--')) {
      return mistake(
        line,
        `\`--${name}\` wants a value.`,
        name === 'chroot' ? '/build --chroot fedora-42-x86_64' : undefined,
      );
    }
    if (name === 'chroot') chroots.push(...value.split(',').filter((part) => part !== ''));
    else project = value;
  }
  if (packages.length > maximumPackages) {
    return mistake(line, `It names more than ${maximumPackages} packages.`, '/build');
  }
  return { kind: 'build', line, packages: [...new Set(packages)], chroots: [...new Set(chroots)], project };
}

function unknownOption(line: string, name: string): Command {
  const near = nearestWord(name, buildOptions);
  const known = buildOptions.map((option) => `\`--${option}\``).join(' and ');
  return mistake(line, `The options of \`/build\` are ${known}.`, near && `/build --${near} …`);
}

function readStatus(line: string, words: readonly string[]): Command {
  const [word, ...more] = words;
  if (word === undefined) return { kind: 'status', line, id: undefined };
  const id = readId(word);
  if (id === undefined || more.length > 0) {
    return mistake(line, '`/status` wants nothing or the number of one build.', '/status');
  }
  return { kind: 'status', line, id };
}

function readCancel(line: string, words: readonly string[]): Command {
  const [word = '', ...more] = words;
  const id = readId(word);
  if (id === undefined || more.length > 0) {
    return mistake(line, '`/cancel` wants the number of one build; `/status` lists them.', '/status');
  }
  return { kind: 'cancel', line, id };
}

function readId(word: string): BuildId | undefined {
  return parseBuildId(word.replace(/^#/, ''));
}

function mistake(line: string, why: string, suggestion: string | undefined): Command {
  return { kind: 'mistake', line, why, suggestion };
}

/** Telephones write curly quotes. */
function straightQuotes(text: string): string {
  return text.replace(/[“”„]/g, '"').replace(/[‘’‚]/g, "'");
}
