import type { WriteStream } from 'node:tty';

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
    if (isRedrawn) this.#stream.write(`\u001b[${this.#shown.split('\n').length}A\u001b[0J`);
    this.#stream.write(`${text}\n`);
    this.#shown = text;
  }
}
