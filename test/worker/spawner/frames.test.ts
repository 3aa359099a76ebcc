import fc from 'fast-check';
import { expect, it } from 'vitest';
import { FrameReader, toFrame } from '../../../src/worker/spawner/frames.ts';

it('frames come out as they went in, wherever the bytes between were cut', () => {
  const frame = fc.record({
    kind: fc.nat(255),
    run: fc.nat(2 ** 32 - 1),
    body: fc.oneof(fc.uint8Array({ maxLength: 50 }), fc.string()).map((body) => Buffer.from(body as string)),
  });
  fc.assert(
    fc.property(
      fc.array(frame),
      fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }),
      (frames, sizes) => {
        let bytes = Buffer.concat(frames.map(({ kind, run, body }) => toFrame(kind, run, body)));
        const reader = new FrameReader();
        const read = [];
        for (let turn = 0; bytes.length > 0; turn += 1) {
          const size = sizes[turn % sizes.length]!;
          reader.push(bytes.subarray(0, size));
          bytes = bytes.subarray(size);
          for (let next = reader.next(); next; next = reader.next()) read.push(next);
        }
        expect(read).toEqual(frames);
      },
    ),
  );
});

it('text is framed by its bytes, not its characters', () => {
  const reader = new FrameReader();
  reader.push(toFrame(1, 2, 'zwölf €'));
  expect(reader.next()?.body.toString()).toBe('zwölf €');
});
