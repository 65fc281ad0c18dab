// The form of `projects/<owner>/<name>.yaml`.
import { z } from 'zod';
import { keyKinds } from '../words/signing.ts';
import {
  checkCount,
  chroot,
  duration,
  keptAfter,
  listOf,
  loginOrTeam,
  loginTeamOrBot,
  packageName,
  prose,
  size,
} from '../yaml/fields.ts';
import {
  builderLabels,
  buildrootShape,
  contact,
  day,
  formerProject,
  httpsAddress,
  keptBuilds,
  metadata,
  publishMode,
  repoOptions,
  repository,
  runtimeRepo,
} from './project-fields.ts';
import { sourceSchema } from './source-fields.ts';

/** Most chroots of a project: each costs something for each package. */
const maximumChroots = 64;

const downgrade = z.enum(['warn', 'allow']);

const packageSchema = z.strictObject({
  source: sourceSchema.describe('Where the package comes from.'),
  needs: listOf(packageName, 'a list of package names')
    .prefault([])
    .describe('Packages of this project that are built first when both are built.'),
  downgrade: downgrade.describe('warn or allow, as in the project; default: what the project says.').exactOptional(),
  rebuildOnNeeds: z.boolean().prefault(false).describe('Build it again whenever one of its needs is built anew.'),
  timeout: duration
    .describe(
      'How long one build may take, and as long before it the installing of what it needs; default: limits.timeout of coppice.yaml.',
    )
    .exactOptional(),
  memory: size.describe('What memory one build may use; default: limits.memory of coppice.yaml.').exactOptional(),
  chroots: listOf(chroot, 'a list of chroot names', { minimum: 1, maximum: maximumChroots })
    .describe("Fewer chroots than the project's; default: all of them.")
    .exactOptional(),
  network: z.boolean().describe("Builds may reach the network; default: the project's.").exactOptional(),
  background: z.boolean().describe("Builds wait for all others; default: the project's.").exactOptional(),
  builderLabels: builderLabels
    .describe("Labels that its builders must have, in place of the project's; default: the project's.")
    .exactOptional(),
  ...buildrootShape,
});
export type PackageYaml = z.infer<typeof packageSchema>;

const chrootOptions = z.strictObject(buildrootShape).nullable().describe('Options of all packages for this chroot.');

const chroots = z
  .union(
    [
      listOf(chroot, 'a list of chroot names', { minimum: 1, maximum: maximumChroots }),
      z.record(chroot, chrootOptions).superRefine(checkCount('chroot', maximumChroots)),
    ],
    { error: 'a list of chroot names, or a mapping from names to options' },
  )
  .describe('What the packages are built for: a list of names, or a mapping from names to options.');

const retention = z.strictObject({
  failed: duration
    .describe('How long builds are kept that did not succeed; default: as coppice.yaml says.')
    .exactOptional(),
  superseded: duration
    .describe('How long builds are kept after a newer one of the same package and chroot succeeded; default: the same.')
    .exactOptional(),
  failedBuilds: keptBuilds
    .describe('How many builds of a package and chroot that did not succeed are kept; default: the same.')
    .exactOptional(),
  supersededBuilds: keptBuilds
    .describe('How many superseded builds of a package and chroot are kept; default: the same.')
    .exactOptional(),
  removed: keptAfter
    .describe('What becomes of what a package that leaves the project has published; default: the same.')
    .exactOptional(),
});

export const projectSchema = z
  .strictObject({
    description: prose(1000, 'What the project is, in a sentence.').prefault(''),
    instructions: prose(20_000, 'What its users should know, in Markdown.').prefault(''),
    homepage: httpsAddress.describe('An https address where people read more.').exactOptional(),
    contact: contact.describe('Whom users turn to: a mail or https address.').exactOptional(),
    maintainers: listOf(loginOrTeam, 'a list of logins', { minimum: 1 }).describe('May change and build the project.'),
    builders: listOf(loginTeamOrBot, 'a list of logins').prefault([]).describe('May build the project.'),
    chroots,
    repos: listOf(repository, 'a list of addresses', { maximum: 50 })
      .prefault([])
      .describe(
        "Further repositories that builds read: https base URLs, or coppice://owner/project. The project's own is always read.",
      ),
    runtimeRepos: z
      .array(runtimeRepo, { error: 'a list of addresses' })
      .max(50, { error: 'a list of addresses with 50 items or less' })
      .prefault([])
      .describe(
        'Repositories that users of the packages need as well: addresses, or mappings with `url` and `key`, the address of the key of its packages. They go into the .repo file, with those that they need in turn.',
      ),
    repoOptions: repoOptions.describe(
      'What the .repo file tells dnf of the repository: priority, cost, module_hotfixes, multilib.',
    ),
    network: z
      .boolean()
      .prefault(false)
      .describe('Builds may reach the network, if allow.network of coppice.yaml agrees.'),
    background: z.boolean().prefault(false).describe('Builds wait for all that are not in the background.'),
    builderLabels: builderLabels
      .prefault([])
      .describe('Labels that builders must have, of those that the pools of the service offer.'),
    publish: publishMode
      .prefault('each')
      .describe(
        'When users see what was built: each build at once, all of a batch when its last build has ended, or manual: when somebody writes `/publish`.',
      ),
    downgrade: downgrade
      .prefault('warn')
      .describe('Whether checks and builds warn of a version that is lower than the published one: warn or allow.'),
    metadata,
    signing: z
      .strictObject({
        kind: z
          .enum(keyKinds)
          .prefault('rsa4096')
          .describe('rsa4096, which every rpm reads, or ed25519, which that of EL 8 and older does not.'),
      })
      .prefault({})
      .describe(
        'What the signing key of the project is (kind). The key that it has stays until coppice rotate-key; default: kind rsa4096.',
      ),
    pinned: z.boolean().prefault(false).describe('Shown first among the projects.'),
    retention: retention
      .prefault({})
      .describe(
        'What the project says itself of how long results are kept. The first four may keep less than coppice.yaml says, not more.',
      ),
    frozen: prose(
      500,
      'Why nothing is built or published; remove the key to go on. `/freeze` sets it.',
      'a reason in words',
    )
      .refine((text) => text.trim() !== '', {
        params: { hint: 'say why in a few words' },
        error: '`frozen` gives no reason',
      })
      .exactOptional(),
    deleteAfter: day
      .describe('The day (UTC) on which the bot commits the removal of the project; default: never.')
      .exactOptional(),
    forkedFrom: formerProject.describe('The project that this one began as. `/fork` sets it.').exactOptional(),
    renamedFrom: formerProject
      .describe('The former owner/project, whose results are then moved here; remove it afterwards.')
      .exactOptional(),
    packages: z.record(packageName, packageSchema).prefault({}).describe('The packages by name.'),
  })
  .describe('projects/<owner>/<name>.yaml: one project.');
export type ProjectYaml = z.infer<typeof projectSchema>;
