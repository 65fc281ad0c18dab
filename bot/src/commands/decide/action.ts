// What can be done about a command, and what is known when that is decided.
import type { BuildId, ChrootName, ConfigRepo, PlanSelection, Project } from '@coppice/config';
import type { BuildView } from '../../vocabulary/build-view.ts';
import type { Wishes } from '../../vocabulary/command.ts';
import type { ConfigEdit } from '../../vocabulary/config-edit.ts';
import type { LeavingPackage } from '../../vocabulary/departed.ts';
import type { LeavingProject } from '../../vocabulary/leaving.ts';
import type { PetitionOperation, Petitions } from '../../vocabulary/petitions.ts';

/** One thing to do. `line` is the command that it answers. */
export type Action = { readonly line: string } & (
  | {
      /** Plan these selections (one a project) and queue what they give. */
      readonly kind: 'build';
      readonly selections: readonly PlanSelection[];
      /** Build it although nothing has changed: the person named it, or said so. */
      readonly force: boolean;
      readonly wishes: Wishes;
    }
  /** Build these again from the sources that they were made of; for these chroots, or for theirs. */
  | {
      readonly kind: 'rebuild';
      readonly builds: readonly BuildView[];
      readonly chroots: readonly string[];
      readonly wishes: Wishes;
    }
  | { readonly kind: 'plan'; readonly selections: readonly PlanSelection[]; readonly force: boolean }
  /** `ended` need not be canceled any more. */
  | { readonly kind: 'cancel'; readonly ids: readonly BuildId[]; readonly ended: readonly BuildId[] }
  | { readonly kind: 'status'; readonly project: Project; readonly package: string }
  /** Say this, and what waits to be published of these projects; `all`: of many, in short. */
  | {
      readonly kind: 'status-of-projects';
      readonly markdown: string;
      readonly projects: readonly Project[];
      readonly all: boolean;
    }
  /** Why the package is built or not; `build`: and how that one came to what it is. */
  | {
      readonly kind: 'explain';
      readonly project: Project | undefined;
      readonly package: string;
      readonly build: BuildView | undefined;
    }
  | { readonly kind: 'delete-build'; readonly build: BuildView }
  /** No chroots: all. */
  | { readonly kind: 'publish'; readonly project: Project; readonly chroots: readonly ChrootName[] }
  | {
      readonly kind: 'rollback';
      readonly project: Project;
      readonly chroots: readonly ChrootName[];
      readonly to: number | undefined;
    }
  /** Delete what a project (`owner/name`) that is leaving has published, at once. */
  | { readonly kind: 'take-away'; readonly project: string }
  | { readonly kind: 'debug'; readonly build: BuildView; readonly chroot: ChrootName }
  | { readonly kind: 'end-debug'; readonly build: BuildView; readonly chroot: string | undefined }
  /** The account that used this login last has its rights from now on. */
  | { readonly kind: 'trust'; readonly login: string }
  /** Commit this; when it is committed these petitions are done with. */
  | { readonly kind: 'edit'; readonly edit: ConfigEdit; readonly petitions: readonly PetitionOperation[] }
  | {
      readonly kind: 'say';
      readonly good: boolean;
      readonly markdown: string;
      readonly petitions: readonly PetitionOperation[];
    }
);

export interface Situation {
  /** Login of the one who commented. */
  readonly actor: string;
  /** Address of the comment. */
  readonly comment: string;
  /** The config in force at the default branch; undefined while there is no good one. */
  readonly config: ConfigRepo | undefined;
  /** The admins as they are written, teams among them; none while there is no good config. */
  readonly admins: readonly string[];
  /** Projects that it does not state any more and whose results are still there. */
  readonly leaving: readonly LeavingProject[];
  /** Packages that left their projects while something of them is still published. */
  readonly departed: readonly LeavingPackage[];
  /** The comment stands on a pull request. */
  readonly onPullRequest: boolean;
  /** Builds that wait or run, oldest first. */
  readonly live: readonly BuildView[];
  /** The builds that the commands name by number, ended ones included. */
  readonly named: ReadonlyMap<BuildId, BuildView>;
  readonly petitions: Petitions;
  /** True for a login whose rights belong to another account than the one that used it last. */
  readonly isOther: (login: string) => boolean;
  /** Address of the service, without a slash at the end. */
  readonly url: string;
}

export type Known = Situation & { readonly config: ConfigRepo };

/** The action of answering with this. */
export function say(
  line: string,
  good: boolean,
  markdown: string,
  petitions: readonly PetitionOperation[] = [],
): Action {
  return { kind: 'say', line, good, markdown, petitions };
}
