import { under, type Promised } from '../example.ts';

const UUID = '[0-9a-f-]{36}|k-[0-9a-f]{32}';

export const PROMISES: readonly Promised[] = [
  {
    says: 'POST /task/delayed_add answers at once with an id, PENDING',
    holds: (out) =>
      new RegExp(`\\{"task":\\{"id":"(${UUID})","name":"delayed_add","status":"PENDING"\\}\\}`).test(
        under(out, 'enqueue a new task'),
      ),
  },
  {
    says: 'GET /task/status/{id} tells the status at any time: never PENDING again once it is SUCCESS',
    holds: (out) => {
      const seen = [...under(out, 'check its status').matchAll(/"status":"(\w+)"/g)].map(
        ([, status]) => status,
      );
      return (
        seen.at(-1) === 'SUCCESS' &&
        seen.slice(0, -1).every((status) => /^(PENDING|STARTED)$/.test(status ?? ''))
      );
    },
  },
  {
    says: '… and the result: 4 + 10 = 14',
    holds: (out) => /"result":14,"status":"SUCCESS"/.test(under(out, 'check its status')),
  },
  {
    says: 'the worker says when the sum begins and when it is finished',
    holds: (out) =>
      /begins: 4 \+ 10 = \?\?[^]*finished: 4 \+ 10 = 14/.test(under(out, 'what the worker wrote')),
  },
  {
    says: 'a task that never was is no PENDING one: 404',
    holds: (out) => under(out, 'a task that never was').trim() === '404',
  },
];
