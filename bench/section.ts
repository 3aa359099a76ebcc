import type { Options } from './options.ts';
import { median } from './figures.ts';
import type { System } from './systems/system.ts';

/** A part of the bench, in a file of its own: what it measures, and how. */
export interface Section {
  /** For `--only`. */
  readonly name: string;
  readonly title: string;
  /** No peer takes part: none needs to be installed for it. */
  readonly isAlone?: true;
  readonly run: (context: Context) => Promise<Row[]>;
}

/** What a section is given. */
export interface Context {
  readonly options: Options;
  /** Millrace first, then the peers that could be installed. */
  readonly systems: readonly System[];
  /** A folder for it, removed at the end. */
  readonly home: string;
  /** Aborted by Ctrl-C: what is begun then would outlive the run. */
  readonly stopping: AbortSignal;
  /** Tells a person what goes on. */
  readonly say: (text: string) => void;
  /** For the results: something that cannot be had here, and why. */
  readonly skip: (what: string, reason: string) => void;
  /** The same for what was begun and failed: then the whole run has failed, though it goes on. */
  readonly fail: (what: string, reason: string) => void;
  /** For the results: what a program said of its version. */
  readonly version: (what: string, version: string) => void;
}

/** One thing measured, for one or for many. */
export interface Row {
  readonly what: string;
  readonly unit: string;
  readonly figures: readonly Figure[];
  /** Whose figure is ours; the others get the ratio of ours to theirs. */
  readonly ours?: string;
  /** What is good. */
  readonly better?: 'more' | 'less';
}

export interface Figure {
  readonly who: string;
  readonly samples: readonly number[];
}

export function valueOf({ samples }: Figure): number {
  return median(samples);
}

/** @returns ours ÷ theirs; undefined where there is nothing to compare */
export function ratioTo(row: Row, figure: Figure): number | undefined {
  const ours = row.figures.find(({ who }) => who === row.ours);
  if (!ours || ours === figure) return undefined;
  const ratio = valueOf(ours) / valueOf(figure);
  return Number.isFinite(ratio) ? ratio : undefined;
}
