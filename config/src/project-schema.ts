// The form of `projects/<owner>/<name>.yaml`.
import { z } from 'zod';
import {
  chroot,
  downloadUrl,
  duration,
  gitRef,
  gitUrl,
  listOf,
  login,
  packageName,
  prose,
  repositoryUrl,
  sha256,
  specPath,
  subdirectory,
} from './fields.ts';

const spec = specPath.describe('The spec file; may be left out when the source has exactly one.').exactOptional();

const sourceSchema = z.discriminatedUnion('type', [
  z
    .strictObject({ type: z.literal('dir'), spec })
    .describe('Spec, patches and sources in packages/<owner>/<project>/<package>/ of this repository.'),
  z
    .strictObject({
      type: z.literal('git'),
      url: gitUrl,
      ref: gitRef,
      subdirectory: subdirectory.describe('The folder of the repository that holds the spec.').exactOptional(),
      spec,
    })
    .describe('A Git repository that holds the spec.'),
  z.strictObject({ type: z.literal('srpm'), url: downloadUrl, sha256 }).describe('A ready source package.'),
]);

const packageSchema = z.strictObject({
  source: sourceSchema.describe('Where the package comes from.'),
  needs: listOf(packageName, 'a list of package names')
    .prefault([])
    .describe('Packages of this project that are built first when both are built.'),
  timeout: duration.describe('How long one build may take; default: limits.timeout of coppice.yaml.').exactOptional(),
  chroots: listOf(chroot, 'a list of chroot names', 1).describe("Fewer chroots than the project's.").exactOptional(),
});
export type PackageYaml = z.infer<typeof packageSchema>;

export const projectSchema = z
  .strictObject({
    description: prose(1000, 'What the project is, in a sentence.').prefault(''),
    instructions: prose(20_000, 'What its users should know, in Markdown.').prefault(''),
    maintainers: listOf(login, 'a list of logins', 1).describe('May change and build the project.'),
    builders: listOf(login, 'a list of logins').prefault([]).describe('May build the project.'),
    chroots: listOf(chroot, 'a list of chroot names', 1).describe('What the packages are built for.'),
    repos: listOf(repositoryUrl, 'a list of https addresses')
      .prefault([])
      .describe('Further repositories that builds read.'),
    packages: z.record(packageName, packageSchema).prefault({}).describe('The packages by name.'),
  })
  .describe('projects/<owner>/<name>.yaml: one project.');
export type ProjectYaml = z.infer<typeof projectSchema>;
