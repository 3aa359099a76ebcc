const MARK = '…';
const MARK_BYTES = Buffer.byteLength(MARK);

/** More pieces than this are joined: a program that prints single bytes must not cost a buffer each. */
const MAX_PIECES = 64;

/** Keeps the last bytes of an endless stream in bounded memory. */
export class OutputTail {
  readonly #limit: number;
  #pieces: Buffer[] = [];
  #kept = 0;
  #cut = false;

  /** @param limit the most bytes that `text` may have, its mark included */
  constructor(limit: number) {
    this.#limit = limit;
  }

  push(piece: Buffer): void {
    this.#pieces.push(piece);
    this.#kept += piece.length;
    if (this.#kept > 2 * this.#limit || this.#pieces.length > MAX_PIECES) this.#compact();
  }

  /** The tail as valid UTF-8 of at most `limit` bytes; a leading `…` says that something is missing. */
  text(): string {
    if (this.#kept === 0) return '';
    const bytes = this.#compact();
    const decoded = bytes.toString('utf8', this.#cut ? startOfCharacter(bytes, 0) : 0);
    // Each invalid byte decodes to a character of three, so valid text can be longer than its bytes.
    if (!this.#cut && Buffer.byteLength(decoded) <= this.#limit) return decoded;
    if (this.#limit < MARK_BYTES) return '';
    const encoded = Buffer.from(decoded);
    const from = Math.max(0, encoded.length - (this.#limit - MARK_BYTES));
    return MARK + encoded.toString('utf8', startOfCharacter(encoded, from));
  }

  #compact(): Buffer {
    let bytes = Buffer.concat(this.#pieces);
    if (bytes.length > this.#limit) {
      this.#cut = true;
      // A copy: a slice would keep the whole of what it was cut from.
      bytes = Buffer.from(bytes.subarray(bytes.length - this.#limit));
    }
    this.#pieces = [bytes];
    this.#kept = bytes.length;
    return bytes;
  }
}

/** The first index from `from` on that is not in the middle of a character (of at most four bytes). */
function startOfCharacter(bytes: Buffer, from: number): number {
  let index = from;
  while (index < from + 3 && index < bytes.length && (bytes[index]! & 0xc0) === 0x80) index += 1;
  return index;
}
