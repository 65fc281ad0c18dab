import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Command, verbs } from '../../vocabulary/command.ts';
import { maximumCommands, parseCommandLine, parseComment } from './parse-comment.ts';

/** The command as one would say it: what it names, then what it wishes. */
const brief = (command: Command | undefined): string => {
  if (command === undefined) return 'nothing';
  if (command.kind === 'mistake') return `mistake → ${command.suggestion ?? 'none'}`;
  const { line: _line, kind, wishes, ...rest } = { wishes: undefined, ...command };
  const said = Object.entries({ ...rest, ...wishes }).flatMap(([key, value]) => {
    if (value === undefined || value === null || value === false || String(value) === '') return [];
    if (value === true) return [key];
    const text = Array.isArray(value) ? value.join(' ') : String(value);
    if (key === 'chroots') return text.split(' ').map((chroot) => `@${chroot}`);
    if (key === 'project') return [`in ${text}`];
    return ['packages', 'ids', 'id', 'package', 'role', 'login'].includes(key) ? [text] : [`${key}=${text}`];
  });
  return [kind, ...said].join(' ');
};

describe('a line', () => {
  test.each([
    ['/build', 'build'],
    ['/BUILD Hello', 'build Hello'],
    ['/build hello libgreet hello', 'build hello libgreet'],
    ['/build --force', 'build force'],
    [
      '/build hello --timeout 2h --memory 4GiB --background --after 41,#42',
      'build hello timeoutSeconds=7200 memoryBytes=4294967296 background after=41 42',
    ],
    ['/build hello --with docs --without=tests', 'build hello with=docs without=tests'],
    ['/build hello --with -evil', 'mistake → /build --with docs'],
    ['/build --timeout soon', 'mistake → /build --timeout 1h30m'],
    ['/build --timeout 0s', 'mistake → /build --timeout 1h30m'],
    ['/build --memory 4gigs', 'mistake → /build --memory 4GiB'],
    ['/build --after hello', 'mistake → /build --after 42'],
    ['/build --force=yes', 'mistake → /build --force'],
    ['/build --__proto__ x', 'mistake → none'],
    ['/rebuild 42 #43', 'rebuild 42 43'],
    ['/rebuild hello --chroot a', 'rebuild hello @a'],
    ['/rebuild', 'mistake → /rebuild 42'],
    ['/rebuild 42 hello', 'mistake → /rebuild 42'],
    ['/plan', 'plan'],
    ['/plan hello --force', 'plan force hello'],
    ['/plan --background', 'mistake → none'],
    ['/logs 42', 'logs 42'],
    ['/logs #42 fedora-42-x86_64', 'logs 42 chroot=fedora-42-x86_64'],
    ['/debug 42', 'debug 42'],
    ['/debug #42 fedora-42-x86_64 --end', 'debug 42 chroot=fedora-42-x86_64 end'],
    ['/debug 42 --chroot fedora-42-x86_64', 'debug 42 chroot=fedora-42-x86_64'],
    ['/debug hello', 'mistake → /debug 42'],
    ['/debug 42 a b', 'mistake → /debug 42'],
    ['/logs hello', 'mistake → /logs 42'],
    ['/log 42', 'mistake → /logs 42'],
    ['/explain 42', 'explain 42'],
    ['/explain hello --project acme/tools', 'explain hello in acme/tools'],
    ['/explain', 'mistake → /explain 42'],
    ['/delete 42', 'delete-build 42'],
    ['/delete project acme/tools', 'delete-project in acme/tools'],
    ['/delete acme/tools', 'mistake → /delete project owner/name'],
    ['/delete 42 43', 'mistake → /delete project owner/name'],
    ['/fork acme/tools', 'fork in acme/tools'],
    ['/fork acme/tools mine', 'fork in acme/tools as=mine'],
    ['/fork tools', 'mistake → /fork owner/name new-name'],
    ['/request builder acme/tools', 'request builder in acme/tools'],
    ['/request Maintainer', 'request maintainer'],
    ['/request drop', 'request drop'],
    ['/request admin', 'mistake → /request builder owner/name'],
    ['/approve @octo-cat acme/tools', 'approve-rights octo-cat in acme/tools'],
    ['@coppice approve @octo-cat', 'approve-rights octo-cat'],
    ['/approve', 'approve-head'],
    ['/approve 0123abcd', 'approve-head sha=0123abcd'],
    ['/approve octo-cat', 'mistake → /approve @login'],
    ['/approve @octo/cat', 'mistake → /approve @login'],
    [
      "/legal acme/tools doesn't respect --my license",
      "legal text=acme/tools doesn't respect --my license in acme/tools",
    ],
    ['/legal stolen and/or sold --project acme/tools', 'legal text=stolen and/or sold in acme/tools'],
    ['/legal', 'mistake → /legal owner/name what is wrong'],
    ["/freeze acme/tools it isn't free", "freeze in acme/tools reason=it isn't free"],
    ['/freeze acme/tools', 'mistake → /freeze owner/name the reason'],
    ['/resolve acme/tools', 'resolve in acme/tools'],
    ['/resolve', 'mistake → /resolve owner/name'],
    ['/build hello --chroot fedora-42-x86_64', 'build hello @fedora-42-x86_64'],
    ['/build --chroot=a,b --chroot c', 'build @a @b @c'],
    ['/build hello --project acme/tools', 'build hello in acme/tools'],
    ['@coppice build hello', 'build hello'],
    ['@coppice /build hello', 'build hello'],
    ['/build "looks good to me"', 'build looks good to me'],
    ['/build “two words”', 'build two words'],
    ['/build --chroot', 'mistake → /build --chroot fedora-42-x86_64'],
    ['/build --chrot x', 'mistake → /build --chroot …'],
    ['/status', 'status'],
    ['/status #42', 'status 42'],
    ['/status hello', 'status hello'],
    ['/status 1 2', 'mistake → /status 1'],
    ['/cancel 42', 'cancel 42'],
    ['/cancel', 'mistake → /status'],
    ['/cancel 1 #2 1', 'cancel 1 2'],
    ['/cancel hello', 'mistake → /status'],
    ['/cancel --all', 'mistake → none'],
    ['/help me please', 'help'],
    ['/biuld hello', 'mistake → /build hello'],
    ['/builds', 'mistake → /build'],
    ['@coppice juggle', 'mistake → /help'],
    ['/shrug', 'nothing'],
    ['/hold', 'nothing'],
    ['/usr/bin/build', 'nothing'],
    ['/build/hello', 'nothing'],
    ['build hello', 'nothing'],
    ['please /build hello', 'nothing'],
  ])('%s means %s', (line, meaning) => {
    expect(brief(parseCommandLine(line))).toBe(meaning);
  });
});

