import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findReturn, findReturnFault } from './line-ends.ts';

const returned = (text: string) => text.replaceAll('\n', '\r\n');
const spec = 'Name: a\n%description\nd\n%prep\n\n%build\nmake\n%files\n/usr/share/a\n';

describe('a carriage return that a shell would read', () => {
  test.each<[string, Parameters<typeof findReturn>[1], string, number | undefined]>([
    ['in a spec of Windows', 'spec', returned(spec), 5],
    ['in one line of a section', 'spec', spec.replace('make\n', 'make\r\n'), 7],
    ['in a scriptlet', 'spec', `${spec}%post -n b\necho x\r\n`, 11],
    ['not in tags, texts and file lists', 'spec', returned('Name: a\n%description\nd\n%files\n/a\n'), undefined],
    ['not in comments and conditions', 'spec', '%build\n# a\r\n%if 1\r\n%endif\r\ntrue\n', undefined],
    ['not in Lua', 'spec', '%post -p <lua>\nprint(1)\r\n', undefined],
    ['not in a spec of Unix', 'spec', spec, undefined],
    ['in the first line of a script', 'script', '#!/bin/sh\r\necho\r\n', 1],
    ['not in the data of a script', 'script', "#!/bin/sh\ncat <<'X'\na\r\nX\n", undefined],
    ['in a Makefile', 'makefile', '# a\r\nsrpm:\r\n\ttrue\r\n', 2],
  ])('%s', (_, kind, text, line) => {
    expect(findReturn(text, kind)).toBe(line);
  });
});

describe('of a source', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'coppice-returns-'));
  });
  afterEach(() => rm(folder, { recursive: true }));
  const common = { fetched: [], notes: [] } as const;

  test('the spec is named, with what to do', async () => {
    await writeFile(join(folder, 'a.spec'), returned(spec));
    const read = { spec: 'a.spec', specText: '', chroots: [], sources: [], variants: [] };
    const source = { ...common, ...read, kind: 'tree', method: 'spec', needsNetwork: false, folder } as const;
    expect(await findReturnFault(source)).toMatchObject({
      reason: 'source',
      message: expect.stringMatching(
        /^"a\.spec" has the line ends of Windows \(CRLF; the first in line 1\), and from line 5 on .*dos2unix/,
      ),
    });
  });

  test('make_srpm is asked for its Makefile and its spec, and no link leads out of the tree', async () => {
    await mkdir(join(folder, 'tree/.copr'), { recursive: true });
    await writeFile(join(folder, 'outside'), 'srpm:\r\n');
    await symlink('../../outside', join(folder, 'tree/.copr/Makefile'));
    await writeFile(join(folder, 'tree/a.spec'), returned(spec));
    const tree = { subdirectory: undefined, needsNetwork: false, folder: join(folder, 'tree') };
    const source = { ...common, ...tree, kind: 'tree', method: 'make_srpm', spec: 'a.spec' } as const;
    expect(await findReturnFault(source)).toMatchObject({ message: expect.stringMatching(/^"a\.spec" has/) });
    expect(await findReturnFault({ ...source, spec: undefined })).toBeUndefined();
  });
});
