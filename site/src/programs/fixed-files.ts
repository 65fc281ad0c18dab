// Files that are the same as long as Coppice and its address are.
import { readFileSync } from 'node:fs';
import { lacksAnswer, programFiles, programIndex, programSchemas } from '@coppice/config';
import type { SiteFile } from '../model/site-file.ts';
import { openSearch, robots } from './crawlers.ts';

/** `url` has no slash at the end. */
export function fixedFiles(url: string): readonly SiteFile[] {
  const schemas = Object.entries(programSchemas(url));
  return [
    { path: programFiles.index, content: programIndex },
    ...schemas.map(([name, schema]) => ({ path: programFiles.schema(name), content: () => schema })),
    { path: programFiles.lacks, content: () => lacksAnswer },
    { path: programFiles.robots, content: () => robots(url) },
    { path: programFiles.openSearch, content: () => openSearch(url) },
    { path: 'favicon.ico', content: () => readFileSync(new URL('../../assets/root/favicon.ico', import.meta.url)) },
  ];
}
