// The answers of Copr's API 3 that an import reads, in the shapes that its schemas state
// (https://github.com/fedora-copr/copr, frontend/coprs_frontend/coprs/views/apiv3_ns). Older servers leave keys out.
import { z } from 'zod';

/** Texts come as browsers send those of forms, with the line ends of Windows. */
const cleaned = (value: string) => value.replace(/\r\n?/g, '\n');
const text = z
  .string()
  .nullish()
  .transform((value) => cleaned(value ?? ''));
/** A text of one line. */
const word = text.transform((value) => value.trim());
const flag = z
  .boolean()
  .nullish()
  .transform((value) => value ?? false);
const texts = z
  .array(z.string())
  .nullish()
  .transform((value) => (value ?? []).map((each) => cleaned(each).trim()).filter((each) => each !== ''));
/** No project of Copr has more; a hostile server's answer may. */
const maximumChroots = 200;
export const maximumPackages = 10_000;

/** `/api_3/project`. */
export const coprProjectSchema = z.looseObject({
  name: z.string(),
  ownername: z.string(),
  description: text,
  instructions: text,
  homepage: word,
  contact: word,
  /** Chroot → base URL of its repository. */
  chroot_repos: z
    .record(z.string(), z.string())
    .refine((repos) => Object.keys(repos).length <= maximumChroots, `more than ${maximumChroots} chroots`),
  additional_repos: texts,
  enable_net: flag,
  isolation: word,
  module_hotfixes: flag,
  repo_priority: z.number().nullish(),
  devel_mode: flag,
  unlisted_on_hp: flag,
  auto_prune: z.boolean().nullish(),
  follow_fedora_branching: flag,
  packit_forge_projects_allowed: texts,
});
export type CoprProject = z.infer<typeof coprProjectSchema>;

/** A text or a list of texts with good line ends; all else as it is. */
function cleanedIn(value: unknown): unknown {
  if (typeof value === 'string') return cleaned(value);
  return Array.isArray(value)
    ? value.map((each: unknown) => (typeof each === 'string' ? cleaned(each).trim() : each))
    : value;
}

/** One item of `/api_3/package/list`. What `source_dict` holds depends on the type. */
export const coprPackageSchema = z.looseObject({
  name: z.string(),
  source_type: word,
  source_dict: z
    .record(z.string(), z.unknown())
    .nullish()
    .transform((value) => Object.fromEntries(Object.entries(value ?? {}).map(([key, each]) => [key, cleanedIn(each)]))),
  auto_rebuild: flag,
});
export type CoprPackage = z.infer<typeof coprPackageSchema>;

/** `/api_3/package/list`. */
export const coprPackageListSchema = z.looseObject({ items: z.array(coprPackageSchema).max(maximumPackages) });

/** `/api_3/project-chroot`. */
export const coprChrootSchema = z.looseObject({
  mock_chroot: z.string(),
  additional_repos: texts,
  additional_packages: texts,
  additional_modules: texts,
  with_opts: texts,
  without_opts: texts,
  isolation: word,
  comps_name: word,
  delete_after_days: z.number().nullish(),
});
export type CoprChroot = z.infer<typeof coprChrootSchema>;

/** What is known of one project. `chroots` holds the options of those chroots whose answers there are. */
export interface CoprAnswers {
  readonly project: CoprProject;
  readonly packages: readonly CoprPackage[];
  readonly chroots: readonly CoprChroot[];
}
