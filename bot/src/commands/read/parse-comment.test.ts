import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Command, verbs } from '../../vocabulary/command.ts';
import { maximumCommands, parseCommandLine, parseComment } from './parse-comment.ts';

/** The command as one would say it: what it names, then what it wishes. */
const brief = (command: Command | undefined): string => {
  if (command === undefined) return 'nothing';
  if (command.kind === 'mistake') return `mistake → ${command.suggestion?.replaceAll('\n', ' and ') ?? 'none'}`;
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
    ['/build hello --with -evil', 'mistake → /build hello --with evil'],
    ['/build --timeout soon', 'mistake → /build --timeout 1h30m'],
    ['/build --timeout 0s', 'mistake → /build --timeout 1h30m'],
    ['/build --memory 4gigs', 'mistake → /build --memory 4GiB'],
    ['/build --after hello', 'mistake → none'],
    ['/build --force=yes', 'mistake → /build --force'],
    ['/build --__proto__ x', 'mistake → none'],
    ['/rebuild 42 #43', 'rebuild 42 43'],
    ['/rebuild hello --chroot a', 'rebuild hello @a'],
    ['/rebuild', 'mistake → /status'],
    ['/rebuild 42 hello', 'mistake → /rebuild 42 and /rebuild hello'],
    ['/plan', 'plan'],
    ['/plan hello --force', 'plan force hello'],
    ['/plan --background', 'mistake → none'],
    ['/logs 42', 'logs 42'],
    ['/logs #42 fedora-42-x86_64', 'logs 42 chroot=fedora-42-x86_64'],
    ['/debug 42', 'debug 42'],
    ['/debug #42 fedora-42-x86_64 --end', 'debug 42 chroot=fedora-42-x86_64 end'],
    ['/debug 42 --chroot fedora-42-x86_64', 'debug 42 chroot=fedora-42-x86_64'],
    ['/debug hello', 'mistake → /status hello'],
    ['/debug 42 a b', 'mistake → /debug 42 a and /debug 42 b'],
    ['/logs hello', 'mistake → /status hello'],
    ['/log 42', 'mistake → /logs 42'],
    ['/explain 42', 'explain 42'],
    ['/explain hello --project acme/tools', 'explain hello in acme/tools'],
    ['/explain', 'mistake → /plan'],
    ['/publish', 'publish'],
    ['/publish acme/tools --chroot a,b --chroot b', 'publish in acme/tools @a @b'],
    ['/publish --project acme/tools', 'publish in acme/tools'],
    ['/publish fedora-42-x86_64', 'mistake → /publish --chroot fedora-42-x86_64'],
    ['/publish tools', 'mistake → /publish <owner/tools>'],
    ['/publish 42', 'mistake → none'],
    ['/publish acme/tools acme/games', 'mistake → none'],
    ['/publich acme/tools', 'mistake → /publish acme/tools'],
    ['/rollback', 'rollback'],
    ['/rollback 3 --chroot a', 'rollback to=3 @a'],
    ['/rollback acme/tools 3', 'rollback to=3 in acme/tools'],
    ['/rollback 3 acme/tools', 'rollback to=3 in acme/tools'],
    ['/rollback 3 fedora-42-x86_64', 'mistake → /rollback 3 --chroot fedora-42-x86_64'],
    ['/rollback 3 4', 'mistake → none'],
    ['/rollback 0', 'mistake → none'],
    ['/roll-back acme/tools', 'mistake → /rollback acme/tools'],
    ['/delete 42', 'delete-build 42'],
    ['/delete project acme/tools', 'delete-project in acme/tools'],
    ['/delete acme/tools', 'mistake → /delete project acme/tools'],
    ['/delete 42 43', 'mistake → /delete 42 and /delete 43'],
    ['/fork acme/tools', 'fork in acme/tools'],
    ['/fork acme/tools mine', 'fork in acme/tools as=mine'],
    ['/fork tools', 'mistake → /fork <owner/tools>'],
    ['/request builder acme/tools', 'request builder in acme/tools'],
    ['/request Maintainer', 'request maintainer'],
    ['/request drop', 'request drop'],
    ['/request admin', 'mistake → none'],
    ['/approve @octo-cat acme/tools', 'approve-rights octo-cat in acme/tools'],
    ['@coppice approve @octo-cat', 'approve-rights octo-cat'],
    ['/approve', 'approve-head'],
    ['/approve 0123abcd', 'approve-head sha=0123abcd'],
    ['/approve octo-cat', 'mistake → /approve @octo-cat'],
    ['/approve @octo/cat', 'mistake → none'],
    [
      "/legal acme/tools doesn't respect --my license",
      "legal text=acme/tools doesn't respect --my license in acme/tools",
    ],
    ['/legal stolen and/or sold --project acme/tools', 'legal text=stolen and/or sold in acme/tools'],
    ['/legal', 'legal-list'],
    ['/legal list', 'legal-list'],
    ['/legal list of my fonts', 'legal text=list of my fonts'],
    ['/resolve 3', 'resolve-report report=3'],
    ['/resolve #3', 'resolve-report report=3'],
    ['/resolve 3 4', 'mistake → none'],
    ["/freeze acme/tools it isn't free", "freeze in acme/tools reason=it isn't free"],
    ['/freeze acme/tools', 'mistake → none'],
    ['/resolve acme/tools', 'resolve in acme/tools'],
    ['/resolve', 'mistake → none'],
    ['/build hello --chroot fedora-42-x86_64', 'build hello @fedora-42-x86_64'],
    ['/build --chroot=a,b --chroot c', 'build @a @b @c'],
    ['/build hello --project acme/tools', 'build hello in acme/tools'],
    ['@coppice build hello', 'build hello'],
    ['@coppice /build hello', 'build hello'],
    ['/build "looks good to me"', 'build looks good to me'],
    ['/build “two words”', 'build two words'],
    ['/build --chroot', 'mistake → /build --chroot <chroot>'],
    ['/build --chrot x', 'mistake → /build --chroot x'],
    ['/status', 'status'],
    ['/status #42', 'status 42'],
    ['/status hello', 'status hello'],
    ['/status 1 2', 'mistake → /status 1 and /status 2'],
    ['/cancel 42', 'cancel 42'],
    ['/cancel', 'mistake → /status'],
    ['/cancel 1 #2 1', 'cancel 1 2'],
    ['/cancel hello', 'mistake → /status hello'],
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
    // Whoever addresses the bot is answered, and punctuation is no argument.
    ['/build.', 'build'],
    ['/build!', 'build'],
    ['/build,', 'build'],
    ['/build… hello', 'build hello'],
    ['/build: hello, libgreet.', 'build hello libgreet'],
    ['/build hello,libgreet !', 'build hello libgreet'],
    ['/build,hello', 'build hello'],
    ['/build hello --timeout 2h, --force.', 'build force hello timeoutSeconds=7200'],
    ['/cancel 1, 2.', 'cancel 1 2'],
    ['/build --after "41, 42"', 'build after=41 42'],
    ['/biuld!', 'mistake → /build'],
    ['@coppice: build hello', 'build hello'],
    ['@coppice, build hello', 'build hello'],
    ['@Coppice:/build hello', 'build hello'],
    ['@coppice – build hello', 'build hello'],
    ['@coppice[bot] build hello', 'build hello'],
    ['@coppice! Build.', 'build'],
    ['@coppice', 'mistake → /help'],
    ['@coppice?', 'mistake → /help'],
    ['@coppice: 42', 'mistake → /help'],
    ['@coppice could you please build hello?', 'mistake → /build hello?'],
    ['@coppice-bot build hello', 'nothing'],
    ['@coppice/team build hello', 'nothing'],
    ["@coppice's builds are slow", 'nothing'],
    ['/build.sh hello', 'nothing'],
    ['/status.json', 'nothing'],
    // Telephones and word processors.
    ['/build hello —force', 'build force hello'],
    ['/build hello –timeout 2h −−background', 'build hello timeoutSeconds=7200 background'],
    ['/build —chroot=fedora‑42‑x86_64', 'build @fedora-42-x86_64'],
    ['/build hello ‐‐with docs', 'build hello with=docs'],
    ['/build--force', 'build force'],
    ['/build «two words»', 'build two words'],
    ['/legal acme/tools — it isn’t free', "legal text=acme/tools — it isn't free in acme/tools"],
    ['/legal stolen —project acme/tools', 'legal text=stolen in acme/tools'],
    // What nobody sees.
    ['\ufeff/build hello', 'build hello'],
    ['\u200b/build hello\u200b', 'build hello'],
    ['\u200e @coppice: build hello', 'build hello'],
    ['/build hel\u200blo --force', 'mistake → /build hello --force'],
    ['/bu\u00adild hello', 'mistake → /build hello'],
    ['/freeze acme/tools stolen \u2764\ufe0f', 'freeze in acme/tools reason=stolen \u2764'],
    // Keyboards of East Asia.
    ['／build', 'build'],
    ['／ｂｕｉｌｄ　ｈｅｌｌｏ', 'build hello'],
    ['／build hello －－force', 'build force hello'],
    ['＠coppice：build hello', 'build hello'],
    ['／legal acme/tools 盗まれた！', 'legal text=acme/tools 盗まれた！ in acme/tools'],
    // Who greets the bot speaks to it; who speaks of it does not.
    ['Hey @coppice, build hello', 'build hello'],
    ['Hi, please @coppice: build hello', 'build hello'],
    ['Hello @coppice could you build hello', 'mistake → /build hello'],
    ['ok @coppice biuld hello', 'mistake → /build hello'],
    ['Thanks @coppice!', 'nothing'],
    ['Thank you, @coppice, well done', 'nothing'],
    ['I asked @coppice build hello', 'nothing'],
    ['This is what @coppice builds', 'nothing'],
    ['hi /build hello', 'nothing'],
    // Other bots listen to the same comments.
    ['/unapprove', 'nothing'],
    ['/lgtm', 'nothing'],
    ['/lgtm cancel', 'nothing'],
    ['/approve cancel', 'nothing'],
    ['/approve no-issue', 'nothing'],
    ['/remove-approve', 'nothing'],
    ['/lock', 'nothing'],
    ['/lables bug', 'nothing'],
    ['/retst', 'nothing'],
    ['/request_review @someone', 'nothing'],
    ['/packit build', 'nothing'],
    ['@coppice retest', 'mistake → /help'],
    ['@coppice approve cancel', 'mistake → /approve @cancel'],
    ['/unbuild hello', 'nothing'],
    ['/unfreeze acme/tools', 'mistake → /resolve acme/tools'],
    // Suggestions keep all that was written.
    ['/biuld hello --chrot x --timeout 28800', 'mistake → /build hello --chroot x --timeout 28800'],
    ['/biuld hello --forse', 'mistake → /build hello --force'],
    ['/build hello libgreet --chrot x --force', 'mistake → /build hello libgreet --chroot x --force'],
    ['/build hello --chrot', 'mistake → /build hello --chroot <chroot>'],
    ['/build hello --force=no --chroot a', 'mistake → /build hello --chroot a'],
    ['/build hello --timeout soon --force', 'mistake → /build hello --timeout 1h30m --force'],
    ['/build hello --memory 8GB --chroot a # big', 'mistake → /build hello --memory 8GiB --chroot a # big'],
    ['/build "two words" --forse', 'mistake → /build "two words" --force'],
    ['/build *evil --forse', 'mistake → /build *evil --force'],
    ['/build *evil* --forse', 'mistake → none'],
    ['/rebuild 42 hello --chroot a', 'mistake → /rebuild 42 --chroot a and /rebuild hello --chroot a'],
    ['/request bulder acme/tools', 'mistake → /request builder acme/tools'],
    ['/request acme/tools', 'mistake → /request builder acme/tools'],
    ['/status a,b --project acme/tools', 'mistake → /status a --project acme/tools and /status b --project acme/tools'],
    ['/explain hello "x y"', 'mistake → /explain hello and /explain "x y"'],
    ['/status a b --project `', 'mistake → none'],
    ['/approve a,b', 'mistake → none'],
    ['/logs 42 43', 'mistake → /logs 42 and /logs 43'],
    // As a packager would want them.
    ['/status hello # is it done?', 'status hello'],
    ['/build hello #please', 'build hello'],
    ['/status #42 # mine', 'status 42'],
    ['/status #bootb', 'mistake → /status bootb'],
    ['/status # mine', 'status'],
    ['/status 0', 'mistake → /status'],
    ['/logs #0', 'mistake → /status'],
    ['/cancel -1', 'mistake → /status'],
    ['/explain 00042', 'mistake → /status'],
    ['/build --timeout "28800 seconds"', 'build timeoutSeconds=28800'],
    ['/build --timeout 28800 seconds hello', 'build hello timeoutSeconds=28800'],
    ['/build --timeout=28800', 'build timeoutSeconds=28800'],
    ['/build --timeout "1 hour and 30 minutes"', 'build timeoutSeconds=5400'],
    ['/build --timeout 1.5 hours', 'build timeoutSeconds=5400'],
    ['/build --timeout 2', 'mistake → /build --timeout 2h'],
    ['/build hello --memory 4 gib', 'build hello memoryBytes=4294967296'],
    ['/build hello --memory 4096', 'mistake → /build hello --memory 4096MiB'],
  ])('%s means %s', (line, meaning) => {
    expect(brief(parseCommandLine(line))).toBe(meaning);
  });
});

