// What the lists of all projects and of all packages show: how people find things without the search.
import { published } from '@coppice/config';
import { siteHref } from '../markup/html.ts';

/** Addresses of the pages before and behind. */
interface Pages {
  readonly path: string;
  readonly number: number;
  readonly before: string | null;
  readonly behind: string | null;
}

export interface ProjectListView extends Pages {
  readonly owners: readonly {
    readonly owner: string;
    readonly projects: readonly {
      readonly name: string;
      readonly href: string;
      readonly description: string;
      readonly packages: number;
    }[];
  }[];
}

export interface PackageListView extends Pages {
  /** `A`, or `0–9`. */
  readonly title: string;
  readonly rows: readonly {
    readonly name: string;
    readonly href: string;
    readonly project: string;
    readonly projectHref: string;
    readonly version: string | null;
    readonly summary: string;
  }[];
}

export interface PackageLettersView {
  readonly letters: readonly { readonly title: string; readonly href: string; readonly count: number }[];
}

interface Listed<T> {
  readonly project: string;
  readonly name: string;
  readonly line: T;
}

const longestDescription = 200;

export function projectList(
  number: number,
  rows: readonly Listed<{ readonly description: string; readonly packages: number }>[],
  isLast: boolean,
): ProjectListView {
  const named = rows.map(({ project, line }) => {
    const [owner = '', name = ''] = project.split('/');
    const description = line.description.slice(0, longestDescription).toWellFormed();
    return { owner, name, href: siteHref(published.projectPage(owner, name)), description, packages: line.packages };
  });
  const owners = [...Map.groupBy(named, ({ owner }) => owner)].map(([owner, projects]) => ({ owner, projects }));
  return { ...pagesOf('projects/', number, isLast), owners };
}

export function packageList(
  letter: string,
  number: number,
  rows: readonly Listed<{ readonly version: string | null; readonly summary: string }>[],
  isLast: boolean,
): PackageListView {
  return {
    ...pagesOf(`packages/${letter}/`, number, isLast),
    title: titleOf(letter),
    rows: rows.map(({ project, name, line }) => {
      const [owner = '', of = ''] = project.split('/');
      const href = siteHref(published.packagePage(owner, of, name));
      return { name, href, project, projectHref: siteHref(published.projectPage(owner, of)), ...line };
    }),
  };
}

export function packageLetters(
  letters: readonly { readonly letter: string; readonly count: number }[],
): PackageLettersView {
  return {
    letters: letters.map(({ letter, count }) => ({ title: titleOf(letter), href: `/packages/${letter}/`, count })),
  };
}

function titleOf(letter: string): string {
  return letter === '0' ? '0–9' : letter.toUpperCase();
}

function pagesOf(first: string, number: number, isLast: boolean): Pages {
  const page = (of: number) => (of === 1 ? first : `${first}${of}/`);
  return {
    path: page(number),
    number,
    before: number === 1 ? null : `/${page(number - 1)}`,
    behind: isLast ? null : `/${page(number + 1)}`,
  };
}
