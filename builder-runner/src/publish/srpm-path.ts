// Where a build's source package is published.
import { join } from 'node:path';
import { published, type QueuedBuild } from '@coppice/config';
import type { Publisher } from './publish.ts';

/** Absolute path of the published source package of a build that has one. */
export function srpmPath({ home }: Pick<Publisher, 'home'>, build: QueuedBuild): string {
  return join(home, 'published', published.srpmBuild(build), build.srpm ?? '');
}
