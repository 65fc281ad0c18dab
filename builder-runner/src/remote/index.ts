// What others than builds need to ask servers that nobody here controls, with the same bounds and refusals; and Git.
export { type FetchRules, gitAddressConfig, mirrored, Refused } from './addresses.ts';
export { gitEnvironment } from './git-environment.ts';
export { readJson } from './http.ts';
export { type Git, GitError, type GitOptions, openGit } from './open-git.ts';
export { runLimitedGit, streamLimitedGit } from './run-limited-git.ts';
export { listTree, readContents, readLinks, readTexts, type TreeEntry } from './tree-listing.ts';
