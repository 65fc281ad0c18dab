// What a build finds in its chroot besides the chroot's own configuration: data that travels from the config repo to
// mock.
import { z } from 'zod';
import { type Architecture, architectures } from './chroot.ts';

/** How mock separates a build from its machine; the words of mock's `--isolation`. `auto` is mock's own choice. */
export const isolations = ['auto', 'simple', 'nspawn'] as const;
export type Isolation = (typeof isolations)[number];

/** Resolved options of one package for one chroot: the chroot's, then the package's. */
export interface Buildroot {
  /** Installed into the chroot before the build, besides what the spec asks for. */
  readonly packages: readonly string[];
  /**
   * Repositories besides the project's own and its `repos`: https base URLs and `coppice://owner/project`. In dnf's
   * order.
   */
  readonly repos: readonly string[];
  /** `rpmbuild --with`. */
  readonly with: readonly string[];
  /** `rpmbuild --without`. */
  readonly without: readonly string[];
  /** RPM macros by name, without the `%`; their values are hostile text on one line. */
  readonly macros: Readonly<Record<string, string>>;
  readonly isolation: Isolation;
  /** Modules to enable, as `name:stream`. */
  readonly modules: readonly string[];
  /** The architecture that mock is to emulate; null: none. Always the chroot's own. */
  readonly forcearch: Architecture | null;
  /** True when the build may reach the network; policy allowed it. */
  readonly network: boolean;
}

/** Nothing asked for. */
export const plainBuildroot: Buildroot = {
  packages: [],
  repos: [],
  with: [],
  without: [],
  macros: {},
  isolation: 'auto',
  modules: [],
  forcearch: null,
  network: false,
};

/** A `Buildroot` as JSON, in `queue.json`. */
export const buildrootSchema = z.strictObject({
  packages: z.array(z.string()),
  repos: z.array(z.string()),
  with: z.array(z.string()),
  without: z.array(z.string()),
  macros: z.record(z.string(), z.string()),
  isolation: z.enum(isolations),
  modules: z.array(z.string()),
  forcearch: z.enum(architectures).nullable(),
  network: z.boolean(),
});
