// Which project something is about, and the lock of a project: whoever changes what is published of it holds it alone.
import { inTurn } from '../base/in-turn.ts';

/** A project by its name; a `Project` will do. */
export interface ProjectName {
  readonly owner: string;
  readonly name: string;
}

/** What a path needs to know of a project; a build will do. */
export interface ProjectPlace {
  readonly owner: string;
  readonly project: string;
}

export function placeOf({ owner, name }: ProjectName): ProjectPlace {
  return { owner, project: name };
}

/** Runs `work` while nobody else changes what is published of this project. */
export function alone<T>({ owner, project }: ProjectPlace, work: () => Promise<T>): Promise<T> {
  return inTurn(`project ${owner}/${project}`, work);
}

/**
 * Runs `work` while nobody else changes either project; always in the same order, so that two of these cannot wait for
 * each other.
 */
export function aloneWithBoth<T>(one: ProjectName, other: ProjectName, work: () => Promise<T>): Promise<T> {
  const key = ({ owner, name }: ProjectName) => `${owner}/${name}`;
  const [first, second] = key(one) <= key(other) ? [one, other] : [other, one];
  if (key(first) === key(second)) return alone(placeOf(first), work);
  return alone(placeOf(first), () => alone(placeOf(second), work));
}
