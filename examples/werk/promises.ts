import { count, under, type Promised } from '../example.ts';

export const PROMISES: readonly Promised[] = [
  {
    says: 'callers place tasks by name, with arguments, and retrieve the output',
    holds: (out) => under(out, 'a caller').includes('hello → Hello, Ada!'),
  },
  {
    says: 'a wait has a timeout; the task goes on, and its output can be retrieved later',
    holds: (out) =>
      /sleep, waited 5 ms → timeout\nsleep, waited as long as it takes → true/.test(under(out, 'a caller')),
  },
  {
    says: 'a panic is the end of its task, not of its worker',
    holds: (out) =>
      under(out, 'a caller').includes('panic → FAILED error this handler panics') &&
      under(out, 'a caller').includes('hello, after the panic → Hello, Grace!') &&
      count(under(out, 'both workers'), /worker \d runs/) === 2,
  },
  {
    says: 'the definitions are shared: arguments that do not fit are refused before they are sent',
    holds: (out) => under(out, 'a caller').includes('hello with other arguments → invalid_task'),
  },
  {
    says: 'caller and worker are separate, and may be many',
    holds: (out) => under(out, 'another one').includes('"Hello, Alan!"'),
  },
];
