// What programs read of the site: lists under `api/v1/`, feeds, badges; where they stand and of which form they are.
// Pure.
import { z } from 'zod';
import { buildStates, failureReasons } from '../words/build.ts';
import { eventIndexSchema, eventSchema } from '../words/event.ts';
import { published } from '../words/published.ts';
import {
  buildSummarySchema,
  buildsJsonSchema,
  liveBuildSchema,
  projectsJsonSchema,
  queueSnapshotSchema,
  resultSchema,
  sandboxesJsonSchema,
  serviceJsonSchema,
} from '../words/result.ts';

/** Numbers of builds in one file of a list: those that begin alike. */
export const buildsPerFile = 100;

/** Entries of a feed, and builds in the newest list of an owner. */
export const feedEntries = 30;

/** A folder beside a file: `tools.json` may be the name of a project, too. No name has a tilde. */
function folderBeside(name: string, ending: string): string {
  return name.endsWith(ending) ? `${name}~` : name;
}

const ofProject = (owner: string, project: string) => `api/v1/projects/${owner}/${folderBeside(project, '.json')}`;
const badgesOf = (owner: string, project: string) => `badges/${owner}/${folderBeside(project, '.svg')}`;
const fileOf = (id: number) => `${Math.floor(id / buildsPerFile)}.json`;

/** Paths inside `published/` of what programs read. Names were checked at the parsing border. */
export const programFiles = {
  index: 'api/v1/index.json',
  schema: (name: string) => `api/v1/schema/${name}.json`,
  /** What a web server that only has files answers below `api/` where there is nothing. */
  lacks: 'api/v1/not-found.json',
  /** All builds whose numbers begin as `id` does. */
  builds: (id: number) => `api/v1/builds/${fileOf(id)}`,
  owner: (owner: string) => `api/v1/owners/${owner}.json`,
  ownerBuilds: (owner: string) => `api/v1/owners/${folderBeside(owner, '.json')}/builds.json`,
  project: (owner: string, project: string) => `api/v1/projects/${owner}/${project}.json`,
  /** All of one project but its own file. */
  projectFolder: ofProject,
  projectBuilds: (owner: string, project: string, id: number) => `${ofProject(owner, project)}/builds/${fileOf(id)}`,
  package: (owner: string, project: string, name: string) => `${ofProject(owner, project)}/packages/${name}.json`,
  feed: 'feeds/builds.atom',
  failuresFeed: 'feeds/failures.atom',
  ownerFeed: (owner: string) => `feeds/owners/${owner}.atom`,
  projectFeed: (owner: string, project: string) => `feeds/projects/${owner}/${project}.atom`,
  projectBadge: (owner: string, project: string) => `badges/${owner}/${project}.svg`,
  /** All badges of one project but its own. */
  badgeFolder: badgesOf,
  packageBadge: (owner: string, project: string, name: string) => `${badgesOf(owner, project)}/${name}.svg`,
  versionBadge: (owner: string, project: string, name: string) =>
    `${badgesOf(owner, project)}/${folderBeside(name, '.svg')}/version.svg`,
  sitemap: 'sitemap.xml',
  projectSitemap: (owner: string, project: string) => `${owner}/${project}/sitemap.xml`,
  docsSitemap: 'docs/sitemap.xml',
  openSearch: 'opensearch.xml',
  robots: 'robots.txt',
} as const;

