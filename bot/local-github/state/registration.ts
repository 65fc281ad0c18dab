// The app as its owner registered it and as the organisation installed it: what it may do, what it is told, and whether
// it is installed at all. An installation may hold less than the app asks for: what is new has to be accepted first.
// https://docs.github.com/en/apps/using-github-apps/approving-updated-permissions-for-a-github-app

export type Access = 'read' | 'write';
export type Permissions = Readonly<Record<string, Access>>;

export interface Grant {
  readonly permissions: Permissions;
  readonly events: readonly string[];
}

export interface Registration {
  /** What the app asks for. */
  readonly app: Grant;
  /** What it was given; null: it is not installed. */
  readonly installation: (Grant & { readonly suspendedAt: string | null }) | null;
}

/** Whatever the local GitHub knows, for those who do not care. */
const EVERYTHING: Grant = {
  permissions: {
    checks: 'write',
    contents: 'write',
    issues: 'write',
    members: 'read',
    merge_queues: 'read',
    metadata: 'read',
    pull_requests: 'write',
    statuses: 'write',
  },
  events: [
    'check_run',
    'check_suite',
    'commit_comment',
    'create',
    'delete',
    'issue_comment',
    'issues',
    'merge_group',
    'pull_request',
    'pull_request_review',
    'pull_request_review_comment',
    'push',
  ],
};

export interface Registry {
  current(): Registration;
  change(next: Partial<Registration>): void;
  /** True when a webhook of this event goes to the app. */
  isTold(event: string): boolean;
}

/** Installed with all that it asks for. */
export function createRegistry(asked: Partial<Grant> = {}): Registry {
  const app = { ...EVERYTHING, ...asked };
  let registration: Registration = { app, installation: { ...app, suspendedAt: null } };
  return {
    current: () => registration,
    change(next) {
      registration = { ...registration, ...next };
    },
    isTold(event) {
      const { installation } = registration;
      if (installation === null || installation.suspendedAt !== null) return false;
      // "GitHub Apps that have write-level access for the "Checks" permission are automatically subscribed":
      // https://docs.github.com/en/webhooks/webhook-events-and-payloads#check_run
      if (/^check_(run|suite)$/.test(event) && installation.permissions.checks === 'write') return true;
      // Without the permission GitHub sends none, whatever is subscribed to:
      // https://docs.github.com/en/webhooks/webhook-events-and-payloads#merge_group
      if (event === 'merge_group' && installation.permissions.merge_queues === undefined) return false;
      return installation.events.includes(event);
    },
  };
}
