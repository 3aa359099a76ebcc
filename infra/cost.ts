import { heartbeatMs, type QueueDefinition } from '../src/core/queue-definition.ts';
import { PRICES } from './prices.ts';

/** Parts of a bill in USD, by what is paid for. */
export type Cost = Readonly<Record<string, number>>;

const HOURS_A_MONTH = 730;
const MINUTES_A_MONTH = HOURS_A_MONTH * 60;
const MIB_A_GB = 1024;

export function totalOf(cost: Cost): number {
  return Object.values(cost).reduce((sum, part) => sum + part, 0);
}

/** Lambda polls an idle event source by five connections, each for 20 s at a time. */
const IDLE_POLLS_A_MINUTE = 5 * (60 / 20);
const ALARMS_A_QUEUE = 3;
const ALARMS_OF_STACK = 3; // of two functions, and of firings that could not be delivered
/** A minute run of the launcher, estimated: seconds for itself and for each queue, its memory, what Lambda logs of it. */
const RUN = { seconds: 0.2, secondsAQueue: 0.1, memoryGb: 0.5, logGb: 500e-9 };
/** Of each queue, a run asks for: control and lock, workers, unsent chunks (read units); the counts (SQS). */
const RUN_A_QUEUE = { readUnits: 4, sqsRequests: 1 };
const IMAGE_GB = 0.1; // node:24-bookworm-slim and a worker, compressed

/** What a stack costs in a month in which nothing is enqueued. */
export function idleMonth(stack: {
  queues: number;
  dashboard: boolean;
  storedGb: number;
  logGb: number;
}): Cost {
  const { queues, dashboard, storedGb, logGb } = stack;
  const runSeconds = RUN.seconds + RUN.secondsAQueue * queues;
  return {
    'polls of the dead-letter event sources':
      MINUTES_A_MONTH * IDLE_POLLS_A_MINUTE * queues * PRICES.sqsRequest,
    'launcher, every minute':
      MINUTES_A_MONTH *
      (PRICES.lambdaRequest +
        runSeconds * RUN.memoryGb * PRICES.lambdaGbSecond +
        queues *
          (RUN_A_QUEUE.readUnits * PRICES.dynamoReadUnit + RUN_A_QUEUE.sqsRequests * PRICES.sqsRequest) +
        RUN.logGb * PRICES.logGbIngested),
    alarms: (ALARMS_A_QUEUE * queues + ALARMS_OF_STACK) * PRICES.alarmMonth,
    dashboard: dashboard ? PRICES.dashboardMonth : 0,
    'rows that are kept': storedGb * PRICES.dynamoGbMonth,
    'point-in-time recovery of them': storedGb * PRICES.dynamoPitrGbMonth,
    'logs that are kept': logGb * PRICES.logGbMonth,
    'worker image': IMAGE_GB * PRICES.imageGbMonth,
  };
}

/** Of a task of a batch, loaded in chunks of 1,000: what docs/architecture.md budgets. */
const A_TASK = { writeUnits: 3.3, sqsRequests: 0.35, logGb: 300e-9, storedGb: 900e-9 };
/** Loading a chunk of 1,000 tasks: a request, and a second of the API function (1 GB). */
const A_CHUNK = { tasks: 1000, lambdaSeconds: 1, lambdaGb: 1 };
/** Claiming, starting and ending beside the program itself, estimated for a quarter of a vCPU. */
const OVERHEAD_SECONDS = 0.05;
/** A worker looks at its queue's row every 2 s, and reports itself as often at most: when its tasks change. */
const LOOKS_AN_HOUR = 1800;
/** Beats come a quarter early, so that one may be late. */
const BEAT_SHARE = 0.75;
const BATCH = 10;

export interface Load {
  readonly tasks: number;
  readonly secondsEach: number;
  readonly definition: Pick<QueueDefinition, 'cpu' | 'memoryMiB' | 'leaseSeconds' | 'spotShare'>;
  readonly slots: number;
}

/** What it costs to load tasks and run them, on workers that are busy in every slot, and to keep their rows a month. */
export function costOfLoad({ tasks, secondsEach, definition, slots }: Load): Cost {
  const heartbeatSeconds = heartbeatMs(definition) / 1000;
  const beatSeconds = heartbeatSeconds * BEAT_SHARE;
  const beats = Math.max(0, Math.ceil(secondsEach / beatSeconds) - 1);
  const sqs = A_TASK.sqsRequests + beats / Math.min(slots, BATCH);
  const hours = (tasks * (secondsEach + OVERHEAD_SECONDS)) / slots / 3600;
  const reports = Math.min(LOOKS_AN_HOUR, (slots * 3600) / secondsEach + 3600 / heartbeatSeconds);
  const chunk =
    PRICES.apiRequest +
    PRICES.lambdaRequest +
    A_CHUNK.lambdaSeconds * A_CHUNK.lambdaGb * PRICES.lambdaGbSecond;
  return {
    'SQS requests': tasks * sqs * PRICES.sqsRequest,
    'DynamoDB writes':
      tasks * (A_TASK.writeUnits + beats) * PRICES.dynamoWriteUnit + hours * reports * PRICES.dynamoWriteUnit,
    'DynamoDB reads': hours * LOOKS_AN_HOUR * PRICES.dynamoReadUnit,
    'API and its function': (tasks / A_CHUNK.tasks) * chunk,
    'Fargate workers': hours * workerHour(definition),
    'their public addresses': hours * PRICES.publicIpv4Hour,
    'log lines': tasks * A_TASK.logGb * (PRICES.logGbIngested + PRICES.logGbMonth),
    'rows kept for a month': tasks * A_TASK.storedGb * (PRICES.dynamoGbMonth + PRICES.dynamoPitrGbMonth),
  };
}

function workerHour({ cpu, memoryMiB, spotShare }: Load['definition']): number {
  const onDemand = (cpu / 1024) * PRICES.fargateVcpuHour + (memoryMiB / MIB_A_GB) * PRICES.fargateGbHour;
  return onDemand * (1 - spotShare + spotShare * PRICES.fargateSpotFactor);
}

/** Of a task of a schedule or a long delay: like a single one, without the API's work but for the making. */
const A_FIRING = { sqsRequests: 1.25, writeUnits: 3, logGb: 300e-9, storedGb: 900e-9 };

/** What it costs to send a million firings and record their tasks, beside the workers that run them. */
export function costOfFirings(firings: number): Cost {
  return {
    'EventBridge Scheduler': firings * PRICES.schedulerInvocation,
    'SQS requests': firings * A_FIRING.sqsRequests * PRICES.sqsRequest,
    'DynamoDB writes': firings * A_FIRING.writeUnits * PRICES.dynamoWriteUnit,
    'log lines': firings * A_FIRING.logGb * (PRICES.logGbIngested + PRICES.logGbMonth),
    'rows kept for a month': firings * A_FIRING.storedGb * (PRICES.dynamoGbMonth + PRICES.dynamoPitrGbMonth),
  };
}
