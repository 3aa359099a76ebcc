import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseOptions } from '../bench/options.ts';
import { PEERS } from '../bench/peers/all-peers.ts';
import { withResults, type Results } from '../bench/results.ts';
import { SECTIONS } from '../bench/sections/all-sections.ts';
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

  test('calls the bench as it is', () => {
    const calls = commandLines(text).lines.flatMap((line) => /npm run bench -- (.*)$/.exec(line)?.[1] ?? []);
    const known = { sections: SECTIONS.map(({ name }) => name), peers: Object.keys(PEERS) };
    for (const call of calls) parseOptions(call.split(' '), known);
    expect(calls.length).toBeGreaterThanOrEqual(page === 'docs/performance.md' ? 2 : 0);
  });
});

describe('docs/performance.md', () => {
  const text = readFileSync(join(ROOT, 'docs/performance.md'), 'utf8');

  test('shows the results that are kept', () => {
    const kept = JSON.parse(readFileSync(join(ROOT, 'bench/results/latest.json'), 'utf8')) as Results;
    expect(withResults(text, kept)).toBe(text);
  });

  test('tells of every section and every peer', () => {
    const told = text.slice(0, text.indexOf('## Results'));
    for (const { name } of SECTIONS) expect(told).toContain(`\`${name}\``);
    for (const name of Object.keys(PEERS)) expect(told.toLowerCase()).toContain(name);
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
