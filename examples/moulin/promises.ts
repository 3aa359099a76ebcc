import { count, under, type Promised } from '../example.ts';

export const PROMISES: readonly Promised[] = [
  {
    says: 'create: a command for the shell is a task',
    holds: (out) => under(out, 'peek by phase').includes('downloaded https://myserver.org/file2.bin'),
  },
  {
    says: 'a file uploaded by a form, or as plain text, is a task a line',
    holds: (out) => count(under(out, 'a file of commands'), /"accepted":(5|2),"refused":\[\]/) === 2,
  },
  {
    says: 'progress of a queue, and a peek at its latest items',
    holds: (out) => {
      const shown = under(out, 'progress, and a peek');
      return /queue1 +8 +8 /.test(shown) && count(shown, /PENDING +0/) === 3;
    },
  },
  {
    says: 'a worker waits on a socket for what shows up next',
    holds: (out) => under(out, 'work on one task').includes('    the socket brought me'),
  },
  {
    says: 'only exit 0 is a success; phases can be looked at each for itself',
    holds: (out) => {
      const shown = under(out, 'peek by phase');
      return count(shown, /SUCCEEDED +1/) === 8 && count(shown, /FAILED .* exit 7/) === 1;
    },
  },
  {
    says: 'a worker that is not heard of loses its task to another',
    holds: (out) => {
      const shown = under(out, 'a worker dies');
      return shown.includes('SUCCEEDED') && shown.includes('    attempt 2');
    },
  },
  {
    says: 'the queues are listed in order, and can be deleted',
    holds: (out) => {
      const [list = '', rest = ''] = under(out, 'the queues, the fullest first').split(/^default$/m);
      return list.indexOf('queue1') < list.indexOf('queue2') && rest.trim() === 'queue2';
    },
  },
];
