import type { WriteStream } from 'node:tty';
import { stripVTControlCharacters } from 'node:util';

/** A text that is shown again and again: in place on a terminal, elsewhere anew whenever it has changed. */
export class LiveText {
  readonly #stream: WriteStream;
  #shown = '';

  constructor(stream: WriteStream) {
    this.#stream = stream;
  }

  /** @param how `append` never redraws */
  show(text: string, how: 'redraw' | 'append'): void {
    if (text === this.#shown) return;
    const isRedrawn = how === 'redraw' && this.#stream.isTTY && this.#shown !== '';
    // Up to its first line, and clear from there: a shorter text leaves nothing of a longer one.
    if (isRedrawn) this.#stream.write(`\u001b[${this.#height()}A\u001b[0J`);
    this.#stream.write(`${text}\n`);
    this.#shown = text;
  }

  /** Lines of the terminal that the text takes: one that is too long takes several. */
  #height(): number {
    const width = this.#stream.columns || Infinity;
    return stripVTControlCharacters(this.#shown)
      .split('\n')
      .reduce((sum, line) => sum + Math.max(1, Math.ceil(line.length / width)), 0);
  }
}
