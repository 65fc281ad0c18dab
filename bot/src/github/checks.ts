// Check runs of commits.
import type { CheckAnnotation } from '../vocabulary/answer.ts';
import type { Calls } from './installation.ts';

export interface CheckRun {
  readonly name: string;
  readonly commit: string;
  /** Unique for each check of ours; the same again after a restart. */
  readonly externalId: string;
  readonly detailsUrl: string;
  readonly status: 'queued' | 'in_progress' | 'completed';
  readonly conclusion:
    | 'success'
    | 'failure'
    | 'cancelled'
    | 'skipped'
    | 'timed_out'
    | 'neutral'
    | 'action_required'
    | null;
  readonly title: string;
  readonly summary: string;
  readonly startedAt: string | null;
  readonly completedAt: string | null;
  /** Its buttons, at most three; GitHub takes 20 characters of a label or identifier and 40 of a description. */
  readonly actions: readonly { readonly label: string; readonly description: string; readonly identifier: string }[];
}

export interface ListedCheck {
  readonly id: number;
  readonly externalId: string;
  readonly conclusion: string | null;
}

/** GitHub takes this many annotations in one call. https://docs.github.com/en/rest/checks/runs */
export const annotationsPerCall = 50;

export interface CheckCalls {
  createCheck(check: CheckRun, annotations: readonly CheckAnnotation[]): Promise<number>;
  updateCheck(id: number, check: CheckRun, annotations: readonly CheckAnnotation[]): Promise<void>;
  findCheck(check: CheckRun): Promise<number | undefined>;
  /** The app's newest check run of each name on a commit. */
  listChecks(commit: string): Promise<readonly ListedCheck[]>;
}

export function checkCalls({ place, ours }: Calls): CheckCalls {
  return {
    async createCheck(check, annotations) {
      const { data } = await (await ours()).rest.checks.create({
        ...place,
        name: check.name,
        head_sha: check.commit,
        external_id: check.externalId,
        ...stateOf(check, annotations),
      });
      return data.id;
    },
    async updateCheck(id, check, annotations) {
      // A run that is asked for again goes on with another build.
      const external_id = check.externalId;
      await (await ours()).rest.checks.update({
        ...place,
        check_run_id: id,
        external_id,
        ...stateOf(check, annotations),
      });
    },
    async findCheck(check) {
      const octokit = await ours();
      const found = await octokit.paginate(octokit.rest.checks.listForRef, {
        ...place,
        ref: check.commit,
        check_name: check.name,
        filter: 'all',
        per_page: 100,
      });
      return found.find((one) => one.external_id === check.externalId)?.id;
    },
    async listChecks(commit) {
      const octokit = await ours();
      const found = await octokit.paginate(octokit.rest.checks.listForRef, {
        ...place,
        ref: commit,
        filter: 'latest',
        per_page: 100,
      });
      return found.map(({ id, external_id, conclusion }) => ({ id, externalId: external_id ?? '', conclusion }));
    },
  };
}

function stateOf(check: CheckRun, annotations: readonly CheckAnnotation[]) {
  const { status, conclusion, startedAt, completedAt, title, summary } = check;
  return {
    details_url: check.detailsUrl,
    ...(conclusion === null ? { status } : { conclusion, status: 'completed' as const }),
    ...(startedAt === null ? {} : { started_at: startedAt }),
    ...(conclusion === null || completedAt === null ? {} : { completed_at: completedAt }),
    actions: [...check.actions],
    output: {
      title,
      summary,
      ...(annotations.length === 0
        ? {}
        : {
            annotations: annotations.map(({ path, line, column, message, level }) => ({
              path,
              start_line: line,
              end_line: line,
              start_column: column,
              end_column: column,
              annotation_level: level ?? ('failure' as const),
              message,
            })),
          }),
    },
  };
}
