// What Coppice uses of Eleventy 3.1, which ships no types.
declare module '@11ty/eleventy' {
  export interface EleventyConfig {
    addTemplateFormats(formats: string): void;
    addExtension(name: string, options: { key: string }): void;
    addGlobalData(name: string, value: unknown): void;
    setLayoutsDirectory(folder: string): void;
    setUseGitIgnore(use: boolean): void;
    amendLibrary(name: 'md', change: (library: MarkdownLibrary) => void): void;
  }

  export interface MarkdownToken {
    readonly type: string;
    readonly content: string;
    readonly children: readonly MarkdownToken[] | null;
    attrGet(name: string): string | null;
    attrSet(name: string, value: string): void;
  }

  export interface MarkdownLibrary {
    set(options: { html: boolean }): void;
    readonly core: { readonly ruler: { push(name: string, rule: (state: MarkdownState) => void): void } };
  }

  export interface MarkdownState {
    readonly tokens: readonly MarkdownToken[];
    readonly env: { readonly page: { readonly inputPath: string } };
  }

  /** One rendered page; nothing has been written. */
  export interface RenderedPage {
    readonly url: string;
    readonly outputPath: string;
    readonly content: string;
  }

  export default class Eleventy {
    constructor(
      input: string,
      output: string,
      options: {
        configPath: null;
        quietMode: boolean;
        config: (config: EleventyConfig) => void;
      },
    );
    toJSON(): Promise<readonly RenderedPage[]>;
  }
}
