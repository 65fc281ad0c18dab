// Renders the Markdown that packagers write for their users: no HTML, no pictures, and only links to web addresses.
import MarkdownIt from 'markdown-it';
import { type Html, trustedHtml, webAddress } from './html.ts';

const markdown = new MarkdownIt({ html: false, linkify: false }).disable('image');
markdown.validateLink = (url) => webAddress(url) !== undefined;
// Headings of the text stand below the page's own.
markdown.renderer.rules.heading_open = () => '<h3>';
markdown.renderer.rules.heading_close = () => '</h3>\n';
markdown.renderer.rules.link_open = (tokens, index, options, _environment, self) => {
  tokens[index]?.attrSet('rel', 'nofollow noopener');
  return self.renderToken(tokens, index, options);
};

/** Markdown as markup; hostile text stays text. */
export function renderMarkdown(text: string): Html {
  return trustedHtml(markdown.render(text));
}