test('other bots’ commands get no answer, with punctuation, arguments and capitals too', () => {
  const others =
    'retest unapprove lgtm assign hold unhold cc uncc close reopen milestone kind ok-to-test test test-all label area ' +
    'priority sig triage lifecycle cherry-pick override rebase merge title due estimate spend draft ready todo done ' +
    'subscribe unsubscribe lock unlock unassign reassign packit bors renovate skip retitle remove-lgtm shrug verified';
  for (const verb of others.split(' ')) {
    for (const line of [`/${verb}`, `/${verb}!`, `/${verb} hello @someone`, `/${verb.toUpperCase()}`]) {
      expect([line, parseCommandLine(line)]).toEqual([line, undefined]);
    }
    expect(parseCommandLine(`@coppice ${verb}`)).toMatchObject({ kind: 'mistake', suggestion: '/help' });
  }
});

test('what nobody sees is named, wherever it stands', () => {
  expect(parseComment('\ufeff/build').commands).toMatchObject([{ kind: 'build', line: '‹U+FEFF›/build' }]);
  expect(parseCommandLine('/build hel\u200blo')).toMatchObject({
    kind: 'mistake',
    line: '/build hel‹U+200B›lo',
    why: 'The line holds what nobody sees: U+200B (zero-width space).',
  });
});

