// The app cannot reach its config repo, and asking again does not help: somebody has to do something.

export type AccessLostCode = 'key' | 'not installed' | 'suspended';

/** Its message says what is wrong and what to do. */
export class AccessLost extends Error {
  override readonly name = 'AccessLost';
  readonly code: AccessLostCode;

  constructor(code: AccessLostCode, repository: string, options?: ErrorOptions) {
    super(sentences[code](repository), options);
    this.code = code;
  }
}

const sentences: Readonly<Record<AccessLostCode, (repository: string) => string>> = {
  key: () => "GitHub does not take the app's key any more: github.appId and github.privateKeyFile must belong together",
  'not installed': (repository) =>
    `The GitHub App is not installed on ${repository}: it was uninstalled, given fewer repositories, or the repository was deleted or moved to another owner. Install it there, or mend github.repository`,
  suspended: (repository) =>
    `The GitHub App is suspended on ${repository}: an owner of the organization can unsuspend it on the page of its installation`,
};
