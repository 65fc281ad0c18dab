// What pages are about in the words of https://schema.org, for search engines. Pure.
import { published } from '@coppice/config';
import { siteHref, webAddress } from '../markup/html.ts';
import type { PackageView } from './package-view.ts';
import type { ProjectView } from './project-view.ts';

type About = Readonly<Record<string, unknown>>;

/** A project, as what it is to whoever installs from it. `url` has no slash at the end. */
export function aboutProject({ owner, name, path, description, facts }: ProjectView, url: string): About {
  return {
    '@type': 'SoftwareApplication',
    name: `${owner}/${name}`,
    url: `${url}${siteHref(path)}`,
    ...(description === '' ? {} : { description }),
    applicationCategory: 'RPM repository',
    operatingSystem: 'Linux',
    ...(facts.homepage?.href ? { sameAs: facts.homepage.href } : {}),
  };
}

/** A package of a project. */
export function aboutPackage(view: PackageView, url: string): About {
  const { owner, project, name, path, version } = view;
  const repository = webAddress(view.source?.split(' ')[0] ?? '');
  return {
    '@type': 'SoftwareApplication',
    name,
    url: `${url}${siteHref(path)}`,
    ...(version === null ? {} : { softwareVersion: version }),
    applicationCategory: 'RPM package',
    operatingSystem: 'Linux',
    ...(repository === undefined ? {} : { isBasedOn: { '@type': 'SoftwareSourceCode', codeRepository: repository } }),
    isPartOf: {
      '@type': 'SoftwareApplication',
      name: `${owner}/${project}`,
      url: `${url}${siteHref(published.projectPage(owner, project))}`,
    },
  };
}