test('all mistakes of a line are told at once', () => {
  expect(parseCommandLine('/build hello --chrot x --memory 4GB')).toMatchObject({
    why: expect.stringMatching(/^The options of `\/build` are .* `4GB` is no size; `4GiB` is one\.$/),
    suggestion: '/build hello --chroot x --memory 4GiB',
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
    ['\ufeff/build hello\n/status', ['build hello', 'status']],
    ['\u200b/build hello', ['build hello']],
    ['Hi\n\n\u200b@coppice: build hello', ['build hello']],
    ['\ufeff- /build a\n- /build b', ['build a', 'build b']],
    ['／build hello\n/status', ['build hello', 'status']],
    ['\ufeff／build hello', ['build hello']],
    ['Hi all\nHey @coppice, build hello', ['build hello']],
    ['> Hey @coppice, build hello', []],
    ['Hey `@coppice build hello`', []],
    ['\ufeff\\/build hello', []],
    ['\u200b> /build hello', []],
    ['/lgtm\n/retest\n/status', ['status']],
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
        '\ufeff',
        '\u200b',
        '@coppice: ',
        '/biuld —force ',
        '/status hello # ',
      ),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        const { commands } = parseComment(pieces.join(''));
        expect(commands.length).toBeLessThanOrEqual(maximumCommands);
      }),
    );
  });

  test('a suggestion, pasted as a comment, is no mistake', () => {
    const word = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 8 }).filter((text) => !/[\r\n\u0085\u2028\u2029]/.test(text)),
      fc.constantFrom('--chrot', '--forse', '--force=yes', '--timeout', '--timeot=soon', '--memory', '4GB', '2 hours'),
      fc.constantFrom('--with', '-docs', '--project', '--after', '0', '42', '#7', 'hello', 'a,b', '@cat', 'acme/tools'),
      fc.constantFrom(
        '—force',
        '–',
        '“two',
        'words”',
        "don't",
        '# note',
        '*a*',
        '_b_',
        'c_d',
        '`',
        '\u200b',
        'x.',
        '!',
      ),
    );
    const verb = fc.constantFrom(...verbs, 'biuld', 'statsu', 'rebiuld', 'cancle', 'freze', 'unfreeze');
    const start = fc.constantFrom('/', '@coppice ', '@coppice: ', '@coppice please ', '\ufeff/');
    let seen = 0;
    fc.assert(
      fc.property(start, verb, fc.array(word, { maxLength: 7 }), (how, name, words) => {
        const { commands } = parseComment(`${how}${name} ${words.join(' ')}`);
        for (const command of commands) {
          if (command.kind !== 'mistake' || command.suggestion === undefined) continue;
          seen += 1;
          // What decide/instead.ts puts there.
          const pasted = command.suggestion.replaceAll('<chroot>', 'a-1-b').replace(/<owner\/([\w.+-]+)>/g, 'own/$1');
          const again = parseComment(pasted).commands;
          expect(again.map(({ kind }) => kind)).not.toContain('mistake');
          expect(again).toHaveLength(pasted.split('\n').length);
        }
      }),
      { numRuns: 2000 },
    );
    expect(seen).toBeGreaterThan(100);
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
