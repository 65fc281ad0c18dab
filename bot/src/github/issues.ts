// The issues in which faults of the service are told.
import { perPage } from './answer-memory.ts';
import type { Calls, Installation } from './installation.ts';

/** An issue in which a fault of the service is told. */
export interface OperationsIssue {
  readonly number: number;
  readonly title: string;
  readonly body: string;
}

export interface IssueCalls {
  /** The app's own open issues with this label. */
  operationsIssues(label: string): Promise<readonly OperationsIssue[]>;
  openIssue(title: string, body: string, label: string): Promise<number>;
  editIssue(number: number, title: string, body: string): Promise<void>;
  closeIssue(number: number): Promise<void>;
}

export function issueCalls({ place, ours }: Calls, { identity }: Pick<Installation, 'identity'>): IssueCalls {
  return {
    async operationsIssues(labels) {
      const { rest, paginate } = await ours();
      const query = { ...place, labels, state: 'open', per_page: perPage } as const;
      const bot = (await identity()).name;
      const found = await paginate(rest.issues.listForRepo, query);
      const own = found.filter((issue) => issue.user?.login === bot && issue.pull_request === undefined);
      return own.map(({ number, title, body }) => ({ number, title, body: body ?? '' }));
    },
    async openIssue(title, body, label) {
      // GitHub makes a label that it does not know.
      return (await (await ours()).rest.issues.create({ ...place, title, body, labels: [label] })).data.number;
    },
    async editIssue(issue, title, body) {
      await (await ours()).rest.issues.update({ ...place, issue_number: issue, title, body });
    },
    async closeIssue(issue) {
      const closed = { state: 'closed', state_reason: 'completed' } as const;
      await (await ours()).rest.issues.update({ ...place, issue_number: issue, ...closed });
    },
  };
}
