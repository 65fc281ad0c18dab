// The gate of config/: the vocabulary of Coppice and its pure rules.
export * from './build.ts';
export * from './buildroot.ts';
export * from './chroot.ts';
export { orderByNeeds } from './dependency-order.ts';
export { inputDigest } from './input-digest.ts';
export { nearest } from './nearest.ts';
export * from './nevra.ts';
export * from './parse-config-repo.ts';
export { parseSettings } from './parse-settings.ts';
export { maximumYamlBytes } from './parse-yaml.ts';
export * from './plan.ts';
export { planBuilds } from './plan-builds.ts';
export * from './problem.ts';
export * from './project.ts';
export * from './published.ts';
export * from './result.ts';
export * from './settings.ts';
export * from './source.ts';
