// What others than builds need to ask servers that nobody here controls: the same bounds and the same refusals.
export { type FetchRules, gitAddressConfig, Refused } from './addresses.ts';
export { readJson } from './http.ts';
