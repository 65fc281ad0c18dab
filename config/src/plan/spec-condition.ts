// Conditions of specs (`%if`), after their macros were expanded: true, false, or not to be told without rpm. Pure.
// https://rpm-software-management.github.io/rpm/manual/spec.html#conditionals
import { unknown } from './spec-macros.ts';

/** Undefined: it depends on what nobody here knows, or is no expression. */
type Value = number | string | undefined;

const maximumTokens = 200;
const tokenPattern = /\s*(\|\||&&|[=!<>]=|[!<>()+\-*/?:]|"[^"]*"|[^\s"|&=!<>()+\-*/?:]+)/y;

/** Whether the condition holds; undefined when that cannot be told. */
export function decideCondition(text: string): boolean | undefined {
  const tokens: string[] = [];
  tokenPattern.lastIndex = 0;
  const whole = text.trim();
  while (tokenPattern.lastIndex < whole.length) {
    const [, token] = tokenPattern.exec(whole) ?? [];
    if (token === undefined || tokens.length >= maximumTokens) return undefined;
    tokens.push(token);
  }
  const reader = new Reader(tokens);
  const value = reader.condition(0);
  return reader.isAtEnd ? truth(value) : undefined;
}

function truth(value: Value): boolean | undefined {
  if (value === undefined) return undefined;
  return typeof value === 'number' ? value !== 0 : value !== '';
}

const comparisons = new Set(['==', '!=', '<', '<=', '>', '>=']);

/** One method for each level of precedence, the weakest first. */
class Reader {
  readonly #tokens: readonly string[];
  #at = 0;
  #isBroken = false;

  constructor(tokens: readonly string[]) {
    this.#tokens = tokens;
  }

  get isAtEnd(): boolean {
    return !this.#isBroken && this.#at === this.#tokens.length;
  }

  condition(depth: number): Value {
    const value = this.#either(depth);
    if (this.#next !== '?') return value;
    this.#at += 1;
    const yes = this.condition(depth + 1);
    if (this.#take() !== ':') this.#isBroken = true;
    const no = this.condition(depth + 1);
    const is = truth(value);
    if (is === undefined) return yes === no ? yes : undefined;
    return is ? yes : no;
  }

  #either(depth: number): Value {
    let value = this.#both(depth);
    while (this.#next === '||') {
      this.#at += 1;
      const [one, other] = [truth(value), truth(this.#both(depth))];
      value = one === true || other === true ? 1 : one === false && other === false ? 0 : undefined;
    }
    return value;
  }

  #both(depth: number): Value {
    let value = this.#compared(depth);
    while (this.#next === '&&') {
      this.#at += 1;
      const [one, other] = [truth(value), truth(this.#compared(depth))];
      value = one === false || other === false ? 0 : one === true && other === true ? 1 : undefined;
    }
    return value;
  }

  #compared(depth: number): Value {
    let value = this.#sum(depth);
    while (comparisons.has(this.#next ?? '')) value = compare(value, this.#take() ?? '', this.#sum(depth));
    return value;
  }

  #sum(depth: number): Value {
    let value = this.#product(depth);
    while (this.#next === '+' || this.#next === '-') value = count(value, this.#take() ?? '', this.#product(depth));
    return value;
  }

  #product(depth: number): Value {
    let value = this.#plain(depth);
    while (this.#next === '*' || this.#next === '/') value = count(value, this.#take() ?? '', this.#plain(depth));
    return value;
  }

  #plain(depth: number): Value {
    const token = this.#take();
    if (token === undefined || depth > 40) {
      this.#isBroken = true;
      return undefined;
    }
    if (token === '(') {
      const value = this.condition(depth + 1);
      if (this.#take() !== ')') this.#isBroken = true;
      return value;
    }
    if (token === '!') {
      const is = truth(this.#plain(depth + 1));
      return is === undefined ? undefined : Number(!is);
    }
    if (token === '-') return count(0, '-', this.#plain(depth + 1));
    if (token.includes(unknown)) return undefined;
    if (token.startsWith('"')) return token.slice(1, -1);
    if (/^\d{1,15}$/.test(token)) return Number(token);
    // Versions (v"1.2") have rules of their own, and an operator here is a mistake.
    if (token === 'v') this.#isBroken = true;
    return /^[A-Za-z_]/.test(token) ? token : undefined;
  }

  get #next(): string | undefined {
    return this.#tokens[this.#at];
  }

  #take(): string | undefined {
    this.#at += 1;
    return this.#tokens[this.#at - 1];
  }
}

function compare(one: Value, operator: string, other: Value): Value {
  if (one === undefined || other === undefined || typeof one !== typeof other) return undefined;
  switch (operator) {
    case '==':
      return Number(one === other);
    case '!=':
      return Number(one !== other);
    case '<':
      return Number(one < other);
    case '<=':
      return Number(one <= other);
    case '>':
      return Number(one > other);
    default:
      return Number(one >= other);
  }
}

function count(one: Value, operator: string, other: Value): Value {
  if (typeof one !== 'number' || typeof other !== 'number') return undefined;
  switch (operator) {
    case '+':
      return one + other;
    case '-':
      return one - other;
    case '*':
      return one * other;
    default:
      return other === 0 ? undefined : Math.trunc(one / other);
  }
}