const path = z.string().regex(/^\//);

/** A build in the lists of a project: what `builds.json` says, and more. */
const projectBuildSchema = z.strictObject({
  ...buildSummarySchema.shape,
  version: z.string().nullable().describe('Version and release of what it made; null before there is one.'),
  requestedBy: z.string(),
  request: z.string().describe('Address of the comment or commit that asked for it.'),
  chroots: z.array(
    z.strictObject({
      chroot: z.string(),
      state: z.enum(buildStates),
      reason: z.enum(failureReasons).nullable(),
      results: path.describe('The folder with packages, logs and `result.json`.'),
    }),
  ),
});
export type ProjectBuild = z.infer<typeof projectBuildSchema>;

const projectBuildsSchema = z.strictObject({
  builds: z.array(projectBuildSchema).describe('Newest first.'),
  older: path.optional().describe('The next file of the list; absent in the last one.'),
});

/** How a package stands in one chroot. */
const standingSchema = z.strictObject({
  chroot: z.string(),
  newest: z
    .strictObject({ build: z.int().positive(), state: z.enum(buildStates), reason: z.enum(failureReasons).nullable() })
    .nullable()
    .describe('The newest build that says something, be it at work; null: it was never built here.'),
  installable: z
    .strictObject({
      build: z.int().positive(),
      version: z.string().nullable(),
      packages: z.array(z.string()).describe('Names that dnf can install.'),
    })
    .nullable()
    .describe('The newest build that gave packages.'),
});
export type Standing = z.infer<typeof standingSchema>;

const packageHead = {
  name: z.string(),
  page: z.string().describe('The address of its page.'),
  stated: z.boolean().describe('The config repository speaks of it.'),
  source: z.string().nullable(),
  needs: z.array(z.string()).describe('Packages of the project that are built before it.'),
  version: z.string().nullable().describe('Of the newest build that gave packages.'),
  chroots: z.array(standingSchema),
};

const packageFileSchema = z.strictObject({
  owner: z.string(),
  project: z.string(),
  ...packageHead,
  buildCount: z.int().nonnegative(),
  builds: z.array(projectBuildSchema).describe('Newest first, 100 at most.'),
  older: path.optional().describe("The file of the project's builds in which to read on."),
});
export type PackageFile = z.infer<typeof packageFileSchema>;

const projectFileSchema = z.strictObject({
  owner: z.string(),
  project: z.string(),
  description: z.string(),
  page: z.string(),
  stated: z.boolean(),
  frozen: z.string().nullable().describe('Why nothing is published; null while it is not frozen.'),
  homepage: z.string().nullable(),
  contact: z.string().nullable(),
  keys: z.array(z.string()).describe('Fingerprints of its signing keys, the one that signs first.'),
  publicKey: path,
  repositories: z
    .array(z.strictObject({ chroot: z.string(), repository: path, repoFile: path }))
    .describe('One for each chroot: the dnf repository, and a file for /etc/yum.repos.d/.'),
  packages: z.array(z.strictObject({ ...packageHead, file: path })),
  buildCount: z.int().nonnegative(),
  builds: path.nullable().describe('The newest file of its builds; null: there are none.'),
  feed: path,
  badge: path,
});
export type ProjectFile = z.infer<typeof projectFileSchema>;

const ownerFileSchema = z.strictObject({
  owner: z.string(),
  projects: z.array(
    z.strictObject({
      project: z.string(),
      description: z.string(),
      page: z.string(),
      stated: z.boolean(),
      chroots: z.array(z.string()),
      file: path,
    }),
  ),
  builds: path,
  feed: path,
});
export type OwnerFile = z.infer<typeof ownerFileSchema>;

const indexSchema = z.strictObject({
  documentation: path,
  files: z.array(
    z.strictObject({
      path: path.describe('In braces: what is to be put there.'),
      schema: path.nullable().describe('The JSON Schema of the file, or of each line of it; null: it is no JSON.'),
      about: z.string(),
    }),
  ),
});
export type ProgramIndex = z.infer<typeof indexSchema>;

const errorSchema = z.strictObject({ error: z.string().describe('A sentence for people.') });

/** A kind of file that is there for programs. */
interface Kind {
  /** With what is to be put there in braces; without a slash at the start. */
  readonly path: string;
  /** The name of its schema. */
  readonly schema: keyof typeof schemas | null;
  readonly about: string;
}

const schemas = {
  live: liveBuildSchema,
  service: serviceJsonSchema,
  index: indexSchema,
  builds: buildsJsonSchema,
  'project-builds': projectBuildsSchema,
  owner: ownerFileSchema,
  project: projectFileSchema,
  package: packageFileSchema,
  projects: projectsJsonSchema,
  queue: queueSnapshotSchema,
  sandboxes: sandboxesJsonSchema,
  'newest-build': z.strictObject({ id: z.int().nonnegative() }),
  result: resultSchema,
  events: eventIndexSchema,
  event: eventSchema,
  error: errorSchema,
} as const;

/** Every kind of file that programs may rely on. */
export const programKinds: readonly Kind[] = [
  { path: programFiles.index, schema: 'index', about: 'This list.' },
  { path: 'api/v1/schema/{name}.json', schema: null, about: 'JSON Schemas of all these files.' },
  { path: published.buildsJson, schema: 'builds', about: 'The newest hundred builds and all that have not ended.' },
  { path: 'api/v1/builds/{n}.json', schema: 'builds', about: 'The builds from number 100 n on, a hundred at most.' },
  { path: 'api/v1/owners/{owner}.json', schema: 'owner', about: 'The projects of an owner.' },
  { path: 'api/v1/owners/{owner}/builds.json', schema: 'builds', about: `The newest ${feedEntries} of an owner.` },
  {
    path: 'api/v1/projects/{owner}/{project}.json',
    schema: 'project',
    about: 'A project: its repositories, its packages, and what can be installed.',
  },
  {
    path: 'api/v1/projects/{owner}/{project}/builds/{n}.json',
    schema: 'project-builds',
    about: 'Its builds from number 100 n on.',
  },
  {
    path: 'api/v1/projects/{owner}/{project}/packages/{package}.json',
    schema: 'package',
    about: 'A package and its newest hundred builds.',
  },
  { path: published.projectsJson, schema: 'projects', about: 'What the config repository states.' },
  { path: published.queueJson, schema: 'queue', about: 'The builds that have not ended, with their phases.' },
  { path: published.sandboxesJson, schema: 'sandboxes', about: 'How long the sandboxes of pull requests stay.' },
  { path: published.serviceJson, schema: 'service', about: 'Pools of builders, limits, and what is in trouble.' },
  { path: 'api/v1/live/{id}.json', schema: 'live', about: 'How a build is doing.' },
  { path: published.newestBuild, schema: 'newest-build', about: 'The highest number that was given to a build.' },
  {
    path: 'results/{owner}/{project}/{chroot}/{build}-{package}/result.json',
    schema: 'result',
    about: 'All that is known of a build in one chroot; the number has eight digits.',
  },
  { path: published.eventIndex, schema: 'events', about: 'The days of which there are events.' },
  { path: 'events/{day}.jsonl', schema: 'event', about: 'What happened to builds, a line for each event.' },
  { path: programFiles.feed, schema: null, about: 'Atom: builds that have ended.' },
  { path: programFiles.failuresFeed, schema: null, about: 'Atom: builds that have failed.' },
  { path: 'feeds/owners/{owner}.atom', schema: null, about: 'Atom: builds of an owner that have ended.' },
  { path: 'feeds/projects/{owner}/{project}.atom', schema: null, about: 'Atom: those of a project.' },
  { path: 'badges/{owner}/{project}.svg', schema: null, about: 'SVG: how a project stands.' },
  { path: 'badges/{owner}/{project}/{package}.svg', schema: null, about: 'SVG: how a package stands.' },
  { path: 'badges/{owner}/{project}/{package}/version.svg', schema: null, about: 'SVG: what can be installed of it.' },
  { path: programFiles.lacks, schema: 'error', about: 'What is answered below api/ where there is nothing.' },
];

/** The answer where there is nothing. */
export const lacksAnswer: z.infer<typeof errorSchema> = {
  error: `There is no such file. What there is: /${programFiles.index}; how to read it: /docs/reference/api/.`,
};

/** The list of all kinds, as it is published. */
export function programIndex(): ProgramIndex {
  return {
    documentation: '/docs/reference/api/',
    files: programKinds.map(({ path: at, schema, about }) => ({
      path: `/${at}`,
      schema: schema === null ? null : `/${programFiles.schema(schema)}`,
      about,
    })),
  };
}

let made: Readonly<Record<string, object>> | undefined;

/**
 * Name → JSON Schema of every kind of file, with an `$id` below `url` (without a slash at the end) where one is given.
 * Readers are to take keys that they do not know.
 */
export function programSchemas(url?: string): Readonly<Record<string, object>> {
  made ??= Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, openSchema(schema)]));
  if (url === undefined) return made;
  const named = Object.entries(made).map(([name, schema]) => {
    return [name, { $id: `${url}/${programFiles.schema(name)}`, ...schema }];
  });
  return Object.fromEntries(named);
}

function openSchema(schema: z.ZodType): object {
  return z.toJSONSchema(schema, {
    io: 'input',
    override: ({ jsonSchema }) => {
      if (jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
    },
  });
}

/** What a file of a kind must be like, more strictly than its JSON Schema: for tests of those who write them. */
export function checkProgramFile(kind: keyof typeof schemas, value: unknown): void {
  schemas[kind].parse(value);
}

/** The kind of a file of JSON, by its path inside `published/`; undefined for other files. */
export function programKindOf(file: string): keyof typeof schemas | undefined {
  if (/^api\/v1\/schema\//.test(file)) return undefined;
  const known = programKinds.find(({ path: at }) => {
    const pattern = at.replace(/[.]/g, '\\$&').replace(/\{\w+\}/g, '[^/]+');
    return new RegExp(`^${pattern}$`).test(file);
  });
  return known?.schema ?? undefined;
}
