// Which account a login with rights stands for. Rights go by login, and GitHub gives a freed login to the next who
// asks: the numeric id, which is never given twice, is remembered when the rights are first used. Pure.

/** A login as GitHub gives them, in regular expressions; accounts that an enterprise manages have an underscore. */
export const loginShape = '[A-Za-z0-9][A-Za-z0-9_-]{0,38}';

export interface Account {
  /** The numeric id that the rights belong to. */
  readonly trusted: number;
  /** The numeric id of the account that used the login last. */
  readonly seen: number;
}

/** By login in lower case. */
export type Accounts = Readonly<Record<string, Account>>;

export type AccountOperation =
  /** An account acted under a login that has rights. */
  | { readonly kind: 'met'; readonly login: string; readonly id: number }
  /** An admin says that the account that used the login last has its rights. */
  | { readonly kind: 'trusted'; readonly login: string };

/** The same again changes nothing. */
export function applyToAccounts(accounts: Accounts, operation: AccountOperation): Accounts {
  const login = operation.login.toLowerCase();
  const before = Object.hasOwn(accounts, login) ? accounts[login] : undefined;
  if (operation.kind === 'met') {
    const { id } = operation;
    if (before?.seen === id) return accounts;
    return { ...accounts, [login]: { trusted: before?.trusted ?? id, seen: id } };
  }
  if (before === undefined || before.trusted === before.seen) return accounts;
  return { ...accounts, [login]: { trusted: before.seen, seen: before.seen } };
}

/** The account behind a login, when it is another one than the rights belong to. */
export function otherAccount(accounts: Accounts, login: string): Account | undefined {
  const key = login.toLowerCase();
  const account = Object.hasOwn(accounts, key) ? accounts[key] : undefined;
  return account === undefined || account.trusted === account.seen ? undefined : account;
}
