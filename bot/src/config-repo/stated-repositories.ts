// What repositories a config asks for, with the further files of their metadata.
import type { FurtherFile, StatedRepositories } from '@coppice/builder-runner/runner';
import { type Project, projectKey } from '@coppice/config';
import type { ConfigAtCommit } from './config-in-force.ts';
import { openContent, packContent } from './metadata-files.ts';
import type { ConfigRepoReader } from './mirror.ts';

/** Of each project of a config; none while there is no config. */
export function statedRepositories(
  at: Pick<ConfigAtCommit, 'config' | 'metadataIds'> | undefined,
  reader: Pick<ConfigRepoReader, 'content'>,
): readonly StatedRepositories[] {
  if (at === undefined) return [];
  const { projects, policy } = at.config;
  return projects.map((project) => {
    const isActive = new Set(project.chroots.filter((name) => policy.chrootStates.get(name)?.state === 'active'));
    const files = metadataOf(project, at.metadataIds ?? new Map());
    return {
      ...{ owner: project.owner, project: project.name },
      chroots: project.chroots.filter((name) => isActive.has(name)),
      restingChroots: project.chroots.filter((name) => !isActive.has(name)),
      furtherKey: files.map(({ kind, path, id }) => `${kind} ${path} ${id}`).join('\n'),
      further: async () => (await Promise.all(files.map((file) => readFurther(file, reader)))).flat(),
    };
  });
}

interface StatedFile {
  readonly kind: 'comps' | 'appstream';
  readonly path: string;
  readonly id: string;
}

function metadataOf(project: Project, ids: ReadonlyMap<string, string>): readonly StatedFile[] {
  return (['comps', 'appstream'] as const).flatMap((kind): readonly StatedFile[] => {
    const name = project.metadata[kind];
    const path = `packages/${projectKey(project)}/${name}`;
    const id = name === null ? undefined : ids.get(path);
    return id === undefined ? [] : [{ kind, path, id }];
  });
}

/** The same content gives the same metadata, whenever it was written: no times. */
const seconds = 0;

/** Groups in both of the forms that clients ask for; AppStream's catalogue packed, as they expect it. */
async function readFurther({ kind, path, id }: StatedFile, reader: Pick<ConfigRepoReader, 'content'>) {
  const content = await reader.content(id);
  const open = await openContent(path, content);
  const packed: Pick<FurtherFile, 'content' | 'open' | 'seconds'> = {
    ...{ content: await packContent(path, content), open, seconds },
  };
  if (kind === 'appstream') return [{ type: 'appstream', ending: 'appstream.xml.gz', ...packed }];
  return [
    { type: 'group', ending: 'comps.xml', content: open, seconds },
    { type: 'group_gz', ending: 'comps.xml.gz', ...packed },
  ];
}
