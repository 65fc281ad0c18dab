import { parseConfigRepo, projectKey } from '@coppice/config';
import { describe, expect, test } from 'vitest';
import type { ConfigEdit } from '../vocabulary/config-edit.ts';
import { applyEdit } from './apply-edit.ts';
import { judgeEdit } from './judge-edit.ts';

const path = 'projects/acme/tools.yaml';
const text = `description: Small tools   # kept
maintainers: [Mia]
builders:
  - bea
chroots: [fedora-42-x86_64]
`;
const at = (file: string, place = path) =>
  parseConfigRepo({
    texts: new Map([
      ['coppice.yaml', 'admins: [root]\nchroots: [fedora-42-x86_64]\n'],
      [place, file],
    ]),
    oversize: new Map(),
    paths: new Set(['coppice.yaml', place]),
  });
const judged = (edit: ConfigEdit, actor: string, file = text) => {
  const parsed = at(file);
  if (!parsed.ok) throw new Error(parsed.problems.map(({ message }) => message).join());
  return judgeEdit(edit, parsed.value, actor).kind;
};
const project = 'acme/tools';

describe('a change of the config repo', () => {
  test.each<[ConfigEdit, string]>([
    [{ kind: 'grant', project, role: 'builder', login: 'new' }, 'mia'],
    [{ kind: 'grant', project, role: 'maintainer', login: 'bea' }, 'root'],
    [{ kind: 'drop', project, login: 'bea' }, 'bea'],
    [{ kind: 'freeze', project, reason: 'why' }, 'root'],
    [{ kind: 'delete', project }, 'mia'],
    [{ kind: 'fork', project, owner: 'Mia', name: 'mine' }, 'Mia'],
  ])('%o by %s: done once it is nothing more to do, and what it leaves is a config without problems', (edit, actor) => {
    expect(judged(edit, actor)).toBe('do');
    const change = applyEdit(edit, path, text, actor);
    for (const [place, file] of change.write) expect(at(file, place).ok).toBe(true);
    const changed = change.write.get(path);
    if (changed !== undefined) {
      expect(changed).toContain('Small tools   # kept');
      expect(judged(edit, actor, changed)).toBe('nothing');
    }
  });

  test('of a project that is gone is refused', () => {
    const parsed = at(text);
    const config = parsed.ok ? { ...parsed.value, projects: [] } : undefined;
    expect(config && judgeEdit({ kind: 'delete', project }, config, 'root').kind).toBe('refuse');
    expect(parsed.ok && parsed.value.projects.map(projectKey)).toEqual([project]);
  });
});
