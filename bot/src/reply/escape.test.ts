import fc from 'fast-check';
import { fromMarkdown } from 'mdast-util-from-markdown';
import { toString as textOf } from 'mdast-util-to-string';
import { describe, expect, test } from 'vitest';
import { code, codeBlock, plain, sentence, unescaped } from './escape.ts';

const hostile = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 80 }),
  fc
    .array(fc.constantFrom('`', '``', '~~~', '\n', '@all', '<b>', '-->', '](', '*', '_', '| ', '\\', '#1', ' '), {
      maxLength: 30,
    })
    .map((parts) => parts.join('')),
);

describe('hostile text', () => {
  test('as code stays one piece of code', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const [block, ...more] = fromMarkdown(`x ${code(text)} y`).children;
        expect(more).toEqual([]);
        expect(block?.type === 'paragraph' && block.children.map(({ type }) => type)).toEqual([
          'text',
          'inlineCode',
          'text',
        ]);
      }),
    );
  });

  test('as a code block cannot end it', () => {
    fc.assert(
      fc.property(fc.array(hostile, { maxLength: 6 }), (lines) => {
        const blocks = fromMarkdown(`${codeBlock(lines)}\n\nafter`).children;
        expect(blocks.map(({ type }) => type)).toEqual(['code', 'paragraph']);
      }),
    );
  });

  test('as a sentence of ours is nothing but words and code', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const root = fromMarkdown(`x ${sentence(text)} y`);
        expect(root.children.map(({ type }) => type)).toEqual(['paragraph']);
        const [block] = root.children;
        const parts = block?.type === 'paragraph' ? block.children : [];
        for (const { type } of parts) expect(['text', 'inlineCode']).toContain(type);
        expect(textOf({ type: 'root', children: parts.filter(({ type }) => type === 'text') })).not.toMatch(/@\w/);
      }),
    );
  });

  test('is shown in a terminal as it was written', () => {
    fc.assert(
      fc.property(
        hostile.map((text) => text.replace(/[\u200b`&]/g, '')),
        (text) => {
          // What `code` drops, `plain` drops too.
          const written = code(text, 1000).slice(1, -1);
          expect(unescaped(plain(text, 1000))).toBe(text.trim() === '' || written === ' ' ? plain(text) : written);
        },
      ),
    );
    expect(unescaped(plain('stone-copy (build 7) has <b> & *x*'))).toBe('stone-copy (build 7) has <b> & *x*');
    expect(unescaped('a `\\-` \\- ``x ` \\(`` \\(')).toBe('a `\\-` - ``x ` \\(`` (');
    expect(unescaped('```text\n\\- &amp;\n```\n\\-')).toBe('```text\n\\- &amp;\n```\n-');
  });

  test('as plain words is nothing but words', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const root = fromMarkdown(`x ${plain(text)} y`);
        expect(root.children.map(({ type }) => type)).toEqual(['paragraph']);
        const [block] = root.children;
        expect(block?.type === 'paragraph' && block.children.map(({ type }) => type)).toEqual(['text']);
        expect(textOf(root)).not.toMatch(/@\w/);
      }),
    );
  });
});
