// What is wrong with the `needs` of a project's packages.
import { orderByNeeds } from '../plan/dependency-order.ts';
import type { Problem } from '../words/problem.ts';
import { didYouMean, problemAt } from '../yaml/check-yaml.ts';
import type { YamlFile } from '../yaml/read-nodes.ts';
import type { ProjectYaml } from './project-schema.ts';

/** Needs that name no package, a package that needs itself, and circles, each named in full. */
export function checkDependencies(file: YamlFile, value: ProjectYaml): Problem[] {
  const packages = Object.entries(value.packages).map(([name, stated]) => ({ name, needs: stated.needs }));
  const names = packages.map(({ name }) => name);
  const known = new Set(names);
  const problems: Problem[] = [];
  for (const { name, needs } of packages) {
    needs.forEach((need, index) => {
      const at = ['packages', name, 'needs', index];
      if (need === name) problems.push(problemAt(file, at, `\`${name}\` needs itself`, 'remove it from its `needs`'));
      else if (!known.has(need)) {
        const hint = () => didYouMean(need, names, 'packages of the project');
        problems.push(problemAt(file, at, `the project has no package \`${need}\``, hint));
      }
    });
  }
  const others = packages.map(({ name, needs }) => ({ name, needs: needs.filter((need) => need !== name) }));
  for (const cycle of orderByNeeds(others).cycles) {
    const [first = '', second = first] = cycle;
    const message = `packages need each other in a circle: ${circle(cycle)}`;
    const index = value.packages[first]?.needs.indexOf(second) ?? 0;
    problems.push(problemAt(file, ['packages', first, 'needs', index], message, 'remove one of these needs'));
  }
  return problems;
}

/** `a → b → a`; of a very long one its beginning. */
function circle(names: readonly string[]): string {
  const [first = ''] = names;
  const shown = names.length > 20 ? [...names.slice(0, 20), `… (${names.length} packages)`] : names;
  return [...shown, first].join(' → ');
}
