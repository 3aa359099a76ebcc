import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { configSchema, queueConfigSchema } from '../../infra/config.ts';
import { costOfFirings, costOfLoad, idleMonth, totalOf, type Cost } from '../../infra/cost.ts';
import { DEFAULT_DEPLOYED_SLOTS, DEFAULT_QUEUE } from '../../src/core/queue-definition.ts';

const DOC = readFileSync('docs/deploy.md', 'utf8');

/** The rows of the doc's table whose head begins so: first cell → the others. */
function tableAfter(text: string, head: string): Map<string, string[]> {
  const lines = text.slice(text.indexOf(head)).split('\n');
  const end = lines.findIndex((line) => !line.startsWith('|'));
  const rows = lines.slice(2, end).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll('**', '')),
  );
  return new Map(rows.map(([name = '', ...cells]) => [name, cells]));
}

function toCells(costs: readonly Cost[]): Map<string, string[]> {
  const parts = Object.keys(costs[0] ?? {});
  return new Map([
    ...parts.map((part): [string, string[]] => [part, costs.map((cost) => (cost[part] ?? NaN).toFixed(2))]),
    ['all', costs.map((cost) => totalOf(cost).toFixed(2))],
  ]);
}

const million = (secondsEach: number, spotShare: number): Cost =>
  costOfLoad({
    tasks: 1e6,
    secondsEach,
    slots: DEFAULT_DEPLOYED_SLOTS,
    definition: { ...DEFAULT_QUEUE, spotShare },
  });

describe('the figures of docs/deploy.md', () => {
  it('for an idle month are those of the function', () => {
    const cost = idleMonth({ queues: 1, dashboard: true, storedGb: 1, logGb: 1 });
    expect(tableAfter(DOC, '| | USD |')).toEqual(toCells([cost]));
  });

  it('for a million tasks are those of the function', () => {
    const costs = [million(0.1, 0), million(0.1, 1), million(60, 0), million(60, 1)];
    expect(tableAfter(DOC, '| | 0.1 s each |')).toEqual(toCells(costs));
  });

  it('for a million firings are those of the function', () => {
    expect(tableAfter(DOC, '| a million firings |')).toEqual(toCells([costOfFirings(1e6)]));
  });

  it('name every setting that there is, and none besides', () => {
    const named = (head: string) =>
      [...tableAfter(DOC, head).keys()].flatMap((cell) =>
        cell.split(', ').map((name) => name.replaceAll('`', '')),
      );
    expect(named('| setting of the stack').sort()).toEqual(Object.keys(configSchema.shape).sort());
    expect(named('| setting of a queue').sort()).toEqual(Object.keys(queueConfigSchema.shape).sort());
  });
});

describe('the cost of a load', () => {
  it('is at least what its SQS requests and writes cost by themselves', () => {
    expect(totalOf(million(0.1, 0))).toBeGreaterThan(2.2);
  });

  it('grows with each heartbeat of a long task, and not before the first', () => {
    const writes = (seconds: number) => million(seconds, 0)['DynamoDB writes'] ?? NaN;
    expect(writes(30) - writes(15)).toBeGreaterThan(0.6);
    expect(Math.abs(writes(14) - writes(10))).toBeLessThan(0.2);
  });

  it('has four times fewer addresses with workers four times as large', () => {
    const large = costOfLoad({
      tasks: 1e6,
      secondsEach: 60,
      slots: 4 * DEFAULT_DEPLOYED_SLOTS,
      definition: { ...DEFAULT_QUEUE, cpu: 1024, memoryMiB: 2048 },
    });
    const addresses = 'their public addresses';
    expect(large[addresses]).toBeCloseTo((million(60, 0)[addresses] ?? NaN) / 4, 6);
    expect(large['Fargate workers']).toBeCloseTo(million(60, 0)['Fargate workers'] ?? NaN, 6);
  });
});

describe('an idle month', () => {
  it('is never said to be free: polls, alarms and kept rows cost without a single task', () => {
    const cost = idleMonth({ queues: 1, dashboard: false, storedGb: 0.001, logGb: 0 });
    expect(totalOf(cost)).toBeGreaterThan(0.5);
  });

  it('costs more with each queue', () => {
    const month = (queues: number) => totalOf(idleMonth({ queues, dashboard: true, storedGb: 1, logGb: 1 }));
    expect(month(2) - month(1)).toBeCloseTo(month(3) - month(2), 6);
    expect(month(2) - month(1)).toBeGreaterThan(0.5);
  });
});
