import { under, type Promised } from '../example.ts';

export const PROMISES: readonly Promised[] = [
  {
    says: 'a program is launched whenever there is a message ready',
    holds: (out) => under(out, 'another worker').includes('"ran":4'),
  },
  {
    says: 'the body of the message is on its STDIN, byte for byte',
    holds: (out) =>
      under(out, 'what it has written').trim() ===
      ['[first message]', '[third; echo "this is no command"]', '[two', 'lines]', '[{"second": "message"}]']
        .toSorted()
        .join('\n'),
  },
  {
    says: 'exit 0 consumes the message: all four are, once each',
    holds: (out) => /queue +4 +0 +0 +0 +0 +4 /.test(under(out, 'another worker')),
  },
  {
    says: 'anything else leaves it, to be processed by another worker',
    holds: (out) => {
      const first = under(out, 'a worker whose program');
      return first.includes('"ran":1') && /queue +4 +[34] +[01] +0 +0 +0 /.test(first);
    },
  },
];
