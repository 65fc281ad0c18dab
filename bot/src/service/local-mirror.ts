// How sources that are named as on github.com are found on the local GitHub instead.
import type { Settings } from '@coppice/config';

/** The example names its upstream as on github.com; the local GitHub at `url` stands in for it. */
export function mirrorToLocalGithub(settings: Settings, url: string): Settings {
  const mirrors = { 'https://github.com/': `${url}/`, ...settings.git.mirrors };
  return { ...settings, git: { ...settings.git, protocols: ['https', 'http'], mirrors } };
}
