import { describe, expect, test } from 'vitest';
import { checkLinks, createLinkFollower } from './follow-links.ts';

const place = 'packages/acme/tools/hello';

function treeOf(links: Readonly<Record<string, string>>, ...files: string[]) {
  return { paths: new Set([...files, ...Object.keys(links)]), links: new Map(Object.entries(links)) };
}

const faultOf = (text: string, ...files: string[]) =>
  createLinkFollower(treeOf({ [`${place}/link`]: text }, `${place}/hello.spec`, 'shared/a/b', ...files))(place)
    .faults[0]?.fault;

describe('a link is followed', () => {
  test('to files anywhere in the repo, over other links and folders that are links', () => {
    const links = {
      [`${place}/one`]: 'hello.spec',
      [`${place}/two`]: './/one',
      [`${place}/three`]: '../../../../top/../shared/b',
      [`${place}/sub/four`]: '../../../../../current/b',
      current: 'shared',
    };
    const follow = createLinkFollower(treeOf(links, `${place}/hello.spec`, 'shared/b', 'top/x'));
    expect(follow(place)).toEqual({
      files: [
        { place: `${place}/one`, target: `${place}/hello.spec` },
        { place: `${place}/two`, target: `${place}/hello.spec` },
        { place: `${place}/three`, target: 'shared/b' },
        { place: `${place}/sub/four`, target: 'shared/b' },
      ],
      faults: [],
    });
    expect(follow('packages/acme/tools/other')).toEqual({ files: [], faults: [] });
  });

  test('where the folder itself is one, or leads to one', () => {
    const links = { [place]: '../../../current/hello', current: 'shared', 'shared/hello/common': '../common' };
    const follow = createLinkFollower(treeOf(links, 'shared/hello/hello.spec', 'shared/hello/sub/x', 'shared/common'));
    const files = [
      { place: `${place}/hello.spec`, target: 'shared/hello/hello.spec' },
      { place: `${place}/sub/x`, target: 'shared/hello/sub/x' },
      { place: `${place}/common`, target: 'shared/common' },
    ];
    expect(new Set(follow(place).files)).toEqual(new Set(files));
    const bad = { '../../../../out': 'outside', '/srv': 'absolute', gone: 'dangling', hello: 'circle', '..': 'circle' };
    for (const [text, fault] of Object.entries(bad)) {
      const faults = createLinkFollower(treeOf({ [place]: text }, 'shared/a'))(place).faults;
      expect([text, faults]).toEqual([text, [{ path: place, fault }]]);
    }
    expect(createLinkFollower(treeOf({ [place]: '../../../a' }, 'a'))(place)).toEqual({ files: [], faults: [] });
  });

  test('to folders, with the links in those', () => {
    const links = { [`${place}/all`]: '../../../../shared', 'shared/link': '../top' };
    expect(createLinkFollower(treeOf(links, 'shared/a/b', 'top'))(place).files).toEqual([
      { place: `${place}/all/a/b`, target: 'shared/a/b' },
      { place: `${place}/all/link`, target: 'top' },
    ]);
  });

  test.each([
    ['/etc/passwd', 'absolute'],
    ['../../../../../etc/passwd', 'outside'],
    ['../../../../../repo/shared/a/b', 'outside'],
    ['gone', 'dangling'],
    ['', 'dangling'],
    ['hello.spec/x', 'dangling'],
    ['hello.spec/', 'dangling'],
    ['hello.spec/..', 'dangling'],
    ['link', 'circle'],
    ['.', 'circle'],
    ['..', 'circle'],
    ['../../../..', 'circle'],
    ['../../../../shared/a/b', undefined],
    ['../../../../shared/a', undefined],
  ])('not to %j: %s', (text, fault) => {
    expect(faultOf(text)).toBe(fault);
  });

  test('not in a circle of folders, nor without end in depth or number', () => {
    const circle = { [`${place}/a`]: '../../../../shared', 'shared/back': '../packages/acme/tools' };
    expect(createLinkFollower(treeOf(circle, 'shared/x'))(place).faults).toEqual([
      { path: 'shared/back', fault: 'circle' },
    ]);
    // Each folder leads to the next one twice: 2^40 files.
    const doubled: Record<string, string> = { [`${place}/bomb`]: '../../../../d0' };
    for (let each = 0; each < 40; each += 1) {
      doubled[`d${each}/one`] = `../d${each + 1}`;
      doubled[`d${each}/two`] = `../d${each + 1}`;
    }
    expect(createLinkFollower(treeOf(doubled, 'd40/file'))(place).faults[0]?.fault).toBe('too-many');
    const deep = `${'a/'.repeat(5_000)}file`;
    expect(faultOf('../../../../a', deep)).toBe('too-many');
  });
});

test('the check names the link, what it says and what to do', () => {
  const links = { [`${place}/passwd`]: '/etc/passwd', [`${place}/fine`]: 'hello.spec', 'docs/gone': 'nowhere' };
  expect(checkLinks(treeOf(links, `${place}/hello.spec`))).toEqual({
    places: [`${place}/fine`],
    problems: [
      {
        path: `${place}/passwd`,
        line: 1,
        column: 1,
        message: 'the link to `/etc/passwd` leads to an absolute path',
        hint: 'let it lead to a file of this repository, by a relative path',
      },
    ],
  });
});
