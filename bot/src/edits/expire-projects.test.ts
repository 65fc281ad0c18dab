import type { Project } from '@coppice/config';
import { expect, test } from 'vitest';
import { dueProjects } from './expire-projects.ts';

const project = (name: string, deleteAfter: string | null, frozen: string | null = null) =>
  ({ owner: 'acme', name, deleteAfter, frozen }) as Project;
const names = (projects: readonly Project[], now: string) =>
  dueProjects(projects, new Date(now)).map(({ name }) => name);

test('a project is due from the first second (UTC) of the day that it names', () => {
  const projects = [
    project('old', '2026-11-21'),
    project('today', '2026-11-22'),
    project('tomorrow', '2026-11-23'),
    project('ever', null),
  ];
  expect(names(projects, '2026-11-21T23:59:59.999Z')).toEqual(['old']);
  expect(names(projects, '2026-11-22T00:00:00.000Z')).toEqual(['old', 'today']);
});

test('what admins look into stays', () => {
  expect(names([project('suspect', '2026-01-01', 'a licence is looked at')], '2026-11-22T12:00:00Z')).toEqual([]);
});