test('any words after a verb are a command or a mistake, and only known options are obeyed', () => {
  const word = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 12 }),
    fc.constantFrom(
      '--chroot',
      '--force',
      '--after',
      '42',
      '#7',
      '@someone',
      'acme/tools',
      '"',
      "'",
      '--',
      '--=',
      'drop',
    ),
  );
  fc.assert(
    fc.property(fc.constantFrom(...verbs), fc.array(word, { maxLength: 8 }), (verb, words) => {
      const command = parseCommandLine(`/${verb} ${words.join(' ')}`);
      expect(command?.kind).toMatch(new RegExp(`^(${verb}(-[a-z]+)?|mistake)$`));
      expect(command?.line.length).toBeLessThanOrEqual(200);
    }),
  );
});

describe('a comment', () => {
  test.each([
    ['Hi\n/build hello\n/status', ['build hello', 'status']],
    ['/build `hello`', ['build hello']],
    ['/build **hello** now', ['build hello now']],
    ['/build foo_bar_baz', ['build foo_bar_baz']],
    ['- /build a\n- /build b', ['build a', 'build b']],
    ['/build hello\n---\nMy signature', ['build hello']],
    ['/build a\r\n/build b', ['build a', 'build b']],
    ['> /build hello', []],
    ['> quoted\n/build hello', []],
    ['```\n/build hello\n```', []],
    ['~~~\n/build hello', []],
    ['    /build hello', []],
    ['`/build hello`', []],
    ['<!-- \n/build hello\n-->', []],
    ['<!-- x --> /build hello', []],
    ['text <!-- a\n/build hello --> b', []],
    ['<div>\n/build hello\n</div>', []],
    ['*/build hello*', []],
    ['[/build hello](https://example.org)', []],
    ['\\/build hello', []],
    ['&#47;build hello', []],
    ['# /build hello', []],
    ['say /build hello', []],
    ['', []],
  ])('%j holds %j', (markdown, commands) => {
    expect(parseComment(markdown).commands.map(brief)).toEqual(commands);
  });

  test('no more than ten commands are taken from one, and the rest is counted', () => {
    const parsed = parseComment('/build\n'.repeat(maximumCommands + 3));
    expect([parsed.commands.length, parsed.dropped]).toEqual([maximumCommands, 3]);
  });

  test('a parser is never thrown off by any text', () => {
    const piece = fc.oneof(
      fc.string(),
      fc.constantFrom(
        '/build hello\n',
        '> ',
        '```\n',
        '`',
        '<!--',
        '-->',
        '\n\n',
        '- ',
        '*',
        '"',
        "'",
        '[',
        '](',
        '\u0000',
      ),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        const { commands } = parseComment(pieces.join(''));
        expect(commands.length).toBeLessThanOrEqual(maximumCommands);
      }),
    );
  });

  test('nothing in a quote or in code ever fires', () => {
    const line = fc
      .string({ unit: 'grapheme', maxLength: 60 })
      .map((text) => text.replace(/[\r\n`~\u0085\u2028\u2029]/g, ' '));
    const lines = fc.array(
      fc.oneof(
        line,
        fc.constant('/build hello'),
        line.map((text) => `/build ${text}`),
      ),
      { maxLength: 8 },
    );
    const wraps = fc.constantFrom(
      (text: string[]) => text.map((one) => `> ${one}`).join('\n'),
      (text: string[]) => ['```', ...text, '```'].join('\n'),
      (text: string[]) => text.map((one) => `\t${one}`).join('\n'),
      (text: string[]) => ['~~~', ...text].join('\n'),
    );
    fc.assert(
      fc.property(lines, wraps, (text, wrap) => {
        expect(parseComment(wrap(text)).commands).toEqual([]);
      }),
    );
  });
});
