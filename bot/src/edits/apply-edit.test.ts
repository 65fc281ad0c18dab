import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { applyEdit } from './apply-edit.ts';

const project = 'acme/tools';
const path = 'projects/acme/tools.yaml';
const text = `description: Small tools   # kept
maintainers: [Mia]
builders:
  - bea
chroots: [fedora-42-x86_64]
`;

test('who becomes a maintainer is no builder any more', () => {
  const { write } = applyEdit({ kind: 'grant', project, role: 'maintainer', login: 'bea' }, path, text, 'mia');
  const file = parse(write.get(path) ?? '');
  expect([file.maintainers, file.builders]).toEqual([['Mia', 'bea'], undefined]);
});

test('a fork takes over neither people nor what was decided about the project', () => {
  const stated = `pinned: true\ndeleteAfter: 2030-01-01\n${text}`;
  const { write, copy } = applyEdit({ kind: 'fork', project, owner: 'Mia', name: 'mine' }, path, stated, 'Mia');
  expect(parse(write.get('projects/Mia/mine.yaml') ?? '')).toEqual({
    forkedFrom: project,
    description: 'Small tools',
    maintainers: ['mia'],
    chroots: ['fedora-42-x86_64'],
  });
  expect(copy).toEqual([{ from: 'packages/acme/tools', to: 'packages/Mia/mine' }]);
});
