import type { BuildId } from '@coppice/config';
import { expect, test } from 'vitest';
import { packageForTests, projectForTests } from '../../../testing/project-for-tests.ts';
import { parseCommandLine } from '../read/parse-comment.ts';
import { concernedLeaving, isAboutConfig } from './concerned-leaving.ts';

const stated = ['tools', 'games'].map((name) => ({
  ...{ project: `acme/${name}`, statedAt: 'a', leftAt: 'b', by: 'mia', deleteAt: '2026-01-31T15:04:05Z' },
  stated: projectForTests({ name, packages: [packageForTests(`of-${name}`)], maintainers: [`${name}-maintainer`] }),
}));
const build = { id: 7 as BuildId, owner: 'acme', project: 'games:pr:4', package: 'x', chroots: [] };

test.each<[string, string[]]>([
  ['/status', ['tools', 'games']],
  ['/status acme/tools', ['tools']],
  ['/status --project acme/tools', ['tools']],
  ['/explain of-games', ['games']],
  ['/explain acme/tools/of-tools', ['tools']],
  ['/explain casefs', []],
  ['/build casefs of-tools', ['tools']],
  ['/build', ['games']],
  ['/plan', ['games']],
  ['/rebuild 7', ['games']],
])('%s is told of %j', (line, names) => {
  const command = parseCommandLine(line);
  if (command === undefined || !isAboutConfig(command)) throw new Error(JSON.stringify(command));
  const policy = { admins: [] } as unknown as Parameters<typeof concernedLeaving>[1]['policy'];
  const builds = line.includes('7') ? [build] : [];
  const concerned = concernedLeaving(command, { leaving: stated, stated, builds, actor: 'games-maintainer', policy });
  expect(concerned.map(({ project }) => project)).toEqual(names.map((name) => `acme/${name}`));
});
