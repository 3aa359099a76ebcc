import { describe, expect, test } from 'vitest';
import { toJson, toMarkdown, withResults, withRoundedSamples, type Results } from '../../bench/results.ts';

const RESULTS: Results = {
  command: 'npm run bench -- --quick',
  date: '2026-11-30T10:00:00.000Z',
  machine: { cpu: 'a processor', cores: 2, memoryGiB: 4, kernel: '6.1', system: 'a Linux', node: 'v24.0.0' },
  versions: { Millrace: '0.1.0', other: '2.0' },
  sections: [
    {
      name: 'commands',
      title: 'no-op commands',
      rows: [
        {
          what: 'throughput',
          unit: 'commands/s',
          better: 'more',
          ours: 'millrace',
          figures: [
            { who: 'millrace', samples: [300, 100, 200.0000001] },
            { who: 'other', samples: [400] },
          ],
        },
        { what: 'memory', unit: 'MiB', figures: [{ who: 'millrace', samples: [64] }] },
      ],
    },
  ],
  skipped: [{ what: 'third', reason: 'there is no\n`third` on the PATH' }],
};

describe('the results', () => {
  test('are tables with a line for each who was measured, and the ratio beside theirs', () => {
    const page = toMarkdown(RESULTS);
    expect(page).toContain('| | throughput, commands/s ↑ | memory, MiB |\n|---|---:|---:|\n');
    expect(page).toContain('| millrace | 200 | 64 |\n| other | 400 (0.50) | – |\n');
  });

  test('lie on their side where more was measured than there is room for side by side', () => {
    const sizes = ['a', 'b', 'c', 'd', 'e'].map((what, at) => ({
      what,
      unit: 'KB',
      better: 'less' as const,
      ours: 'millrace',
      figures: [
        { who: 'millrace', samples: [at] },
        ...(at === 0 ? [] : [{ who: 'other', samples: [2 * at] }]),
      ],
    }));
    const page = toMarkdown({ ...RESULTS, sections: [{ name: 'sizes', title: 'sizes', rows: sizes }] });
    expect(page).toContain('| | millrace | other |\n|---|---:|---:|\n');
    expect(page).toContain('| a, KB ↓ | 0 | – |\n| b, KB ↓ | 1 | 2 (0.50) |\n');
  });

  test('tell the machine, the day, the command and the versions, and by name what was left out', () => {
    const page = toMarkdown(RESULTS);
    for (const text of [
      '2 × a processor',
      'Node v24.0.0',
      '2026-11-30',
      '`npm run bench -- --quick`',
      'other 2.0',
    ])
      expect(page).toContain(text);
    expect(page).toContain('- third: there is no `third` on the PATH');
  });

  test('keep every sample as JSON, and make the same tables again', () => {
    const rounded = withRoundedSamples(RESULTS);
    const read = JSON.parse(toJson(rounded)) as Results;
    expect(read.sections[0]?.rows[0]?.figures).toEqual([
      { who: 'millrace', samples: [300, 100, 200], median: 200 },
      { who: 'other', samples: [400], median: 400, ratio: '0.50' },
    ]);
    expect(toMarkdown(read)).toBe(toMarkdown(rounded));
  });

  test('have a place in a document, whose other text stays', () => {
    const marked =
      'before\n<!-- results: written by the bench -->\nold\n<!-- end of the results -->\nafter\n';
    const document = withResults(marked, RESULTS);
    expect(document).toMatch(/^before\n<!-- results[^]+\| other \| 400 \(0\.50\)[^]+-->\nafter\n$/);
    expect(document).not.toContain('old');
    expect(withResults(document, RESULTS)).toBe(document);
    expect(() => withResults('no place', RESULTS)).toThrow(/expected <!-- results/);
  });
});
