import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Command, parseCommandLine } from './command.ts';
import { maximumCommands, parseComment } from './parse-comment.ts';
import { readComment } from './read-comment.ts';

const brief = (command: Command | undefined): string => {
  if (command === undefined) return 'nothing';
  switch (command.kind) {
    case 'build': {
      const chroots = command.chroots.map((chroot) => `@${chroot}`);
      const project = command.project === undefined ? [] : [`in ${command.project}`];
      return ['build', ...command.packages, ...chroots, ...project].join(' ');
    }
    case 'mistake':
      return `mistake → ${command.suggestion ?? 'none'}`;
    case 'help':
      return 'help';
    case 'status':
    case 'cancel':
      return `${command.kind} ${command.id ?? ''}`.trim();
  }
};

describe('a line', () => {
  test.each([
    ['/build', 'build'],
    ['/BUILD Hello', 'build Hello'],
    ['/build hello libgreet hello', 'build hello libgreet'],
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
    ['/status hello', 'mistake → /status'],
    ['/cancel 42', 'cancel 42'],
    ['/cancel', 'mistake → /status'],
    ['/cancel 1 2', 'mistake → /status'],
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

  test('Markdown that would keep the parser busy for a minute is given up', async () => {
    expect(await readComment(`/build hello\n${'*a_'.repeat(21_000)}`)).toBe('tangled');
  });

  test('a long comment that is not tangled is read as a short one', async () => {
    const parsed = await readComment(`/build hello\n\n${'A log line that says nothing.\n'.repeat(1000)}`);
    expect(parsed !== 'tangled' && parsed.commands.map(brief)).toEqual(['build hello']);
  });
});
