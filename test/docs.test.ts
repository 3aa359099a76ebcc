import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { callsOfMillrace, commandLines, commandOf, optionsIn, optionsOf } from './support/command-lines.ts';

const ROOT = join(import.meta.dirname, '..');
const PAGES = ['README.md', 'CHANGELOG.md', 'docs', 'docs/decisions', 'examples'].flatMap((path) =>
  path.endsWith('.md')
    ? [path]
    : readdirSync(join(ROOT, path))
        .filter((name) => name.endsWith('.md'))
        .map((name) => `${path}/${name}`),
);

describe.each(PAGES)('%s', (page) => {
  const text = readFileSync(join(ROOT, page), 'utf8');

  test('links to pages and headings that there are', () => {
    const links = [...text.matchAll(/\]\(([^)#\s]*)(#[^)\s]+)?\)/g)].filter(
      ([, path]) => !path?.includes(':'),
    );
    for (const [link, path = '', heading] of links) {
      const target = path === '' ? join(ROOT, page) : join(ROOT, dirname(page), path);
      expect(existsSync(target), link).toBe(true);
      if (heading) expect(headingsOf(target), link).toContain(heading);
    }
  });

  test('calls the command line as it is', () => {
    for (const call of callsOfMillrace(commandLines(text).lines)) {
      const command = commandOf(call);
      expect(command, `millrace ${call}`).toBeDefined();
      for (const option of optionsIn(call))
        expect([...(command ? optionsOf(command) : []), '--help'], `millrace ${call}`).toContain(option);
    }
  });
});

/** As a page of Markdown names the anchors of its headings. */
function headingsOf(path: string): string[] {
  return [...readFileSync(path, 'utf8').matchAll(/^#+ (.+)$/gm)].map(
    ([, title = '']) =>
      `#${title
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-')}`,
  );
}
