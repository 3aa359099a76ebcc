import * as z from 'zod';
import { MillraceError } from '../core/errors.ts';
import { MAX_TASK_BODY_BYTES } from '../core/limits.ts';
import type { Schedule } from '../core/schedule.ts';
import type { Scheduler } from '../core/scheduler.ts';
import { addRoute, json, problems, type ApiApp } from './add-route.ts';
import { findQueue, type ApiDeps } from './api-deps.ts';
import { parseJsonBody } from './parse-json.ts';
import { oneOf, wholeNumber } from './parse-query.ts';
import { assertMediaType, readBody } from './read-body.ts';
import { scheduleListShape, scheduleNameShape, scheduleShape, scheduleSpecShape } from './schedule-shapes.ts';
import { MAX_ID_CHARS, queueParam } from './task-routes.ts';

const DEFAULT_PAGE = 50;
const MAX_SCHEDULES = 100; // of a page: in AWS each is a request of its own

const nameParam = queueParam.extend({
  name: z.string().max(MAX_ID_CHARS).meta({ example: 'nightly-report' }),
});
/** Brings a reader of expressions along, which no other request needs. */
const loadSchedules = () => import('./schedules.ts');

const COMMON = ['invalid_request', 'unknown_queue', 'not_supported'] as const;

/** Routes of schedules. */
export function addScheduleRoutes(app: ApiApp, deps: ApiDeps): void {
  const { ports } = deps;
  const view = async (schedule: Schedule) => {
    const { toScheduleView } = await loadSchedules();
    return toScheduleView(schedule, ports.clock());
  };

  addRoute(
    app,
    {
      method: 'post',
      path: '/v1/queues/{queue}/schedules',
      operationId: 'putSchedule',
      tags: ['schedules'],
      summary: 'Make a schedule, which enqueues a task each time it fires',
      request: {
        params: queueParam,
        query: z.strictObject({
          replace: oneOf(['true', 'false'], 'takes the place of another schedule of this name').optional(),
        }),
      },
      responses: {
        201: json(scheduleShape, 'the schedule, made'),
        200: json(scheduleShape, 'it was there already, or it has taken the place of another'),
        ...problems(
          ...COMMON,
          'invalid_json',
          'invalid_task',
          'invalid_schedule',
          'content_conflict',
          'too_large',
          'unsupported_media_type',
        ),
      },
    },
    async (c) => {
      const definition = await findQueue(deps, c.req.valid('param').queue);
      assertMediaType(c.req.raw, ['application/json']);
      const hint = 'Put the data where the program can fetch it, and pass its address.';
      const body = parseJsonBody(await readBody(c.req.raw, MAX_TASK_BODY_BYTES, hint));
      const isReplacing = c.req.valid('query').replace === 'true';
      const { parseSchedule, putSchedule } = await loadSchedules();
      const asked = parseSchedule(body, definition, ports.clock());
      const { schedule, created } = await putSchedule(ports, schedulerOf(deps), asked, isReplacing);
      return c.json(await view(schedule), created ? 201 : 200);
    },
    { required: true, content: { 'application/json': { schema: scheduleSpecShape } } },
  );

  addRoute(
    app,
    {
      method: 'get',
      path: '/v1/queues/{queue}/schedules',
      operationId: 'listSchedules',
      tags: ['schedules'],
      summary: 'Schedules of a queue by name',
      request: {
        params: queueParam,
        query: z.strictObject({
          limit: wholeNumber(1, MAX_SCHEDULES, `at most so many; ${DEFAULT_PAGE} unless told`).optional(),
          cursor: z.string().max(4096).optional().describe('of the page before'),
        }),
      },
      responses: {
        200: json(scheduleListShape, 'a page; it may be short, and still have a cursor'),
        ...problems(...COMMON),
      },
    },
    async (c) => {
      const { name } = await findQueue(deps, c.req.valid('param').queue);
      const { limit = DEFAULT_PAGE, cursor } = c.req.valid('query');
      const page = await schedulerOf(deps).list(name, limit, cursor);
      return c.json({ ...page, schedules: await Promise.all(page.schedules.map(view)) }, 200);
    },
  );

  addRoute(
    app,
    {
      method: 'get',
      path: '/v1/queues/{queue}/schedules/{name}',
      operationId: 'readSchedule',
      tags: ['schedules'],
      summary: 'Read a schedule',
      request: { params: nameParam },
      responses: { 200: json(scheduleShape, 'the schedule'), ...problems(...COMMON, 'unknown_schedule') },
    },
    async (c) => {
      const { queue, name } = c.req.valid('param');
      const definition = await findQueue(deps, queue);
      const { findSchedule } = await loadSchedules();
      return c.json(await view(await findSchedule(schedulerOf(deps), definition.name, name)), 200);
    },
  );

  addRoute(
    app,
    {
      method: 'delete',
      path: '/v1/queues/{queue}/schedules/{name}',
      operationId: 'removeSchedule',
      tags: ['schedules'],
      summary: 'Remove a schedule; tasks that it has made stay',
      request: { params: nameParam },
      responses: {
        200: json(scheduleNameShape, 'it fires no more'),
        ...problems(...COMMON, 'unknown_schedule'),
      },
    },
    async (c) => {
      const { queue, name } = c.req.valid('param');
      const definition = await findQueue(deps, queue);
      const { removeSchedule } = await loadSchedules();
      await removeSchedule(schedulerOf(deps), definition.name, name);
      return c.json({ queue: definition.name, name }, 200);
    },
  );

  for (const [verb, enabled, summary] of [
    ['pause', false, 'It fires no more until it is resumed'],
    ['resume', true, 'It fires again; what it has missed is not made up for'],
  ] as const) {
    addRoute(
      app,
      {
        method: 'post',
        path: `/v1/queues/{queue}/schedules/{name}/${verb}`,
        operationId: `${verb}Schedule`,
        tags: ['schedules'],
        summary,
        request: { params: nameParam },
        responses: { 200: json(scheduleShape, 'the schedule'), ...problems(...COMMON, 'unknown_schedule') },
      },
      async (c) => {
        const { queue, name } = c.req.valid('param');
        const definition = await findQueue(deps, queue);
        const { enableSchedule } = await loadSchedules();
        const schedule = await enableSchedule(schedulerOf(deps), definition.name, name, enabled);
        return c.json(await view(schedule), 200);
      },
    );
  }
}

/** @throws MillraceError `not_supported` */
function schedulerOf({ ports }: ApiDeps): Scheduler {
  if (ports.scheduler) return ports.scheduler;
  throw new MillraceError('not_supported', 'This stack has no scheduler.', {
    hint: 'Deploy the stack again: a newer one has one.',
  });
}
