// Eleventy as a function: data in, pages out; nothing is written here and nothing but the given data is rendered.
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import Eleventy, { type EleventyConfig, type MarkdownState } from '@11ty/eleventy';
import type { BuildView } from './view/build-view.ts';
import type { BuildsView } from './view/builds-view.ts';
import type { HomeView, OwnerView } from './view/home-view.ts';
import type { PackageLettersView, PackageListView, ProjectListView } from './view/list-view.ts';
import type { LogView } from './view/log-view.ts';
import type { PackageView } from './view/package-view.ts';
import type { ProjectView } from './view/project-view.ts';
import type { QueueView } from './view/queue-view.ts';
import type { BuildersView, ChrootRow, ChrootView, StatisticsView, StatusView } from './view/service-view.ts';

/** What one run renders: a page for each element. */
export interface PageData {
  readonly home: readonly HomeView[];
  readonly queue: readonly QueueView[];
  readonly owners: readonly OwnerView[];
  readonly builderPools: readonly BuildersView[];
  readonly status: readonly StatusView[];
  readonly statistics: readonly StatisticsView[];
  readonly chrootLists: readonly { readonly rows: readonly ChrootRow[] }[];
  readonly chroots: readonly ChrootView[];
  readonly notFound: readonly Record<string, never>[];
  readonly projects: readonly ProjectView[];
  readonly packages: readonly PackageView[];
  readonly builds: readonly BuildView[];
  readonly buildLists: readonly BuildsView[];
  readonly logs: readonly LogView[];
  readonly search: readonly Record<string, never>[];
  readonly projectLists: readonly ProjectListView[];
  readonly packageLetters: readonly PackageLettersView[];
  readonly packageLists: readonly PackageListView[];
}

/** A page and its path inside `published/`. */
export interface Page {
  readonly path: string;
  readonly content: string;
}

const room = fileURLToPath(new URL('..', import.meta.url));
/** Eleventy wants the name of an output folder; it is only taken off again, nothing is ever written there. */
const nowhere = '/coppice-pages-are-not-written-by-eleventy';

/**
 * Renders the pages of `pages/*.11ty.ts` for a site whose address is `url`, without a slash at the end. Eleventy keeps
 * state of its own: one run at a time.
 */
export function renderPages(data: PageData, url: string): Promise<readonly Page[]> {
  return render(`${room}pages`, (config) => {
    config.addGlobalData('site', data);
    config.addGlobalData('siteUrl', url);
  });
}

/** Renders `content/docs/` (Markdown, HTML in it is shown as text). One run at a time, as `renderPages`. */
export function renderDocs(content = `${room}content`): Promise<readonly Page[]> {
  return render(content, (config) => {
    config.setLayoutsDirectory(relative(content, `${room}layouts`));
    config.addGlobalData('layout', 'docs.11ty.ts');
    config.addGlobalData('templateEngineOverride', 'md');
    config.amendLibrary('md', (library) => {
      library.set({ html: false });
      library.core.ruler.push('coppice-links', linkPages);
      library.core.ruler.push('coppice-headings', nameHeadings);
    });
  });
}

async function render(input: string, configure: (config: EleventyConfig) => void): Promise<readonly Page[]> {
  const eleventy = new Eleventy(input, nowhere, {
    configPath: null,
    quietMode: true,
    config: (config) => {
      config.setUseGitIgnore(false);
      config.addTemplateFormats('11ty.ts');
      config.addExtension('11ty.ts', { key: '11ty.js' });
      configure(config);
    },
  });
  const pages = await eleventy.toJSON();
  return pages.map(({ url, content }) => ({
    path: url.endsWith('/') ? `${url.slice(1)}index.html` : url.slice(1),
    content,
  }));
}

/** Links between documents are written as paths of files (they work in an editor too) and become addresses of pages. */
function linkPages(state: MarkdownState): void {
  for (const token of state.tokens.flatMap((block) => block.children ?? [])) {
    const href = token.type === 'link_open' ? token.attrGet('href') : null;
    const match = href === null ? null : /^(?![a-z]+:|\/)([^#?]+)\.md(#.*)?$/.exec(href);
    if (match === null) continue;
    // A page stands one folder deeper than its file, so the address is reckoned from the file.
    const base = `https://site.invalid/${state.env.page.inputPath.replace(/^.*?(?=docs\/)/, '')}`;
    const target = new URL(`${match[1]}`, base).pathname.replace(/(^|\/)index$/, '$1');
    token.attrSet('href', `${target.endsWith('/') ? target : `${target}/`}${match[2] ?? ''}`);
  }
}

/** Headings get an id from their words, so that they can be linked. */
function nameHeadings(state: MarkdownState): void {
  for (const [index, token] of state.tokens.entries()) {
    if (token.type !== 'heading_open') continue;
    const words = state.tokens[index + 1]?.content.toLowerCase().replace(/[^a-z0-9]+/g, '-') ?? '';
    const id = words.replace(/^-|-$/g, '');
    if (id !== '') token.attrSet('id', id);
  }
}
