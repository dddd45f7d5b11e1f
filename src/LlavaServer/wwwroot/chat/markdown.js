// The only module that makes HTML from text. Raw HTML in a text is shown as text, pictures in it become links, and everything passes DOMPurify.

import { Marked } from "../vendor/marked.mjs";
import createDOMPurify from "../vendor/purify.es.mjs";

const longest = 200_000;
const longestCode = 50_000;
const schemes = /^(?:https?:|mailto:)/i;
const tags = ["a", "b", "blockquote", "br", "code", "del", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "li", "ol", "p", "pre", "s", "span", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul"];

const escape = text => text.replace(/[&<>"']/g, sign => `&#${sign.charCodeAt(0)};`);

const link = (href, text) => schemes.test(href) ? `<a href="${escape(href)}">${text}</a>` : `${text} (${escape(href)})`;

const marked = new Marked({
  gfm: true,
  breaks: false,
  renderer: {
    html: ({ text }) => escape(text),
    image: ({ href, text }) => link(href, escape(text ? `${text} (${href})` : href)),
    link({ href, tokens }) {
      return link(href, this.parser.parseInline(tokens));
    },
    checkbox: ({ checked }) => checked ? "☑ " : "☐ ",
  },
});

/** Formulas are shown as code: no library of the page draws them, and Markdown must not take their signs for its own. */
const formula = (name, level, pattern, tag) => ({
  name, level,
  start: source => source.search(level === "block" ? /\$\$|\\\[/ : /\$|\\\(/),
  tokenizer(source) {
    const found = pattern.exec(source);
    return found ? { type: name, raw: found[0], text: found[1] ?? found[2] } : undefined;
  },
  renderer: ({ text }) => tag === "pre" ? `<pre><code>${escape(text.trim())}</code></pre>` : `<code>${escape(text.trim())}</code>`,
});
marked.use({
  extensions: [
    formula("blockFormula", "block", /^(?:\$\$([^]+?)\$\$|\\\[([^]+?)\\\])(?:\n|$)/, "pre"),
    formula("inlineFormula", "inline", /^(?:\$(?![\s$])([^$\n]*[^$\s\\])\$(?![\d$])|\\\(([^\n]+?)\\\))/, "code"),
  ],
});

const purify = createDOMPurify(globalThis.window);
purify.addHook?.("afterSanitizeAttributes", element => {
  if (element.tagName === "A") {
    if (schemes.test(element.getAttribute("href") ?? "")) {
      element.setAttribute("rel", "noopener noreferrer nofollow");
      element.setAttribute("target", "_blank");
    } else {
      element.removeAttribute("href");
    }
  }
});

const sanitize = html => purify.sanitize(html, { ALLOWED_TAGS: tags, ALLOWED_ATTR: ["href", "class", "start", "align"], ALLOW_DATA_ATTR: false, ALLOW_ARIA_ATTR: false, RETURN_TRUSTED_TYPE: true });

/** HTML of a Markdown text before it is sanitised; what cannot be parsed is one paragraph of plain text. */
export function toHtml(text) {
  if (text.length <= longest) {
    try {
      return marked.parse(text);
    } catch {
      // Nested too deeply for the parser.
    }
  }

  return `<p>${escape(text)}</p>`;
}

/** TrustedHTML of a Markdown text. */
export const renderMarkdown = text => sanitize(toHtml(text));

export function renderInto(element, text) {
  element.innerHTML = renderMarkdown(text);
}

const names = {
  sh: "bash", shell: "bash", zsh: "bash", console: "bash", "c++": "cpp", cc: "cpp", h: "c", hpp: "cpp", cs: "csharp", "c#": "csharp", patch: "diff", golang: "go",
  js: "javascript", jsx: "javascript", mjs: "javascript", md: "markdown", py: "python", rs: "rust", ts: "typescript", tsx: "typescript", html: "xml", svg: "xml", yml: "yaml", jsonc: "json",
};
const languages = new Set(["bash", "c", "cpp", "csharp", "css", "diff", "go", "java", "javascript", "json", "markdown", "python", "rust", "sql", "typescript", "xml", "yaml"]);
const loading = new Map();

/** Colours the code within an element; languages are fetched on first use. Never changes the text. */
export async function highlightWithin(element) {
  for (const code of element.querySelectorAll("pre > code[class*=language-]")) {
    const named = /language-(\S+)/.exec(code.className)?.[1].toLowerCase() ?? "";
    const language = names[named] ?? named;
    const text = code.textContent;
    if (code.dataset.highlighted || !languages.has(language) || text.length > longestCode) {
      continue;
    }

    code.dataset.highlighted = "yes";
    const highlighter = await load(language);
    if (highlighter && code.isConnected && code.textContent === text) {
      const html = sanitize(highlighter.highlight(text, { language, ignoreIllegals: true }).value);
      const plain = [...code.childNodes];
      code.innerHTML = html;
      if (code.textContent !== text) {
        code.replaceChildren(...plain);
      }
    }
  }
}

async function load(language) {
  if (!loading.has(language)) {
    loading.set(language, fetchLanguage(language).catch(() => {
      loading.delete(language);
      return null;
    }));
  }

  return loading.get(language);
}

async function fetchLanguage(language) {
  const [{ default: highlighter }, { default: grammar }] = await Promise.all([import("../vendor/highlight/core.min.js"), import(`../vendor/highlight/${language}.min.js`)]);
  highlighter.registerLanguage(language, grammar);
  return highlighter;
}
