import { describe, expect, it } from 'vitest';
import { firingId } from '../../src/core/envelope.ts';
import type { OutgoingMessage } from '../../src/core/ports.ts';
import type { Schedule } from '../../src/core/schedule.ts';
import type { TimerStore } from '../../src/core/timer.ts';
import { fireDue } from '../../src/local/fire-due.ts';
import { makeTimerScheduler } from '../../src/local/timer-scheduler.ts';
import { FaultPlan, interceptPorts } from '../fakes/intercept-ports.ts';
import { makeMemoryPorts, START } from '../fakes/memory-ports.ts';
import { makeMemoryTimers } from '../fakes/memory-timers.ts';

const MINUTE = 60_000;

function makeWorld() {
  const { ports: plain, state } = makeMemoryPorts();
  const faults = new FaultPlan();
  const ports = interceptPorts(plain, faults.intercept);
  const timers = makeMemoryTimers(state.timers);
  const scheduler = makeTimerScheduler(timers, ports.clock);
  const scheduleOf = (expression: string, more: Partial<Schedule> = {}): Schedule => ({
    ...{ queue: 'default', name: 'a', expression, timezone: 'UTC', enabled: true },
    ...{ task: { command: 'true' }, createdAt: state.now },
    ...more,
  });
  /** The times of the firings that were sent, in minutes from the start, repeated ones too. */
  const sent = () =>
    (state.messages.get('default') ?? []).map(({ body }: OutgoingMessage) => {
      const { at } = JSON.parse(body) as { at: string };
      return (Date.parse(at) - START) / MINUTE;
    });
  return { plain, ports, state, faults, timers, scheduler, scheduleOf, sent };
}

describe('fireDue', () => {
  it('fires a rate when it is made and in its rhythm, however late it looks', async () => {
    const { ports, state, timers, scheduler, scheduleOf, sent } = makeWorld();
    await scheduler.create(scheduleOf('rate(5 minutes)'));
    for (let second = 0; second <= 16 * 60; second += 7) {
      state.now = START + second * 1000;
      await fireDue(ports, timers);
    }
    expect(sent()).toEqual([0, 5, 10, 15]);
  });

  it('makes up for the latest of the firings that were missed, and goes on in the rhythm', async () => {
    const { ports, state, timers, scheduler, scheduleOf, sent } = makeWorld();
    await scheduler.create(scheduleOf('cron(0/10 * * * ? *)'));
    await scheduler.create(scheduleOf('rate(5 minutes)', { name: 'b', createdAt: START + 1 }));
    state.now = START + 3 * 24 * 60 * MINUTE + 34 * MINUTE;
    await fireDue(ports, timers);
    await fireDue(ports, timers);
    const days = 3 * 24 * 60;
    expect(sent().map(Math.floor).sort()).toEqual([days + 30, days + 30]);
    state.now += 7 * MINUTE;
    await fireDue(ports, timers);
    expect(sent().map(Math.floor).sort()).toEqual([days + 30, days + 30, days + 40, days + 40]);
  });

  it.each(['before', 'after'] as const)(
    'sends a firing again whose send was lost (%s it was carried out), with the same id',
    async (fault) => {
      const { plain, ports, state, faults, timers, scheduler, scheduleOf } = makeWorld();
      await scheduler.create(scheduleOf('rate(5 minutes)'));
      faults.plan('main.send', fault);
      expect([await fireDue(ports, timers), await fireDue(ports, timers)]).toEqual([0, 1]);
      const bodies = new Set((state.messages.get('default') ?? []).map(({ body }) => body));
      expect([...bodies]).toHaveLength(1);
      expect(await fireDue(plain, timers)).toBe(0);
    },
  );

  it.each(['put', 'remove'] as const)(
    'sends again what was killed before its %s, with the same id',
    async (step) => {
      const { ports, state, timers, scheduler, scheduleOf, sent } = makeWorld();
      await scheduler.create(scheduleOf(step === 'put' ? 'rate(5 minutes)' : 'at(2026-01-01T00:01:00)'));
      state.now += MINUTE;
      const dying: TimerStore = { ...timers, [step]: async () => Promise.reject(new Error('killed')) };
      await fireDue(ports, dying);
      await fireDue(ports, timers);
      await fireDue(ports, timers);
      expect(new Set(sent()).size).toBe(1);
      expect(sent()).toHaveLength(2);
    },
  );

  it('lets one that cannot be sent keep no other', async () => {
    const { ports, state, faults, timers, scheduler, scheduleOf } = makeWorld();
    await scheduler.create(scheduleOf('rate(1 minute)'));
    await scheduler.create(scheduleOf('rate(1 minute)', { name: 'b' }));
    faults.plan('main.send', 'before');
    expect(await fireDue(ports, timers)).toBe(1);
    expect(state.log.filter(({ level }) => level === 'warn')).toHaveLength(1);
  });

  it('forgets a schedule after its last time', async () => {
    const { ports, state, timers, scheduler, scheduleOf, sent } = makeWorld();
    await scheduler.create(scheduleOf('at(2026-01-01T00:02:00)'));
    await scheduler.create(scheduleOf('rate(1 minute)', { name: 'b', endAt: START + 2 * MINUTE }));
    for (let minute = 0; minute < 5; minute += 1) {
      state.now = START + minute * MINUTE;
      await fireDue(ports, timers);
    }
    expect(sent().sort()).toEqual([0, 1, 2, 2]);
    expect(state.timers.size).toBe(0);
  });

  it('passes over the time of a pause, and what was changed while it looked', async () => {
    const { ports, state, timers, scheduler, scheduleOf, sent } = makeWorld();
    const schedule = scheduleOf('rate(5 minutes)');
    await scheduler.create(schedule);
    await fireDue(ports, timers);
    await scheduler.replace({ ...schedule, enabled: false });
    state.now += 12 * MINUTE;
    expect(await fireDue(ports, timers)).toBe(0);
    await scheduler.replace(schedule);
    expect(await fireDue(ports, timers)).toBe(0);
    state.now += 3 * MINUTE;
    const removing: TimerStore = {
      ...timers,
      due: async (by, limit) => {
        const due = await timers.due(by, limit);
        await scheduler.remove('default', 'a');
        return due;
      },
    };
    expect(await fireDue(ports, removing)).toBe(0);
    expect(sent()).toEqual([0]);
  });

  it('names its tasks by queue, schedule and time', async () => {
    const { ports, state, timers, scheduler, scheduleOf } = makeWorld();
    await scheduler.create(scheduleOf('rate(5 minutes)'));
    await scheduler.create(scheduleOf('rate(5 minutes)', { name: 'b' }));
    await fireDue(ports, timers);
    const keys = (state.messages.get('default') ?? []).map(
      ({ body }) => (JSON.parse(body) as { schedule: string }).schedule,
    );
    expect(new Set(keys.map((key) => firingId(key, START))).size).toBe(2);
  });
});
